-- What the server tells without being asked, a function a notification.

local notify = require("backchat.notify")
local requests = require("backchat.requests")
local signals = require("backchat.signals")

---@type table<string, fun(params: table)>
local HEARD = {
  ["backchat/requestDidChange"] = function(params)
    requests.update(params.request)
  end,

  ["backchat/responseDelta"] = function(params)
    requests.append(params)
  end,

  ["backchat/responseReady"] = function(params)
    requests.update(params.request)
    if require("backchat.submit").was_submitted_here(params.request.id) then
      notify.answer_came()
    end
    signals.emit("ready", params.request, params.unread)
  end,

  ["backchat/bufferLost"] = function(params)
    signals.emit("lost", params.uri)
  end,

  ["backchat/statusDidChange"] = function(params)
    require("backchat.status").set(params)
  end,
}

---@type table<string, lsp.Handler>
local handlers = {}
for method, hear in pairs(HEARD) do
  handlers[method] = function(_, params)
    hear(params)
  end
end

return handlers
