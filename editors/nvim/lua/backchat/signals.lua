-- How the modules hear of each other: those that know something tell it here, those that draw it
-- listen. A listener that fails is reported and does not keep the others from hearing.

local M = {}

---@alias backchat.Signal
---| "request" a request changed: (request: backchat.Request, before: backchat.Request?)
---| "ready" a response is there: (request: backchat.Request, unread: integer)
---| "proposal" what a request proposes was told anew: (request_id: string)
---| "applied" what a request proposes, or a part of it, was applied: (request_id: string)
---| "stream" text of a response came: (request_id: string)
---| "status" the inbox changed: (status: backchat.Status)
---| "connected" a server is ready: ()
---| "lost" the server does not know a document's text any more: (uri: string)
---| "disconnected" the server ended: ()

---@type table<string, table<integer, fun(...)>>
local listeners = {}
local next_id = 0

--- Listens, until the function that is returned is called.
---@param signal backchat.Signal
---@param listener fun(...)
---@return fun() stop
function M.on(signal, listener)
  next_id = next_id + 1
  local id = next_id
  listeners[signal] = listeners[signal] or {}
  listeners[signal][id] = listener
  return function()
    listeners[signal][id] = nil
  end
end

--- Tells every listener, in the order in which they began to listen.
---@param signal backchat.Signal
function M.emit(signal, ...)
  local ids = vim.tbl_keys(listeners[signal] or {})
  table.sort(ids)
  for _, id in ipairs(ids) do
    local listener = listeners[signal][id]
    if listener then
      local ok, problem = xpcall(listener, debug.traceback, ...)
      if not ok then
        vim.notify("Backchat: " .. problem, vim.log.levels.ERROR)
      end
    end
  end
end

return M
