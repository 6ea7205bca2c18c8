-- What a model says, on its way to the screen; positions; code blocks.

local T = MiniTest.new_set()
local equal = MiniTest.expect.equality

T["control characters are shown, not sent"] = function()
  local visible = require("backchat.visible")
  equal(visible.line("a\27[31mb\7\127"), "a␛[31mb␇␡")
  equal(visible.line("x\194\155y"), "x<U+009B>y")
  equal(
    visible.line("a\226\128\174b\226\129\166c\226\128\139d\239\187\191"),
    "a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>"
  )
  equal(
    visible.line("tab\tstays, as do é 📬 👩‍💻"),
    "tab\tstays, as do é 📬 👩‍💻"
  )
  equal(visible.lines("one\r\ntwo\rthree\n"), { "one", "two", "three", "" })
  equal(visible.single(" a \n\t b\0 "), "a b␀")
end

T["lines are wrapped at blanks and within a width"] = function()
  local visible = require("backchat.visible")
  equal(visible.wrap("one two three four", 9), { "one two", "three", "four" })
  equal(
    visible.wrap("    indented text that goes on", 16),
    { "    indented", "    text that", "    goes on" }
  )
  equal(visible.wrap("a" .. ("b"):rep(19), 8), { "abbbbbbb", "bbbbbbbb", "bbbb" })
  equal(visible.wrap("漢字漢字漢字", 8), { "漢字漢字", "漢字" })
  for _, line in ipairs(visible.wrap(("📬 mixed 漢字 text "):rep(20), 23)) do
    equal(vim.fn.strdisplaywidth(line) <= 23, true)
  end
end

T["a line is cut with an ellipsis"] = function()
  local visible = require("backchat.visible")
  equal(visible.cut("short", 8), "short")
  equal(visible.cut("much too long", 8), "much to…")
  equal(visible.cut("漢字漢字漢字", 6), "漢字…")
end

T["positions in each encoding"] = function()
  local positions = require("backchat.positions")
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, { "é📬x", "second" })
  local selection = { start_row = 0, start_col = 2, end_row = 0, end_col = 6 }
  for encoding, columns in pairs({
    ["utf-8"] = { 2, 6 },
    ["utf-16"] = { 1, 3 },
    ["utf-32"] = { 1, 2 },
  }) do
    local range = positions.to_range(bufnr, selection, encoding)
    equal(
      { encoding, range.start.character, range["end"].character },
      { encoding, columns[1], columns[2] }
    )
    equal(positions.to_selection(bufnr, range, encoding), selection)
  end
  -- A range past the end is cut to what there is.
  local past = { start = { line = 1, character = 99 }, ["end"] = { line = 9, character = 9 } }
  equal(
    positions.to_selection(bufnr, past, "utf-16"),
    { start_row = 1, start_col = 6, end_row = 1, end_col = 6 }
  )
  vim.api.nvim_buf_delete(bufnr, { force = true })
end

T["code blocks are found, an open one too"] = function()
  local markdown = require("backchat.markdown")
  local blocks = markdown.code_blocks({
    "text `a` and ```inline``` code",
    "```lua",
    "local a = 1",
    "~~~",
    "```",
    "  ~~~~",
    "  inner",
    "  ```",
    "  ~~~~",
    "```",
    "not closed",
  })
  equal(
    vim.tbl_map(function(block)
      return block.lines
    end, blocks),
    { { "local a = 1", "~~~" }, { "inner", "```" }, { "not closed" } }
  )
end

T["deltas make a text, whatever order they were heard in"] = function()
  local streams = require("backchat.streams")
  local function delta(seq, text, attempt)
    streams.append({ requestId = "r", attempt = attempt or 1, seq = seq, text = text })
  end
  delta(0, "one ")
  delta(1, "two ")
  delta(1, "two ")
  equal(streams.text(streams.get("r")), "one two ")
  -- A new attempt begins anew; what is late of the old one is not heard.
  delta(0, "again ", 2)
  delta(2, "three", 1)
  equal(streams.text(streams.get("r")), "again ")
  streams.forget("r")
  -- The beginning was missed: what was read closes the gap, later deltas stay behind it.
  delta(4, "five ")
  delta(5, "six ")
  equal(streams.get("r").complete, false)
  streams.load("r", { text = "a b c d ", attempt = 1, nextSeq = 4, partial = true })
  equal(streams.text(streams.get("r")), "a b c d five six ")
  equal(streams.get("r").complete, true)
  delta(6, "seven")
  equal(streams.text(streams.get("r")), "a b c d five six seven")
  streams.forget("r")
end

return T
