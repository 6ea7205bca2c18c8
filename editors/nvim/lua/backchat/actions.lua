-- The commands that change one request: cancel, retry, allow, dismiss.

local client = require("backchat.client")
local notify = require("backchat.notify")
local requests = require("backchat.requests")
local targets = require("backchat.targets")

local M = {}

--- Whether a request waits until the user allows the secrets in it to be sent.
---@param request backchat.Request
---@return boolean
function M.waits_for_user(request)
  return request.state == "held" and request.hold ~= nil and request.hold.secrets ~= nil
end

local FITS = {
  cancel = {
    fits = function(request)
      return request.state == "queued" or request.state == "held" or request.state == "running"
    end,
    nothing = "nothing waits or runs in this buffer",
  },
  retry = {
    fits = function(request)
      return request.state == "failed"
        or request.state == "cancelled"
        or (request.state == "held" and not M.waits_for_user(request))
    end,
    nothing = "nothing in this buffer failed, was cancelled or is held",
  },
  allow = {
    fits = function(request)
      return M.waits_for_user(request)
    end,
    nothing = "nothing in this buffer is held for a secret",
  },
  dismiss = {
    fits = function(request)
      return request.state == "done" or request.state == "failed" or request.state == "cancelled"
    end,
    nothing = "nothing in this buffer is finished; a request that waits or runs can be cancelled",
  },
}

--- Does it to a request, and takes what the server answers.
---@param action "cancel"|"retry"|"allow"|"dismiss"
---@param request backchat.Request
---@param callback? fun(request: backchat.Request)
function M.apply(action, request, callback)
  local asked = requests.before_asking()
  client.ask("backchat/" .. action, { requestId = request.id }, function(problem, result)
    if problem then
      return notify.error(("%s: %s"):format(action, problem))
    end
    -- A notification that was faster knows more than the answer.
    requests.answered(result, asked)
    if callback then
      callback(result)
    end
  end)
end

--- Does it to the request that the user means.
---@param action "cancel"|"retry"|"allow"|"dismiss"
function M.run(action)
  local rule = FITS[action]
  targets.choose(action, rule.fits, rule.nothing, function(request)
    M.apply(action, request)
  end)
end

return M
