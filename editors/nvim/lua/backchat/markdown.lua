-- Buffers that show markdown: highlighted, never changed by hand, their code blocks within reach.

local notify = require("backchat.notify")

local M = {}

--- Neovim 0.10 parses all of a Markdown text anew for each change of it. Its highlighting by regular
--- expressions, which is taken there, still costs several milliseconds a redraw.
local PARSES_CHANGES = vim.fn.has("nvim-0.11") == 1

--- Makes a buffer one that shows markdown. Its file type is not markdown, so that no other plugin
--- takes a model's words for a document of the user's.
---@param bufnr integer
function M.prepare(bufnr)
  vim.b[bufnr].backchat_own = true
  vim.bo[bufnr].buftype = "nofile"
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].undolevels = -1
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = "backchat"
  if not PARSES_CHANGES or not pcall(vim.treesitter.start, bufnr, "markdown") then
    vim.bo[bufnr].syntax = "markdown"
  end
end

--- Says whether text is being appended to a buffer. Where highlighting costs more than a moment for each
--- change there is none meanwhile.
---@param bufnr integer
---@param streams boolean
function M.set_streaming(bufnr, streams)
  local syntax = streams and "" or "markdown"
  if not PARSES_CHANGES and vim.bo[bufnr].syntax ~= syntax then
    vim.bo[bufnr].syntax = syntax
  end
end

--- Sets the lines that differ, so that cursors and folds in the others stay.
---@param bufnr integer
---@param lines string[]
function M.set_lines(bufnr, lines)
  local old = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  local same = 0
  while same < #old and same < #lines and old[same + 1] == lines[same + 1] do
    same = same + 1
  end
  if same == #old and same == #lines then
    return
  end
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, same, -1, false, vim.list_slice(lines, same + 1))
  vim.bo[bufnr].modifiable = false
end

---@class backchat.CodeBlock
---@field first integer the row of its first line of code, 0-based
---@field last integer the row of its last line of code
---@field lines string[]

--- The fenced code blocks of a text. A fence that is never closed ends with the text.
---@param lines string[]
---@return backchat.CodeBlock[]
function M.code_blocks(lines)
  local blocks = {}
  local fence, indent, block
  for index, line in ipairs(lines) do
    if not fence then
      local blank, marks = line:match("^( *)([`~]+)")
      if
        marks
        and #marks >= 3
        and (marks:sub(1, 1) == "~" or not line:sub(#blank + #marks + 1):find("`"))
      then
        fence, indent = marks, #blank
        block = { first = index, last = index - 1, lines = {} }
      end
    else
      local marks = line:match("^ *([`~]+)%s*$")
      if marks and marks:sub(1, 1) == fence:sub(1, 1) and #marks >= #fence then
        table.insert(blocks, block)
        fence, block = nil, nil
      else
        block.last = index - 1
        table.insert(block.lines, (line:gsub("^" .. (" ?"):rep(indent), "")))
      end
    end
  end
  if block then
    table.insert(blocks, block)
  end
  return blocks
end

--- Yanks the code block at the cursor, else the next one, else the last one.
function M.yank_code()
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local blocks = M.code_blocks(vim.api.nvim_buf_get_lines(0, 0, -1, false))
  if #blocks == 0 then
    return notify.warn("there is no code block to yank")
  end
  local chosen = blocks[#blocks]
  for _, block in ipairs(blocks) do
    -- The fence below a block still belongs to it.
    if row <= block.last + 1 then
      chosen = block
      break
    end
  end
  vim.fn.setreg(vim.v.register, chosen.lines, "l")
  notify.info(("yanked %d line%s of code"):format(#chosen.lines, #chosen.lines == 1 and "" or "s"))
end

--- Moves the cursor to the next code block, or back to the one before.
---@param direction 1|-1
function M.hop(direction)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local target
  for _, block in ipairs(M.code_blocks(vim.api.nvim_buf_get_lines(0, 0, -1, false))) do
    if direction == 1 and block.first > row then
      target = target or block.first
    elseif direction == -1 and block.first < row then
      target = block.first
    end
  end
  if target then
    vim.api.nvim_win_set_cursor(0, { target + 1, 0 })
  end
end

return M
