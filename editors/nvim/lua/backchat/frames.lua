-- When what streams is drawn: at most ten times a second, everything that has more to show in one
-- go. What came between two frames costs one drawing, and drawing takes a small part of the time
-- however much streams at once, so that typing is never held up by it.

local M = {}

--- The least time between two frames, in milliseconds.
local INTERVAL = 100
--- A frame that took long is followed by a pause of so many times as long.
local SHARE = 10

---@type table<any, fun()>
local due = {}
local scheduled = false
--- When the next frame may be drawn, by the monotonic clock in milliseconds.
local next_at = 0

---@return number
local function now()
  return vim.uv.hrtime() / 1e6
end

local function draw()
  scheduled = false
  local draws = due
  due = {}
  local started = now()
  for _, run in pairs(draws) do
    local ok, problem = xpcall(run, debug.traceback)
    if not ok then
      vim.notify("Backchat: " .. problem, vim.log.levels.ERROR)
    end
  end
  local ended = now()
  next_at = ended + math.max(INTERVAL, SHARE * (ended - started))
end

--- Has something drawn with the next frame. Of what is asked for under the same key before that,
--- the last is drawn.
---@param key any
---@param run fun()
function M.request(key, run)
  due[key] = run
  if not scheduled then
    scheduled = true
    vim.defer_fn(draw, math.max(0, math.ceil(next_at - now())))
  end
end

--- Nothing is left to be drawn of what was asked for under this key.
---@param key any
function M.forget(key)
  due[key] = nil
end

return M
