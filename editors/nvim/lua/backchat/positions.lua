-- LSP positions count bytes or UTF-16 units, as was negotiated; Neovim counts bytes. The
-- difference between Neovim's versions is kept here.

local M = {}

local modern = vim.fn.has("nvim-0.11") == 1

---@param line string
---@param unit integer
---@param encoding string
---@return integer byte
local function to_byte(line, unit, encoding)
  if encoding == "utf-8" then
    return math.min(unit, #line)
  end
  if modern then
    return vim.str_byteindex(line, encoding, unit, false)
  end
  local ok, byte = pcall(vim.str_byteindex, line, unit, encoding == "utf-16")
  return ok and byte or #line
end

---@param line string
---@param byte integer
---@param encoding string
---@return integer unit
local function to_unit(line, byte, encoding)
  byte = math.min(byte, #line)
  if encoding == "utf-8" then
    return byte
  end
  if modern then
    return vim.str_utfindex(line, encoding, byte, false)
  end
  local utf32, utf16 = vim.str_utfindex(line, byte)
  return encoding == "utf-16" and utf16 or utf32
end

---@param bufnr integer
---@param row integer
---@return string
local function line_at(bufnr, row)
  return vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ""
end

--- The piece of a buffer that an LSP range means, cut to what the buffer has.
---@param bufnr integer
---@param range lsp.Range
---@param encoding string
---@return backchat.Selection
function M.to_selection(bufnr, range, encoding)
  local last = vim.api.nvim_buf_line_count(bufnr) - 1
  ---@param position lsp.Position
  local function convert(position)
    if position.line > last then
      return last, #line_at(bufnr, last)
    end
    local line = line_at(bufnr, position.line)
    return position.line, to_byte(line, position.character, encoding)
  end
  local start_row, start_col = convert(range.start)
  local end_row, end_col = convert(range["end"])
  return { start_row = start_row, start_col = start_col, end_row = end_row, end_col = end_col }
end

--- The LSP range of a piece of a buffer.
---@param bufnr integer
---@param selection backchat.Selection
---@param encoding string
---@return lsp.Range
function M.to_range(bufnr, selection, encoding)
  ---@return lsp.Position
  local function convert(row, col)
    return { line = row, character = to_unit(line_at(bufnr, row), col, encoding) }
  end
  return {
    start = convert(selection.start_row, selection.start_col),
    ["end"] = convert(selection.end_row, selection.end_col),
  }
end

return M
