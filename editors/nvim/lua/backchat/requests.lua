-- The plugin's copy of the requests that belong to the open buffers. The server is the truth; a
-- notification always replaces what is here, an answer to an older question never does.

local signals = require("backchat.signals")
local streams = require("backchat.streams")

local M = {}

---@type table<string, backchat.Request>
local by_id = {}
--- For each request the tick of its latest notification.
---@type table<string, integer>
local heard = {}
local tick = 0

---@param id string
---@return backchat.Request?
function M.get(id)
  return by_id[id]
end

--- Takes streamed text, unless the attempt that it is of is known to be over.
---@param delta backchat.Delta
function M.append(delta)
  local request = by_id[delta.requestId]
  if request and request.state ~= "running" and delta.attempt <= request.attempt then
    return
  end
  streams.append(delta)
end

--- The requests that `filter` accepts, in the order in which they were submitted.
---@param filter? fun(request: backchat.Request): boolean?
---@return backchat.Request[]
function M.list(filter)
  local found = {}
  for _, request in pairs(by_id) do
    if not filter or filter(request) then
      table.insert(found, request)
    end
  end
  table.sort(found, function(a, b)
    if a.createdAt ~= b.createdAt then
      return a.createdAt < b.createdAt
    end
    return a.id < b.id
  end)
  return found
end

---@param request backchat.Request
local function put(request)
  local before = by_id[request.id]
  by_id[request.id] = request
  if request.state ~= "running" then
    streams.forget(request.id)
  end
  signals.emit("request", request, before)
end

--- Takes a request as a notification told it.
---@param request backchat.Request
function M.update(request)
  tick = tick + 1
  heard[request.id] = tick
  put(request)
end

--- To be called before asking the server for requests: what is told by notification from now on
--- is newer than the answer.
---@return integer
function M.before_asking()
  return tick
end

--- Whether nothing was told of a request since a question was asked.
---@param id string
---@param asked integer the result of M.before_asking()
---@return boolean
function M.is_older(id, asked)
  return (heard[id] or 0) <= asked
end

--- Takes the answer to a question that was asked at `asked`.
---@param request backchat.Request
---@param asked integer the result of M.before_asking()
function M.answered(request, asked)
  if M.is_older(request.id, asked) then
    put(request)
  end
end

--- Forgets the requests that `filter` accepts; nothing is told to anyone.
---@param filter fun(request: backchat.Request): boolean?
function M.forget(filter)
  for id, request in pairs(by_id) do
    if filter(request) then
      by_id[id] = nil
      heard[id] = nil
      streams.forget(id)
    end
  end
end

return M
