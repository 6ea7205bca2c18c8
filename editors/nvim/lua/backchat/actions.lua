-- The commands that change one request: cancel, retry, dismiss.

local client = require("backchat.client")
local notify = require("backchat.notify")
local requests = require("backchat.requests")
local targets = require("backchat.targets")

local M = {}

local FITS = {
  cancel = {
    fits = function(request)
      return request.state == "queued" or request.state == "held" or request.state == "running"
    end,
    nothing = "nothing waits or runs in this buffer",
  },
  retry = {
    fits = function(request)
      return request.state == "failed" or request.state == "cancelled"
    end,
    nothing = "nothing in this buffer failed or was cancelled",
  },
  dismiss = {
    fits = function(request)
      return request.state == "done" or request.state == "failed" or request.state == "cancelled"
    end,
    nothing = "nothing in this buffer is finished; a request that waits or runs can be cancelled",
  },
}

--- Does it to a request, and takes what the server answers.
---@param action "cancel"|"retry"|"dismiss"
---@param request backchat.Request
---@param callback? fun(request: backchat.Request)
function M.apply(action, request, callback)
  client.ask("backchat/" .. action, { requestId = request.id }, function(problem, result)
    if problem then
      return notify.error(("%s: %s"):format(action, problem))
    end
    requests.update(result)
    if callback then
      callback(result)
    end
  end)
end

--- Does it to the request that the user means.
---@param action "cancel"|"retry"|"dismiss"
function M.run(action)
  local rule = FITS[action]
  targets.choose(action, rule.fits, rule.nothing, function(request)
    M.apply(action, request)
  end)
end

return M
