-- The state of the whole inbox, over all windows and editors, as the server told it last.

local notify = require("backchat.notify")
local signals = require("backchat.signals")

local M = {}

---@type backchat.Status?
local current

---@return backchat.Status?
function M.get()
  return current
end

---@param status backchat.Status
function M.set(status)
  local before = M.line()
  current = status
  notify.inbox_changed(status)
  signals.emit("status", status)
  if M.line() ~= before then
    vim.cmd.redrawstatus({ bang = true })
  end
end

--- An instant as people say it: the time, with the day when it is not today.
---@param instant integer milliseconds since the epoch
---@return string
function M.clock(instant)
  local seconds = math.floor(instant / 1000)
  local today = os.date("%Y-%m-%d") == os.date("%Y-%m-%d", seconds)
  return os.date(today and "%H:%M" or "%Y-%m-%d %H:%M", seconds) --[[@as string]]
end

---@param hold backchat.Hold
---@return string
function M.hold(hold)
  local reason = require("backchat.visible").single(hold.reason)
  return hold["until"] and ("%s, until %s"):format(reason, M.clock(hold["until"])) or reason
end

--- For a statusline: short, and empty when there is nothing to say.
---@return string
function M.line()
  if not current then
    return ""
  end
  local config = require("backchat.config")
  local parts = {}
  local function add(icon, count)
    if count > 0 then
      table.insert(parts, ("%s %d"):format(config.get("icons." .. icon), count))
    end
  end
  add("unread", current.unread)
  add("running", current.running)
  add("queued", current.queued)
  add("held", current.held)
  return table.concat(parts, " ")
end

--- The whole state in sentences, for `:Backchat status`.
---@return string[]
function M.describe()
  local client = require("backchat.client")
  local lines = {}
  if not current then
    table.insert(lines, "The server is " .. client.phase() .. ".")
    return lines
  end
  table.insert(
    lines,
    ("📬 %d unread, %d running, %d queued, %d held"):format(
      current.unread,
      current.running,
      current.queued,
      current.held
    )
  )
  if current.hold then
    table.insert(lines, "held: " .. M.hold(current.hold))
  end
  table.insert(lines, "model: " .. (current.model or "none"))
  if current.problem then
    table.insert(lines, "problem: " .. current.problem)
  end
  local found = require("backchat.binary").find()
  table.insert(
    lines,
    ("server: %s, version %s%s"):format(
      client.is_ready() and "running" or client.phase(),
      current.version,
      found and (", " .. found.path) or ""
    )
  )
  return lines
end

signals.on("connected", function()
  require("backchat.client").request("backchat/status", nil, function(problem, status)
    if not problem then
      M.set(status)
    end
  end)
end)

return M
