-- The sessions of all buffers, picked by `vim.ui.select`, which telescope, snacks and fzf-lua
-- serve when they are installed.

local client = require("backchat.client")
local config = require("backchat.config")
local documents = require("backchat.documents")
local inline = require("backchat.inline")
local locate = require("backchat.locate")
local notify = require("backchat.notify")
local visible = require("backchat.visible")

local M = {}

--- A session in a line: 📬 and how many, its title, its buffer, its state, its age.
---@param session backchat.Session
---@param now integer milliseconds since the epoch
---@return string
function M.label(session, now)
  local mark
  if session.unread > 0 then
    mark = config.get("icons.unread") .. (session.unread > 1 and " " .. session.unread or "")
  else
    mark = (inline.icon(session.state == "done" and "read" or session.state))
  end
  return ("%s %s — %s · %s · %s"):format(
    mark,
    visible.single(session.title),
    visible.single(documents.label(session.uri)),
    session.state,
    inline.duration(now - session.updatedAt)
  )
end

--- Goes to where a session's first unread answer belongs, else its latest request. A session
--- whose buffer is gone shows its transcript.
---@param session backchat.Session
function M.jump(session)
  local source = vim.api.nvim_get_current_win()
  client.ask("backchat/session", { sessionId = session.id }, function(problem, result)
    if problem then
      return notify.error(problem)
    end
    local target
    for _, turn in ipairs(result.turns) do
      if turn.request.unread then
        target = turn.request
        break
      end
      if not turn.request.dismissed then
        target = turn.request
      end
    end
    local _, gone = locate.buffer(session.uri)
    if gone or not target then
      return require("backchat.transcript").open(session.id)
    end
    locate.request(target, function(refusal, bufnr, place)
      if refusal or not bufnr or not place then
        return notify.error(refusal or "its place was not found")
      end
      if vim.api.nvim_get_current_win() == source then
        locate.go(bufnr, place)
      end
    end)
  end)
end

--- Lets the user pick a session and goes there.
function M.pick()
  client.ask("backchat/sessions", vim.empty_dict(), function(problem, result)
    if problem then
      return notify.error(problem)
    end
    if #result.sessions == 0 then
      return notify.info("nothing was asked yet: try :Backchat ask")
    end
    local now = os.time() * 1000
    vim.ui.select(result.sessions, {
      prompt = "Backchat sessions",
      kind = "backchat_session",
      format_item = function(session)
        return M.label(session, now)
      end,
    }, function(session)
      if session then
        M.jump(session)
      end
    end)
  end)
end

return M
