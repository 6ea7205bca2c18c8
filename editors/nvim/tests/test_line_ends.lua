-- What ends a line in a buffer, and what the server takes for the end of one, in a real Neovim with the
-- real server: changes are made where they were meant, and nothing else is touched.

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

--- Asks for a change of the second function and waits until what it proposes is shown.
local function proposed(child)
  harness.script({ match = "double it", answer = ANSWER })
  child.cmd("5,7Backchat edit double it")
  return child.wait_mark("✎ +1 −1 clean")
end

--- The lines of a file in DOS format.
local function dos(lines)
  return vim.tbl_map(function(line)
    return line .. "\r"
  end, lines)
end

T["a change at the end of a DOS file leaves no empty line"] = function()
  local expected = vim.deepcopy(LINES)
  table.insert(expected, "-- the end")
  local answers = {
    appended = "```lua\nreturn { one, two }\n-- the end\n```",
    whole = "```lua\n" .. table.concat(expected, "\n") .. "\n```",
  }
  for number, case in ipairs({
    { answer = "appended", range = "9", apply = "apply" },
    { answer = "appended", range = "9", apply = "apply 1" },
    { answer = "whole", range = "%", apply = "apply" },
    { answer = "whole", range = "", apply = "apply 1" },
  }) do
    local child = open(dos(LINES), number .. ".lua")
    equal(child.bo.fileformat, "dos")
    local words = ("case %d"):format(number)
    harness.script({ match = words, answer = answers[case.answer] })
    child.cmd(case.range .. "Backchat edit " .. words)
    child.wait_mark("✎ +1 −0 clean")
    child.cmd("Backchat " .. case.apply)
    child.wait_for('vim.fn.getline("$") == "-- the end"')
    equal(text(child), expected)
    equal(child.bo.fileformat, "dos")
    child.cmd("undo")
    equal(text(child), LINES)
    child.stop()
  end
end

T["lines are taken from the end, and put there, without a last line break too"] = function()
  for _, format in ipairs({ "unix", "dos" }) do
    local name = format .. "-noeol.lua"
    local child = open(format == "dos" and dos(LINES) or LINES, name)
    child.cmd("set nofixendofline noeol | write | edit")
    equal({ child.bo.fileformat, child.bo.eol }, { format, false })
    local put = vim.list_slice(LINES, 1, 8)
    vim.list_extend(put, { "local all = { one, two }", "", "return all" })
    harness.script({
      match = "put " .. format,
      answer = "```lua\n" .. table.concat(put, "\n") .. "\n```",
    })
    child.cmd("%Backchat edit put " .. format)
    child.wait_mark("✎ +3 −1 clean")
    child.cmd("Backchat apply")
    child.wait_for('vim.fn.getline("$") == "return all"')
    equal(text(child), put)
    equal({ child.bo.fileformat, child.bo.eol }, { format, false })

    local taken = vim.list_slice(LINES, 1, 7)
    harness.script({
      match = "take " .. format,
      answer = "```lua\n" .. table.concat(taken, "\n") .. "\n```",
    })
    child.cmd("%Backchat edit take " .. format)
    child.wait_mark("✎ +1 −5 clean")
    child.cmd("Backchat apply")
    child.wait_for('vim.fn.getline("$") == "end"')
    equal(text(child), taken)
    child.cmd("bwipeout!")
  end
end

T["a CR within a line is a character of it, and what is changed is what was meant"] = function()
  local lines = { "alpha", "be\rta", "gamma", "delta", "epsilon" }
  local child = open(lines, "cr.lua")
  equal(text(child), lines)
  harness.script({ match = "the fourth", answer = "```\nDELTA\n```" })
  child.cmd("4Backchat edit the fourth")
  child.wait_mark("✎ +1 −1 clean")
  local sent = harness.asked()[1].prompt
  equal(sent:find("```lua\ndelta\n```", 1, true) ~= nil, true)
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(4) == "DELTA"')
  equal(text(child), { "alpha", "be\rta", "gamma", "DELTA", "epsilon" })
end

