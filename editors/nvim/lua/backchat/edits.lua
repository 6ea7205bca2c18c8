-- Puts edits of the server into a buffer, exactly. For the server the text of a buffer ends with a
-- line break when 'endofline' is set, and what comes behind that break is a place; Neovim has no
-- line there, and its own vim.lsp.util.apply_text_edits() leaves an empty one.

local positions = require("backchat.positions")

local M = {}

--- The lines of an edit's text as the buffer has them.
---@param bufnr integer
---@param text string
---@return string[]
local function lines_of(bufnr, text)
  if vim.bo[bufnr].fileformat == "dos" then
    text = text:gsub("\r\n", "\n")
  end
  return vim.split(text, "\n", { plain = true })
end

---@param bufnr integer
---@param edit lsp.TextEdit
---@param encoding string
local function put(bufnr, edit, encoding)
  local lines = lines_of(bufnr, edit.newText)
  local count = vim.api.nvim_buf_line_count(bufnr)
  local place = positions.to_selection(bufnr, edit.range, encoding)
  local first = edit.range.start
  if edit.range["end"].line >= count then
    -- The break of the last line is an option here, and no text.
    if lines[#lines] == "" then
      table.remove(lines)
    end
    if first.line >= count or first.character == 0 then
      local row = math.min(first.line, count)
      return vim.api.nvim_buf_set_lines(bufnr, row, count, true, lines)
    end
    lines = #lines > 0 and lines or { "" }
  end
  vim.api.nvim_buf_set_text(
    bufnr,
    place.start_row,
    place.start_col,
    place.end_row,
    place.end_col,
    lines
  )
end

--- Applies edits that are disjoint and in order. Marks of the user stay.
---@param bufnr integer
---@param edits lsp.TextEdit[]
---@param encoding string
function M.apply(bufnr, edits, encoding)
  local marks = vim.tbl_filter(function(mark)
    return mark.mark:match("^'[a-z]$") ~= nil
  end, vim.fn.getmarklist(bufnr))
  for index = #edits, 1, -1 do
    put(bufnr, edits[index], encoding)
  end
  local count = vim.api.nvim_buf_line_count(bufnr)
  for _, mark in ipairs(marks) do
    local name, row, col = mark.mark:sub(2), mark.pos[2], mark.pos[3] - 1
    -- Those of lines that were replaced are gone; the others have moved with their lines.
    if vim.api.nvim_buf_get_mark(bufnr, name)[1] == 0 then
      vim.api.nvim_buf_set_mark(bufnr, name, math.min(row, count), math.max(col, 0), {})
    end
  end
end

return M
