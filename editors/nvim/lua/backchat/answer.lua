-- One turn as lines to read: what was asked, what was said, and how it stands. Used by the reader
-- and by the transcript; pure but for the clock.

local inline = require("backchat.inline")
local status = require("backchat.status")
local visible = require("backchat.visible")

local M = {}

--- How a request stands; nothing for one that is simply answered.
---@param request backchat.Request
---@return string[]
function M.standing(request)
  local icon = inline.icon(inline.face(request))
  if request.state == "queued" then
    local place = request.place and (", place %d"):format(request.place) or ""
    return { icon .. " queued" .. place }
  elseif request.state == "held" then
    return { icon .. " held: " .. (request.hold and status.hold(request.hold) or "waiting") }
  elseif request.state == "running" then
    return { icon .. " running" }
  elseif request.state == "cancelled" then
    return { icon .. " cancelled" }
  elseif request.state == "failed" then
    local lines = { icon .. " failed" }
    if request.failure then
      lines = visible.lines(request.failure.message)
      lines[1] = icon .. " failed: " .. lines[1]
      if request.failure.remedy then
        vim.list_extend(lines, visible.lines(request.failure.remedy))
      end
    end
    return lines
  elseif request.notice then
    return visible.lines(request.notice)
  end
  return {}
end

--- Facts about a turn: the model, the time that it took, tokens.
---@param request backchat.Request
---@return string
function M.facts(request)
  local parts = { visible.single(request.model) }
  if request.startedAt and request.finishedAt then
    table.insert(parts, inline.duration(request.finishedAt - request.startedAt))
  end
  if request.usage and request.usage.outputTokens then
    table.insert(parts, request.usage.outputTokens .. " tokens")
  end
  return table.concat(parts, " · ")
end

--- The lines of an answer: the text so far, then how it stands.
---@param request backchat.Request
---@param response? backchat.Response
---@return string[]
function M.lines(request, response)
  local lines = {}
  local text = response and vim.trim(response.text) or ""
  if text ~= "" then
    vim.list_extend(lines, visible.lines(text))
  end
  local standing = M.standing(request)
  if #standing > 0 then
    if #lines > 0 then
      table.insert(lines, "")
    end
    vim.list_extend(lines, standing)
  end
  return lines
end

return M
