-- What a command is about: the lines of its range, the exact text of a visual selection or of a
-- motion. nil means the whole buffer.

local M = {}

---@param bufnr integer
---@param row integer
---@return string
local function line_at(bufnr, row)
  return vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ""
end

--- Whole lines, without the line break after the last one.
---@param bufnr integer
---@param first integer 0-based
---@param last integer 0-based, inclusive
---@return backchat.Selection
function M.lines(bufnr, first, last)
  last = math.min(last, vim.api.nvim_buf_line_count(bufnr) - 1)
  return {
    start_row = first,
    start_col = 0,
    end_row = last,
    end_col = #line_at(bufnr, last),
  }
end

--- Text between two positions as getpos() gives them, the last character included.
---@param bufnr integer
---@param from integer[]
---@param to integer[]
---@return backchat.Selection
local function characters(bufnr, from, to)
  if from[2] > to[2] or (from[2] == to[2] and from[3] > to[3]) then
    from, to = to, from
  end
  local last_line = line_at(bufnr, to[2] - 1)
  local start_col = math.min(from[3] - 1, #line_at(bufnr, from[2] - 1))
  local end_col = math.min(to[3] - 1, #last_line)
  if end_col < #last_line then
    -- To the end of the character, however many bytes it has.
    local char = vim.fn.strpart(last_line, end_col, 1, true)
    end_col = end_col + #char
  end
  return {
    start_row = from[2] - 1,
    start_col = start_col,
    end_row = to[2] - 1,
    end_col = end_col,
  }
end

--- The range of an Ex command. `'<,'>` after a characterwise selection is that text exactly.
---@param command { range: integer, line1: integer, line2: integer }
---@return backchat.Selection?
function M.of_command(command)
  if command.range == 0 then
    return nil
  end
  local from, to = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  if
    command.range == 2
    and vim.fn.visualmode() == "v"
    and command.line1 == from[2]
    and command.line2 == to[2]
    and vim.fn.histget("cmd", -1):find("'<,'>", 1, true)
  then
    return characters(0, from, to)
  end
  return M.lines(0, command.line1 - 1, command.line2 - 1)
end

--- The selection that is being made in visual mode, or nil in another mode. A block counts as
--- its lines.
---@return backchat.Selection?
function M.of_visual_mode()
  local mode = vim.fn.mode()
  local from, to = vim.fn.getpos("v"), vim.fn.getpos(".")
  if mode == "v" then
    return characters(0, from, to)
  elseif mode == "V" or mode == "\22" then
    return M.lines(0, math.min(from[2], to[2]) - 1, math.max(from[2], to[2]) - 1)
  end
end

--- The text that a motion of the operator went over.
---@param kind "line"|"char"|"block"
---@return backchat.Selection
function M.of_motion(kind)
  local from, to = vim.fn.getpos("'["), vim.fn.getpos("']")
  if kind == "char" then
    return characters(0, from, to)
  end
  return M.lines(0, from[2] - 1, to[2] - 1)
end

return M
