-- Taking responses: what was shown is read, in every window of every editor.

local client = require("backchat.client")
local notify = require("backchat.notify")
local requests = require("backchat.requests")

local M = {}

--- Says that the unread responses of a request, or of a session, were shown.
---@param of { requestId: string }|{ sessionId: string }
function M.take(of)
  client.ask("backchat/take", of, function(problem, result)
    if problem then
      return notify.error("take: " .. problem)
    end
    for _, taken in ipairs(result.responses) do
      requests.update(taken.request)
    end
  end)
end

return M
