-- Proposed changes in a real Neovim with the real server: asked for, typed around, applied.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = {
  "local function one()",
  "  return 1",
  "end",
  "",
  "local function two()",
  "  return 2",
  "end",
  "",
  "return { one, two }",
}
local ANSWER = "Here it is:\n\n```lua\nlocal function two()\n  return 22\nend\n```\n"
--- Two places, far enough from each other to be two hunks.
local BLOCKS = table.concat({
  "<<<<<<< SEARCH",
  "  return 1",
  "=======",
  "  return 10",
  ">>>>>>> REPLACE",
  "",
  "<<<<<<< SEARCH",
  "  return 2",
  "=======",
  "  return 20",
  ">>>>>>> REPLACE",
  "",
}, "\n")

local function open(lines, name)
  local child = harness.neovim({ args = { harness.file(name or "pair.lua", lines or LINES) } })
  child.wait_ready()
  return child
end

local function text(child)
  return child.api.nvim_buf_get_lines(0, 0, -1, false)
end

--- The lines of the file, with others in place of some.
local function with(changes)
  local lines = vim.deepcopy(LINES)
  for row, line in pairs(changes) do
    lines[row] = line
  end
  return lines
end

local function wait_message(child, words)
  return harness.wait(("a message says %q"):format(words), function()
    return child.messages(words)[1]
  end).message
end

--- Asks for a change of the second function and waits until it runs.
local function asked(child, answer)
  harness.script({ match = "double it", answer = answer or ANSWER, gate = true })
  child.cmd("5,7Backchat edit double it")
  child.wait_mark("running")
end

--- Asks for a change and waits until what it proposes is shown.
local function proposed(child, answer, shown)
  asked(child, answer)
  harness.release("double it")
  return child.wait_mark(shown or "✎ +1 −1 clean · :Backchat apply")
end

