-- Backchat's own windows are about a request: a command that is typed in the preview of a change or in
-- the reader means that request, not what is at the cursor of a buffer.

local M = {}

---@type table<integer, fun(): backchat.Request?>
local subjects = {}

--- Says what a buffer of Backchat's own is about.
---@param bufnr integer
---@param subject fun(): backchat.Request? the request that is meant, by where the cursor is
function M.set(bufnr, subject)
  subjects[bufnr] = subject
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = bufnr,
    once = true,
    callback = function()
      subjects[bufnr] = nil
    end,
  })
end

--- The request that the current buffer is about, when it is one of Backchat's own.
---@return backchat.Request?
function M.current()
  local subject = subjects[vim.api.nvim_get_current_buf()]
  return subject and subject()
end

--- Closes the floating window of Backchat's own that has the cursor, if it is in one: a buffer that is gone
--- to does not belong into it.
function M.leave()
  local is_float = vim.api.nvim_win_get_config(0).relative ~= ""
  if is_float and subjects[vim.api.nvim_get_current_buf()] then
    vim.api.nvim_win_close(0, true)
  end
end

return M
