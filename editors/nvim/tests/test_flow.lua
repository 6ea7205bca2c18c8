-- The main job in a real Neovim with the real server: ask, keep typing, read.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = {
  "local function sum(list)",
  "  local total = 0",
  "  for _, value in ipairs(list) do",
  "    total = total + value",
  "  end",
  "  return total",
  "end",
}

local function open(name, lines)
  local path = harness.file(name or "sum.lua", lines or LINES)
  local child = harness.neovim({ args = { path } })
  child.wait_ready()
  return child, path
end

local function window_count(child)
  return #child.api.nvim_list_wins()
end

local function buffer_text(child)
  return table.concat(child.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

T["submit from a range, type above it while it runs: the mark moves with the code"] = function()
  harness.script({ match = "why a loop", answer = "Because a list has many values.", gate = true })
  local child = open()
  child.cmd("3,5Backchat submit why a loop")
  child.wait_mark("running")
  equal(child.mark("running").line, 3)

  child.type_keys("gg", "O", "local one<CR>local two", "<Esc>")
  equal(child.mark("running").line, 5)
  harness.release("why a loop")

  local mark = child.wait_mark("📬")
  equal(mark.line, 5)
  equal(child.below()[1], "  │ Because a list has many values.")
  -- The lines of the answer are below the last line that was asked about.
  local below = vim.tbl_filter(function(found)
    return #found.lines > 0
  end, child.marks())
  equal(below[1].line, 7)
  -- Nothing was moved and nothing was written.
  equal(child.api.nvim_win_get_cursor(0), { 2, 8 })
  equal(buffer_text(child), "local one\nlocal two\n" .. table.concat(LINES, "\n"))
  equal(window_count(child), 1)
  -- The server knows the same place.
  local anchor = child.lua([[
    local result
    require("backchat.client").request("backchat/requests",
      { textDocument = { uri = vim.uri_from_bufnr(0) } },
      function(_, value) result = value end, vim.api.nvim_get_current_buf())
    vim.wait(10000, function() return result end, 10)
    return result.requests[1].anchor
  ]])
  equal({ anchor.range.start.line, anchor.range["end"].line }, { 4, 6 })
end

T["read opens the answer whole, takes it, and q closes it"] = function()
  harness.script({ match = "explain", answer = "First.\n\n```lua\nreturn 1\n```\n\nLast." })
  local child = open()
  child.cmd("6Backchat submit explain")
  child.wait_mark("📬")
  child.api.nvim_win_set_cursor(0, { 6, 0 })
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(buffer_text(child), "First.\n\n```lua\nreturn 1\n```\n\nLast.")
  equal(child.bo.modifiable, false)
  child.wait_for('(require("backchat").counts() or {}).unread == 0')

  child.type_keys("gy")
  equal(child.fn.getreg('"'), "return 1\n")
  child.type_keys("]]")
  equal(child.api.nvim_win_get_cursor(0)[1], 4)
  child.type_keys("q")
  equal(window_count(child), 1)
  equal(child.wait_mark("✓").line, 6)
  equal(child.below(), {})
  -- It can be read again.
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
end

T["a reply continues the session in the reader, and streams there"] = function()
  harness.script({ match = "first question", answer = "First answer." })
  harness.script({ match = "second question", answer = "Second answer, in words.", gate = 2 })
  local child = open()
  child.cmd("2Backchat submit first question")
  child.wait_mark("📬")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  child.type_keys("r", "second question", "<CR>")
  child.wait_for([[vim.api.nvim_buf_get_lines(0, 0, -1, false)[5] == "> second question"]])
  child.wait_for(
    [[(vim.api.nvim_buf_get_lines(0, 6, 7, false)[1] or ""):find("Second answer", 1, true)]]
  )
  harness.release("second question")
  child.wait_for([[vim.api.nvim_buf_get_lines(0, -2, -1, false)[1] == "Second answer, in words."]])
  -- It was watched: it is read.
  child.wait_for('(require("backchat").counts() or {}).unread == 0')
  -- The model was told what was said before.
  local asked = harness.asked()
  local said = vim.json.encode(asked[#asked].messages)
  equal(said:find("First answer.", 1, true) ~= nil, true)
end

T["reading clears 📬 in a second Neovim on the same file"] = function()
  harness.script({ match = "for both", answer = "Yes." })
  local first, path = open()
  local second = harness.neovim({ args = { path } })
  second.wait_ready()
  first.cmd("1Backchat submit for both")
  first.wait_mark("📬")
  second.wait_mark("📬")
  second.wait_for('require("backchat").status() == "📬 1"')

  first.cmd("Backchat read")
  first.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  second.wait_mark("✓")
  second.wait_for('require("backchat").status() == ""')
  equal(second.below(), {})
end

T["cancel closes the connection, retry asks again"] = function()
  harness.script({ match = "stop me", answer = "Some words and more words.", gate = 2 })
  local child = open()
  child.cmd("4Backchat submit stop me")
  child.wait_mark("running")
  harness.wait("the model says the first words", function()
    return vim.iter(harness.asked()):any(function(request)
      return request.state == "streaming"
    end)
  end)
  child.cmd("4")
  child.cmd("Backchat cancel")
  child.wait_mark("cancelled")
  harness.wait("the connection is closed", function()
    return vim.iter(harness.asked()):any(function(request)
      return request.state == "closed"
    end)
  end)
  harness.release("stop me")
  child.cmd("Backchat retry")
  child.wait_mark("📬")
  equal(child.below()[1], "    │ Some words and more words.")
end

T["a failure says what and how to go on, and dismiss takes it away"] = function()
  harness.script({ match = "fail", status = 401, message = "no such key" })
  local child = open()
  child.cmd("2Backchat submit fail please")
  child.wait_mark("failed")
  local below = table.concat(child.below(), " ")
  MiniTest.expect.equality({ below, below:find("127.0.0.1", 1, true) ~= nil }, { below, true })
  equal({ below, below:find(":Backchat retry", 1, true) ~= nil }, { below, true })
  child.cmd("2")
  child.cmd("Backchat dismiss")
  harness.wait("the mark is gone", function()
    return #child.marks() == 0
  end)
end

T["a rate limit is shown as held, with until when, and then it goes on"] = function()
  harness.script({ match = "limited", answer = "After the limit." })
  harness.script({ match = "limited", status = 429, headers = { ["retry-after"] = "3" }, times = 1 })
  local child = open()
  child.cmd("2Backchat submit limited")
  local held = child.wait_mark("held")
  equal({ held.sign, held.eol:find("until %d%d:%d%d") ~= nil }, { "‖", true })
  child.wait_mark("📬")
  equal(child.below()[1], "  │ After the limit.")
end

T["a request with a secret is held until it is allowed"] = function()
  harness.configure('hold_secrets = "always"')
  harness.script({ match = "guarded", answer = "It was let through." })
  local child = open()
  -- Put together, so that no tool takes this file for a leak.
  local token = "ghp_" .. "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"
  child.cmd("2Backchat submit guarded " .. token)
  local held = child.wait_mark("held")
  equal({ held.sign, held.eol:find("GitHub token (the prompt)", 1, true) ~= nil }, { "‖", true })
  equal(vim.tbl_contains(child.below(), "  │ :Backchat allow · :Backchat cancel"), true)
  child.cmd("2")
  child.cmd("Backchat allow")
  child.wait_mark("📬")
  equal(child.below()[1], "  │ It was let through.")
end

T["a second Neovim catches up with what was streamed before it came"] = function()
  harness.script({ match = "watch", answer = "Words that are watched by two", gate = 3 })
  local first, path = open()
  first.cmd("2Backchat ask watch this")
  first.wait_mark("Words that are")
  local second = harness.neovim({ args = { path } })
  second.wait_mark("Words that are")
  harness.release("watch")
  second.wait_mark("📬")
  equal(second.below()[1], "  │ Words that are watched by two")
end

T["ask in front streams its last line at the code"] = function()
  harness.script({ match = "watch", answer = "Words that are watched", gate = 3 })
  local child = open()
  child.cmd("2Backchat ask watch this")
  child.wait_mark("Words that are")
  equal(child.mark("Words that are").line, 2)
  harness.release("watch")
  child.wait_mark("📬")
end

T["questions that are asked at once are answered in their order"] = function()
  local child = open()
  for number = 1, 7 do
    child.cmd(("%dBackchat submit question %d"):format(number, number))
  end
  child.wait_for('(require("backchat").counts() or {}).unread == 7')
  local told = {}
  for _, request in ipairs(harness.asked()) do
    table.insert(told, tonumber(request.prompt:match("question (%d)")))
  end
  equal(told, { 1, 2, 3, 4, 5, 6, 7 })
  -- The count of what is unread may come a moment before the last response.
  harness.wait("every answer is marked", function()
    return #child.marks() == 14
  end)
end

T["without a prompt it is asked for, and an empty one submits nothing"] = function()
  local child = open()
  child.lua([[vim.ui.input = function(options, callback)
    _G.question = options.prompt
    callback(_G.typed)
  end]])
  child.cmd("2Backchat submit")
  equal(child.lua_get("_G.question"), "Ask in the background: ")
  equal(child.marks(), {})
  child.lua('_G.typed = "typed later"')
  child.cmd("2Backchat submit")
  child.wait_mark("typed later")
  equal(child.wait_mark("📬").line, 2)
end

T["what is typed while the prompt is asked for moves what it is about"] = function()
  local child = open()
  child.lua("vim.ui.input = function(_, callback) _G.answer = callback end")
  child.cmd("2Backchat submit")
  child.api.nvim_buf_set_lines(0, 0, 0, false, { "typed", "meanwhile" })
  child.lua('_G.answer("typed later")')
  equal(child.wait_mark("📬 typed later").line, 4)

  child.cmd("3Backchat submit")
  child.cmd("3delete")
  child.lua('_G.answer("about nothing")')
  equal(#child.messages("was deleted while the prompt was typed"), 1)
  equal(#child.lua_get('require("backchat.requests").list()'), 1)
end

T["a characterwise selection is asked about exactly"] = function()
  local child = open()
  child.type_keys("4G^wv$h", ":", "Backchat submit what is this<CR>")
  child.wait_mark("📬")
  local range = child.lua([[
    local request = require("backchat.requests").list()[1]
    return require("backchat.positions").to_selection(0, request.anchor.range,
      require("backchat.client").encoding())
  ]])
  equal(range.start_row, 3)
  equal(LINES[4]:sub(range.start_col + 1, range.end_col), "= total + value")
end

T["the <Plug> mappings: visual mode, and a motion that . repeats"] = function()
  local child = open()
  child.lua([[
    vim.ui.input = function(_, callback) callback("mapped") end
    vim.keymap.set("x", "ga", "<Plug>(backchat-submit)")
    vim.keymap.set("n", "ga", "<Plug>(backchat-submit-motion)")
  ]])
  child.type_keys("2GVj", "ga")
  harness.wait("the first is answered", function()
    local marks = child.marks()
    return #marks >= 1 and marks[1].line == 2 and marks[1].eol:find("📬")
  end)
  equal(child.fn.mode(), "n")
  child.lua([[vim.ui.input = function() error("asked again") end]])
  child.lua([[vim.ui.input = function(_, callback) callback("by motion") end]])
  child.type_keys("5G", "gaj")
  child.wait_mark("by motion")
  child.lua([[vim.ui.input = function() error("asked again") end]])
  child.type_keys("1G", ".")
  harness.wait("the repeated one is there", function()
    return vim.iter(child.marks()):any(function(mark)
      return mark.line == 1 and mark.eol:find("by motion", 1, true)
    end)
  end)
end

T["the whole buffer is answered at its top"] = function()
  local child = open()
  child.cmd("Backchat submit about all of it")
  equal(child.wait_mark("📬").line, 1)
  equal(child.marks()[2] and child.marks()[2].line or child.marks()[1].line, 1)
end

T["next and prev go from mark to mark, around the end"] = function()
  local child = open()
  child.cmd("2Backchat submit first")
  child.cmd("6Backchat submit second")
  child.wait_mark("📬 first")
  child.wait_mark("📬 second")
  local function row()
    return child.api.nvim_win_get_cursor(0)[1]
  end
  equal(row(), 1)
  child.cmd("Backchat next")
  equal(row(), 2)
  child.cmd("Backchat next")
  equal(row(), 6)
  child.cmd("Backchat next")
  equal(row(), 2)
  child.cmd("Backchat prev")
  equal(row(), 6)
end

T["what a model says is never run and never hides"] = function()
  harness.script({
    match = "attack",
    answer = "\27]0;title\7 vim: set modifiable: \226\128\174gnirts",
  })
  local child = open()
  child.cmd("1Backchat submit attack")
  child.wait_mark("📬")
  equal(child.below()[1], "│ ␛]0;title␇ vim: set modifiable: <U+202E>gnirts")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(buffer_text(child), "␛]0;title␇ vim: set modifiable: <U+202E>gnirts")
  equal(child.bo.modifiable, false)
end

return T