T["what is typed around CRs is known to the server as it is"] = function()
  local child = open({ "one", "t\rwo", "three", "end\r", "last" }, "typed.lua")
  child.type_keys("2G", "A", "x\r", "<Esc>", "4G", "A", "y", "<Esc>", "3G", "dd")
  child.api.nvim_buf_set_text(0, 0, 3, 0, 3, { "\r\r", "\r" })
  local typed = text(child)
  harness.script({ match = "shout", answer = "```\nLAST\n```" })
  child.cmd("$Backchat edit shout")
  child.wait_mark("✎ +1 −1 clean")
  equal(
    child.lua_get(
      "require('backchat.proposals').get(require('backchat.requests').list()[1].id).conflicts"
    ),
    0
  )
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline("$") == "LAST"')
  typed[#typed] = "LAST"
  equal(text(child), typed)
end

T["other characters that end lines elsewhere end none"] = function()
  local lines = { "a\u{2028}b", "c\u{b}d\u{c}e", "f\u{85}g", "h\u{2029}i", "last" }
  local child = open(lines, "separators.lua")
  harness.script({ match = "shout", answer = "```\nLAST\n```" })
  child.cmd("5Backchat edit shout")
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(5) == "LAST"')
  lines[5] = "LAST"
  equal(text(child), lines)
end

T["a file of a Mac is known as it is"] = function()
  local path = harness.file("mac.lua", { table.concat(LINES, "\r") })
  local child = harness.neovim({ args = { path } })
  child.wait_ready()
  child.cmd("edit ++ff=mac")
  equal({ child.bo.fileformat, text(child)[6] }, { "mac", "  return 2" })
  proposed(child)
  child.api.nvim_buf_set_lines(0, 0, 0, false, { "-- typed" })
  child.wait_mark("✎ +1 −1 moved")
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(7) == "  return 22"')
  equal(vim.list_slice(text(child), 2, 9), vim.list_slice(with({ [6] = "  return 22" }), 1, 8))
end

T["a buffer whose 'fileformat' changes is known with its new line breaks"] = function()
  for _, formats in ipairs({ { "unix", "dos" }, { "dos", "mac" }, { "mac", "unix" } }) do
    local name = table.concat(formats, "-") .. ".lua"
    local child = open(nil, name)
    for _, format in ipairs(formats) do
      child.cmd("set fileformat=" .. format)
    end
    proposed(child)
    child.api.nvim_buf_set_lines(0, 0, 0, false, { "-- typed" })
    child.wait_mark("✎ +1 −1 moved")
    child.cmd("Backchat apply")
    child.wait_for('vim.fn.getline(7) == "  return 22"')
    local expected = with({ [6] = "  return 22" })
    table.insert(expected, 1, "-- typed")
    equal(text(child), expected)
    equal(child.bo.fileformat, formats[2])
    child.stop()
  end
end

T["a server that has another text is told the right one before anything is applied"] = function()
  local child = open()
  proposed(child)
  -- Something between the two has lost a change.
  child.lua([[
    local uri = vim.uri_from_bufnr(0)
    local version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]
    require("backchat.client").notify("textDocument/didChange", {
      textDocument = { uri = uri, version = version },
      contentChanges = { { text = "-- another\n" .. table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n") .. "\n" } },
    })
  ]])
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(6) == "  return 22"')
  equal(text(child), with({ [6] = "  return 22" }))
end

T["a server that has lost the text is told it anew"] = function()
  local child = open()
  child.lua([[
    local version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]
    local position = { line = 99, character = 0 }
    require("backchat.client").notify("textDocument/didChange", {
      textDocument = { uri = vim.uri_from_bufnr(0), version = version },
      contentChanges = { { range = { start = position, ["end"] = position }, text = "x" } },
    })
    _G.lost = 0
    require("backchat.signals").on("lost", function() _G.lost = _G.lost + 1 end)
  ]])
  child.wait_for("_G.lost == 1")
  proposed(child)
  child.cmd("Backchat apply")
  child.wait_for('vim.fn.getline(6) == "  return 22"')
  equal(text(child), with({ [6] = "  return 22" }))
end

return T
