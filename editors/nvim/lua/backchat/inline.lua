-- How a request looks at its place in the code: a pure function from the request to signs and
-- virtual text. Nothing here knows where it will be drawn.

local config = require("backchat.config")
local proposals = require("backchat.proposals")
local status = require("backchat.status")
local visible = require("backchat.visible")

local M = {}

---@class backchat.Drawing
---@field sign? backchat.Chunk beside the first line
---@field eol backchat.Chunk[] behind the first line
---@field lines backchat.Chunk[][] below the last line

---@class backchat.DrawingContext
---@field now integer milliseconds since the epoch
---@field width integer cells that the window has for text
---@field indent integer cells before the code that was asked about
---@field stream? backchat.Stream what is streamed
---@field proposal? backchat.ProposalSummary what a finished request for a change proposes

---@type table<string, string>
local HIGHLIGHT = {
  sending = "BackchatQueued",
  queued = "BackchatQueued",
  running = "BackchatRunning",
  held = "BackchatHeld",
  failed = "BackchatFailed",
  cancelled = "BackchatCancelled",
  unread = "BackchatUnread",
  read = "BackchatRead",
}

--- A duration as people say it.
---@param milliseconds integer
---@return string
function M.duration(milliseconds)
  local seconds = math.max(0, math.floor(milliseconds / 1000))
  if seconds < 60 then
    return seconds .. "s"
  elseif seconds < 3600 then
    return ("%dm %02ds"):format(math.floor(seconds / 60), seconds % 60)
  elseif seconds < 86400 then
    return ("%dh %02dm"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60)
  end
  return ("%dd"):format(math.floor(seconds / 86400))
end

--- The part of a request's life that its look depends on.
---@param request backchat.Request
---@return string
function M.face(request)
  if request.state == "done" then
    return request.unread and "unread" or "read"
  end
  return request.state
end

---@param face string
---@return string icon
---@return string highlight
function M.icon(face)
  local name = face == "sending" and "queued" or face
  return config.get("icons." .. name), HIGHLIGHT[face]
end

---@param request backchat.Request
---@param context backchat.DrawingContext
---@return string
local function progress(request, context)
  local parts = { "running " .. M.duration(context.now - (request.startedAt or context.now)) }
  local tokens = request.usage and request.usage.outputTokens
  if tokens then
    table.insert(parts, tokens .. " tokens")
  elseif context.stream and context.stream.bytes > 0 then
    -- The provider tells at the end; until then, four bytes are about a token.
    table.insert(parts, ("≈%d tokens"):format(math.ceil(context.stream.bytes / 4)))
  end
  if request.attempt > 1 then
    table.insert(parts, "attempt " .. request.attempt)
  end
  if request.lane == "foreground" and context.stream then
    local last = visible.single(context.stream.line)
    if last ~= "" then
      table.insert(parts, last)
    end
  elseif request.lane == "background" then
    table.insert(parts, visible.beginning(request.prompt, 60))
  end
  return table.concat(parts, " · ")
end

---@param request backchat.Request
---@param face string
---@param context backchat.DrawingContext
---@return string
local function summary(request, face, context)
  local prompt = visible.beginning(request.prompt, 60)
  if face == "sending" then
    return "sending · " .. prompt
  elseif face == "queued" then
    local place = request.place and (", place %d"):format(request.place) or ""
    return "queued" .. place .. " · " .. prompt
  elseif face == "running" then
    return progress(request, context)
  elseif face == "held" then
    local why = request.hold and status.hold(request.hold) or "waiting"
    return "held: " .. why .. " · " .. prompt
  elseif face == "failed" then
    return "failed · " .. prompt
  elseif face == "cancelled" then
    return "cancelled · " .. prompt
  end
  return prompt
end

--- How many lines a change adds and removes, e.g. "+12 −3".
---@param added integer
---@param removed integer
---@return string
function M.line_counts(added, removed)
  return ("+%d −%d"):format(added, removed)
end

