-- What the server tells without being asked, a function a notification.

local notify = require("backchat.notify")
local requests = require("backchat.requests")
local signals = require("backchat.signals")

---@type table<string, fun(err: any, params: table)>
return {
  ["backchat/requestDidChange"] = function(_, params)
    requests.update(params.request)
  end,

  ["backchat/responseDelta"] = function(_, params)
    requests.append(params)
  end,

  ["backchat/responseReady"] = function(_, params)
    requests.update(params.request)
    if require("backchat.submit").was_submitted_here(params.request.id) then
      notify.answer_came()
    end
    signals.emit("ready", params.request, params.unread)
  end,

  ["backchat/statusDidChange"] = function(_, params)
    require("backchat.status").set(params)
  end,
}
