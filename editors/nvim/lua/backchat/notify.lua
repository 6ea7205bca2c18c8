-- Messages to the user, and the one toast: a single message when the queue drained while Neovim
-- had no focus, however many answers came.

local M = {}

--- Answers that come together are told together: the longest time between them, in milliseconds.
local SETTLE = 300

---@param message string
function M.info(message)
  vim.notify("Backchat: " .. message, vim.log.levels.INFO)
end

---@param message string
function M.warn(message)
  vim.notify("Backchat: " .. message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  vim.notify("Backchat: " .. message, vim.log.levels.ERROR)
end

local focused = true
local drained = false
local answered = 0
local settling = false

--- The window gained or lost the focus. Terminals that do not tell count as focused.
---@param has_focus boolean
function M.set_focus(has_focus)
  focused = has_focus
  if has_focus then
    answered = 0
  end
end

---@return boolean
function M.has_focus()
  return focused
end

--- Tells what came once nothing waits or runs any more. The last answer and the news that the
--- queue is empty come in either order, so both are given a moment.
local function toast_when_settled()
  if settling or answered == 0 or not drained then
    return
  end
  settling = true
  vim.defer_fn(function()
    settling = false
    if answered == 0 or not drained then
      return
    end
    local count = answered
    answered = 0
    if require("backchat.config").get("notify") then
      M.info(
        count == 1 and "📬 an answer is ready" or ("📬 %d answers are ready"):format(count)
      )
    end
  end, SETTLE)
end

--- A response came to a request that was submitted here.
function M.answer_came()
  if not focused then
    answered = answered + 1
    toast_when_settled()
  end
end

--- The inbox changed.
---@param status backchat.Status
function M.inbox_changed(status)
  drained = status.queued + status.running + status.held == 0
  toast_when_settled()
end

return M