--- What is proposed, and how it goes together with the buffer.
---@param proposal backchat.ProposalSummary
---@return string text
---@return string[] commands what can be done with it, none that would refuse
function M.proposal(proposal)
  if proposal.status == "none" then
    return "no change: " .. visible.single(proposal.reason or "no reason was given"), {}
  elseif proposals.is_in_buffer(proposal) then
    return "in the buffer", {}
  end
  local text = M.line_counts(proposal.added, proposal.removed) .. " " .. proposal.status
  if proposal.conflicts == 0 then
    return text, { ":Backchat apply" }
  elseif proposal.marked then
    return text .. ": resolve the conflict markers, <<<<<<<", { ":Backchat preview" }
  end
  local places = proposal.conflicts == 1 and "1 place" or proposal.conflicts .. " places"
  return ("%s: you typed over %s"):format(text, places), { ":Backchat preview", ":Backchat apply!" }
end

---@type table<backchat.AnchorStatus, string>
local DOUBT = {
  changed = "its code has changed since",
  gone = "its code is not here any more",
  ambiguous = "its code is at several places",
}

--- What is to be said against the place of a request, or nil. The code of a change differs from what
--- was asked about as soon as the change is applied; what is proposed says then how it stands.
---@param request backchat.Request
---@param proposal? backchat.ProposalSummary
---@return string?
local function doubt(request, proposal)
  local place = request.anchor and request.anchor.status
  if place and proposals.is_edit(request) then
    if not proposal or proposals.is_in_buffer(proposal) then
      return nil
    elseif place == "changed" and proposal.status ~= "none" then
      return nil
    end
  end
  return place and DOUBT[place]
end

--- The first lines of a text, with an ellipsis where something was left out.
---@param text string
---@param width integer
---@param limit integer
---@return string[]
local function first_lines(text, width, limit)
  local shown = {}
  for _, line in ipairs(visible.lines(vim.trim(text))) do
    for _, piece in ipairs(visible.wrap(line, width)) do
      if #shown == limit then
        while shown[#shown] == "" do
          table.remove(shown)
        end
        shown[#shown] = visible.cut(shown[#shown] .. " …", width)
        return shown
      end
      table.insert(shown, piece)
    end
  end
  return shown
end

--- What is drawn of a request; nil for one that has no mark.
---@param request backchat.Request
---@param context backchat.DrawingContext
---@param sending? boolean it was not yet accepted
---@return backchat.Drawing?
function M.draw(request, context, sending)
  local face = sending and "sending" or M.face(request)
  if request.dismissed or (face == "read" and not config.get("inline.show_read")) then
    return nil
  end
  local icon, highlight = M.icon(face)
  local eol = { { " " .. icon .. " ", highlight } }
  if request.state == "done" and context.proposal then
    local text, commands = M.proposal(context.proposal)
    local conflict = context.proposal.conflicts > 0
    table.insert(eol, { "✎ " .. text, conflict and "BackchatConflict" or "BackchatProposal" })
    for _, command in ipairs(commands) do
      table.insert(eol, { " · " .. command, "BackchatHint" })
    end
    table.insert(eol, { " · ", "BackchatHint" })
  end
  table.insert(eol, { summary(request, face, context), highlight })
  local doubtful = doubt(request, context.proposal)
  if doubtful then
    table.insert(eol, { " · " .. doubtful, "BackchatHint" })
  end

  local lines = {}
  local indent = (" "):rep(context.indent)
  local width = math.min(config.get("inline.max_width"), context.width) - context.indent - 3
  local function add(text, group)
    table.insert(lines, { { indent, "" }, { "│ ", highlight }, { text, group } })
  end
  local limit = config.get("inline.preview_lines")
  if limit > 0 and face == "unread" then
    for _, line in ipairs(first_lines(request.preview or request.notice or "", width, limit)) do
      add(line, "BackchatPreview")
    end
    add(":Backchat read", "BackchatHint")
  elseif limit > 0 and face == "failed" then
    local failure = request.failure or { message = "no reason was given" }
    for _, line in ipairs(first_lines(failure.message, width, limit)) do
      add(line, "BackchatFailed")
    end
    if failure.remedy then
      for _, line in ipairs(first_lines(failure.remedy, width, limit)) do
        add(line, "BackchatPreview")
      end
    end
    add(":Backchat retry · :Backchat dismiss", "BackchatHint")
  elseif limit > 0 and require("backchat.actions").waits_for_user(request) then
    for _, line in ipairs(first_lines(request.hold.reason, width, limit)) do
      add(line, "BackchatPreview")
    end
    add(":Backchat allow · :Backchat cancel", "BackchatHint")
  end

  return {
    sign = config.get("inline.signs") and { icon, highlight } or nil,
    eol = eol,
    lines = lines,
  }
end

return M