T["a change is shown, applied at its place, and one undo takes it back"] = function()
  local child = open()
  local mark = proposed(child)
  equal({ mark.line, mark.sign }, { 5, "📬" })
  equal(text(child), LINES)

  child.type_keys("9G", "$")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(6) == "  return 22"')
  equal(text(child), with({ [6] = "  return 22" }))
  equal(child.api.nvim_win_get_cursor(0), { 9, #LINES[9] - 1 })
  equal(wait_message(child, "applied"), "Backchat: applied +1 −1 · pair.lua")
  -- It was shown: it is read, and there is nothing left to apply.
  child.wait_for('(require("backchat").counts() or {}).unread == 0')
  equal(child.wait_mark("✎ in the buffer").sign, "✓")
  child.cmd("Backchat apply")
  wait_message(child, "has the proposed change already")

  child.cmd("undo")
  equal(text(child), LINES)
  -- What was undone can be applied again.
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(6) == "  return 22"')
end

T["what is typed above and below while it runs stays, and the change moves"] = function()
  local child = open()
  asked(child)
  child.type_keys("gg", "O", "-- above", "<Esc>", "G", "o", "-- below", "<Esc>")
  local typed = text(child)
  harness.release("double it")
  child.wait_mark("✎ +1 −1 moved")
  local cursor = child.api.nvim_win_get_cursor(0)
  child.cmd("Backchat apply")
  wait_message(child, "applied +1 −1, moved with its code")
  local expected = vim.deepcopy(typed)
  expected[7] = "  return 22"
  equal(text(child), expected)
  equal(child.api.nvim_win_get_cursor(0), cursor)
  child.cmd("undo")
  equal(text(child), typed)
end

T["what is typed after it was shown is merged, also while it is applied"] = function()
  local child = open()
  proposed(child)
  child.lua([[
    vim.cmd("Backchat apply")
    vim.api.nvim_buf_set_lines(0, 0, 0, false, { "-- typed", "-- meanwhile" })
  ]])
  child.wait_for('vim.fn.getline(8) == "  return 22"')
  local expected = with({ [6] = "  return 22" })
  table.insert(expected, 1, "-- meanwhile")
  table.insert(expected, 1, "-- typed")
  equal(text(child), expected)
  -- Two changes, two steps.
  child.cmd("undo")
  equal({ child.fn.getline(1), child.fn.getline(8) }, { "-- typed", "  return 2" })
  child.wait_mark("✎ +1 −1 moved")
end

T["in Insert mode it is a step of its own, and typing goes on"] = function()
  local child = open()
  proposed(child)
  child.type_keys("gg", "O", "-- typed")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(7) == "  return 22"')
  equal(child.api.nvim_get_mode().mode, "i")
  child.type_keys(" on", "<Esc>")
  local applied = with({ [6] = "  return 22" })
  table.insert(applied, 1, "-- typed on")
  equal(text(child), applied)
  -- The change is taken back alone, then what was typed.
  child.cmd("undo")
  local typed = vim.deepcopy(LINES)
  table.insert(typed, 1, "-- typed on")
  equal(text(child), typed)
  child.cmd("undo")
  equal(text(child), LINES)
  child.cmd("redo | redo")
  equal(text(child), applied)
end

T["what was typed over is a conflict: nothing is applied, apply! writes markers"] = function()
  local child = open()
  asked(child)
  child.api.nvim_win_set_cursor(0, { 6, 0 })
  child.type_keys("A", "00", "<Esc>")
  local typed = with({ [6] = "  return 200" })
  equal(text(child), typed)
  harness.release("double it")
  child.wait_mark("✎ +0 −0 conflict: you typed over 1 place")

  child.cmd("Backchat apply")
  local message = wait_message(child, "1 conflict:")
  equal(message:find(":Backchat apply!", 1, true) ~= nil, true)
  equal(text(child), typed)

  child.cmd("Backchat apply!")
  wait_message(child, "marked 1 conflict")
  local marked = {}
  vim.list_extend(marked, vim.list_slice(LINES, 1, 5))
  vim.list_extend(
    marked,
    { "<<<<<<< yours", "  return 200", "=======", "  return 22", ">>>>>>> proposed" }
  )
  vim.list_extend(marked, vim.list_slice(LINES, 7))
  equal(text(child), marked)
  -- Not a second time into its own markers.
  child.cmd("Backchat apply!")
  wait_message(child, "conflict markers already")
  equal(text(child), marked)
  child.cmd("undo")
  equal(text(child), typed)
end

T["one hunk can be chosen"] = function()
  local child = open()
  harness.script({ match = "both places", answer = BLOCKS })
  child.cmd("Backchat edit both places")
  child.wait_mark("✎ +2 −2 clean")
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(vim.list_slice(text(child), 1, 2), {
    "# :Backchat apply 1 takes the hunk at line 2",
    "# :Backchat apply 2 takes the hunk at line 6",
  })
  child.type_keys("q")
  child.cmd("Backchat apply 3")
  wait_message(child, "there is no hunk 3; the proposal has 2 hunks")
  equal(text(child), LINES)
  child.cmd("Backchat apply 2")
  wait_message(child, "applied hunk 2 of 2")
  equal(text(child), with({ [6] = "  return 20" }))
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(2) == "  return 10"')
  child.cmd("Backchat apply x")
  wait_message(child, 'takes the number of a hunk, from 1, but was given "x"')
  child.cmd("Backchat apply! 1")
  wait_message(child, "apply! takes no hunk")
  child.cmd("Backchat read!")
  wait_message(child, ":Backchat read takes no !")
end

T["a buffer that may not be changed is not changed"] = function()
  local child = open()
  proposed(child)
  child.bo.readonly = true
  child.cmd("Backchat apply")
  wait_message(child, "'readonly'")
  child.bo.readonly = false
  child.bo.modifiable = false
  child.cmd("Backchat apply")
  wait_message(child, "not 'modifiable'")
  equal(text(child), LINES)
  equal(child.mark("✎").sign, "📬")
end

T["an answer without code says so and changes nothing"] = function()
  local child = open()
  proposed(child, "It is fine as it is.", "✎ no change: the response has no code")
  equal(child.below()[1], "│ It is fine as it is.")
  for _, command in ipairs({ "apply", "apply!", "diff", "preview" }) do
    child.lua("_G.notifications = {}")
    child.cmd("Backchat " .. command)
    wait_message(child, "has no code")
  end
  equal(text(child), LINES)
  equal(#child.api.nvim_list_wins(), 1)
end

T["a change at the end of the buffer leaves no empty line"] = function()
  local child = open()
  harness.script({
    match = "append",
    answer = "```lua\nreturn { one, two }\n-- the end\n```",
  })
  child.cmd("9Backchat edit append")
  child.wait_mark("✎ +1 −0 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline("$") == "-- the end"')
  local expected = vim.deepcopy(LINES)
  table.insert(expected, "-- the end")
  equal(text(child), expected)
  child.cmd("undo")
  equal(text(child), LINES)
end

T["line breaks of DOS stay, and so does a missing last one"] = function()
  for _, ending in ipairs({ "eol", "noeol" }) do
    local child = open(
      vim.tbl_map(function(line)
        return line .. "\r"
      end, LINES),
      ending .. ".lua"
    )
    equal(child.bo.fileformat, "dos")
    child.cmd("set nofixendofline " .. ending .. " | write | edit")
    harness.script({ match = "all of it " .. ending, answer = BLOCKS })
    child.cmd("Backchat edit all of it " .. ending)
    child.wait_mark("✎ +2 −2 clean")
    child.api.nvim_buf_set_lines(0, 1, 2, false, { "  return 3" })
    child.wait_mark("✎ +1 −1 conflict")
    child.cmd("Backchat apply!")
    wait_message(child, "applied +1 −1, and marked 1 conflict")
    local expected = { LINES[1], "<<<<<<< yours", "  return 3", "=======", "  return 10" }
    table.insert(expected, ">>>>>>> proposed")
    vim.list_extend(expected, vim.list_slice(with({ [6] = "  return 20" }), 3))
    equal(text(child), expected)
    equal({ child.bo.fileformat, child.bo.eol }, { "dos", ending == "eol" })
    child.cmd("bwipeout!")
  end
end

T["a buffer without a file can be changed, its lines not those of ASCII"] = function()
  local child = harness.neovim()
  child.api.nvim_buf_set_lines(0, 0, -1, false, { "📬 first", "é second", "third" })
  harness.script({ match = "louder", answer = "```\né SECOND 📬\n```" })
  child.cmd("2Backchat edit louder")
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(2) == "é SECOND 📬"')
  equal(text(child), { "📬 first", "é SECOND 📬", "third" })
end

T["the preview is a diff in a float, and changes nothing"] = function()
  local child = open()
  proposed(child)
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal({ child.bo.filetype, child.bo.modifiable }, { "diff", false })
  local shown = text(child)
  equal(vim.tbl_contains(shown, "-  return 2"), true)
  equal(vim.tbl_contains(shown, "+  return 22"), true)
  child.type_keys("q")
  equal(#child.api.nvim_list_wins(), 1)
  equal(text(child), LINES)
  equal(child.mark("✎").sign, "📬")
end

--- The commands in a text that offers some.
local function offered(words)
  local commands = {}
  for command in words:gmatch(":(Backchat [%a]+!?)") do
    table.insert(commands, command)
  end
  return commands
end

local function footer(child)
  local chunks = child.lua_get("vim.api.nvim_win_get_config(0).footer")
  return table.concat(vim.tbl_map(function(chunk)
    return chunk[1]
  end, chunks))
end

T["what the preview offers works in the preview"] = function()
  local child = open()
  proposed(child)
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(offered(footer(child)), { "Backchat apply" })
  child.cmd(offered(footer(child))[1])
  child.wait_for("vim.api.nvim_win_get_config(0).relative == ''")
  equal(text(child), with({ [6] = "  return 22" }))
  wait_message(child, "applied +1 −1 · pair.lua")
end

T["what the preview says of hunks works in the preview"] = function()
  local child = open()
  harness.script({ match = "both places", answer = BLOCKS })
  child.cmd("Backchat edit both places")
  child.wait_mark("✎ +2 −2 clean")
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  local command = text(child)[2]:match(":(Backchat apply %d)")
  child.cmd(command)
  wait_message(child, "applied hunk 2 of 2")
  equal(text(child), with({ [6] = "  return 20" }))
end

T["a conflict offers only what does something, in its mark and in the preview"] = function()
  local child = open()
  asked(child)
  child.api.nvim_buf_set_lines(0, 5, 6, false, { "  return 3" })
  local typed = text(child)
  harness.release("double it")
  local mark = child.wait_mark("conflict: you typed over 1 place")
  equal(offered(mark.eol), { "Backchat preview", "Backchat apply!" })
  child.cmd("6")
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(offered(footer(child)), { "Backchat apply!" })
  child.cmd("Backchat apply!")
  child.wait_for("vim.api.nvim_win_get_config(0).relative == ''")
  wait_message(child, "marked 1 conflict")
  equal(#text(child), #typed + 4)
  -- Between its own markers it offers no second time.
  mark = child.wait_mark("resolve the conflict markers")
  equal(offered(mark.eol), { "Backchat preview" })
  child.cmd("Backchat apply")
  wait_message(child, "conflict markers already")
end

T["after apply a mark does not say that its code has changed"] = function()
  local child = open()
  proposed(child)
  child.cmd("Backchat apply")
  child.wait_mark("✎ in the buffer")
  -- The server says that it has; the user knows why.
  child.wait_for('require("backchat.requests").list()[1].anchor.status == "changed"')
  equal(child.wait_mark("✎ in the buffer").eol, " ✓ ✎ in the buffer · double it")
end

T["the preview shows conflicts too"] = function()
  local child = open()
  asked(child)
  child.api.nvim_buf_set_lines(0, 5, 6, false, { "  return 3" })
  harness.release("double it")
  child.wait_mark("✎ +0 −0 conflict")
  child.cmd("Backchat preview")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(text(child), { "# conflict at line 6: yours stays; proposed there:", "#     return 22" })
end

T["diff compares the buffer with the merged text in a tab"] = function()
  local child = open()
  proposed(child)
  child.cmd("Backchat diff")
  child.wait_for("vim.fn.tabpagenr('$') == 2")
  equal(vim.fs.basename(child.api.nvim_buf_get_name(0)), "pair.lua")
  local windows = child.api.nvim_tabpage_list_wins(0)
  equal(#windows, 2)
  for _, window in ipairs(windows) do
    equal(child.lua_get("vim.wo[...].diff", { window }), true)
  end
  local merged = child.lua_get(
    "vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(...), 0, -1, false)",
    { windows[2] }
  )
  equal(merged, with({ [6] = "  return 22" }))
  equal(text(child), LINES)
  child.cmd("tabclose")
  equal(child.wo.diff, false)
end

T["the two sides of diff are in step, row by row"] = function()
  local child = open()
  proposed(child)
  equal(#child.below() > 0, true)
  child.cmd("Backchat diff")
  child.wait_for("vim.fn.tabpagenr('$') == 2")
  local rows = child.lua([[
    vim.cmd.redraw()
    return vim.tbl_map(function(window)
      local rows = {}
      for line = 1, vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(window)) do
        table.insert(rows, vim.fn.screenpos(window, line, 1).row)
      end
      return rows
    end, vim.api.nvim_tabpage_list_wins(0))
  ]])
  equal(#rows[1], #LINES)
  equal(rows[1], rows[2])
  child.cmd("tabclose")
  -- Lines below the code are drawn again where nothing is compared.
  harness.wait("the lines are back", function()
    return #child.below() > 0
  end)
end

T["a proposal is shown when its file is opened later"] = function()
  local child = open()
  proposed(child)
  child.cmd("enew | bwipeout! #")
  child.cmd("edit pair.lua")
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(6) == "  return 22"')
end

T["without a proposal apply says how to ask for one"] = function()
  local child = open()
  child.cmd("Backchat apply")
  wait_message(child, "no change is proposed in this buffer")
  equal(text(child), LINES)
end

return T
