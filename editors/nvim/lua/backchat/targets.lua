-- Which request a command means: the one at the cursor, else the only one that it could mean,
-- else the one that the user picks.

local inline = require("backchat.inline")
local marks = require("backchat.marks")
local notify = require("backchat.notify")
local proposals = require("backchat.proposals")
local visible = require("backchat.visible")

local M = {}

---@param place backchat.Selection
---@param row integer
---@return integer lines between the row and the place, 0 inside
local function distance(place, row)
  if row < place.start_row then
    return place.start_row - row
  elseif row > place.end_row then
    return row - place.end_row
  end
  return 0
end

--- The current buffer's requests that `fits` accepts: those at the cursor, the narrowest and
--- newest first, and all.
---@param fits fun(request: backchat.Request): boolean
---@return backchat.Request[] here
---@return backchat.Request[] all
function M.candidates(fits)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local here, all = {}, {}
  for _, found in ipairs(marks.in_buffer(vim.api.nvim_get_current_buf())) do
    if fits(found.request) then
      table.insert(all, found.request)
      if distance(found.place, row) == 0 then
        table.insert(here, found)
      end
    end
  end
  table.sort(here, function(a, b)
    local a_size = a.place.end_row - a.place.start_row
    local b_size = b.place.end_row - b.place.start_row
    if a_size ~= b_size then
      return a_size < b_size
    end
    return a.request.createdAt > b.request.createdAt
  end)
  return vim.tbl_map(function(found)
    return found.request
  end, here), all
end

---@param request backchat.Request
---@return string
function M.label(request)
  local icon = inline.icon(inline.face(request))
  return ("%s %s · %s"):format(
    icon,
    visible.cut(visible.single(request.prompt), 60),
    request.state
  )
end

---@param what string
---@param list backchat.Request[]
---@param callback fun(request: backchat.Request)
local function pick(what, list, callback)
  if #list == 1 then
    return callback(list[1])
  end
  vim.ui.select(list, {
    prompt = "Backchat: " .. what,
    kind = "backchat_request",
    format_item = M.label,
  }, function(request)
    if request then
      callback(request)
    end
  end)
end

--- Finds the one request that a command means and calls back with it.
---@param what string for the question and the message, e.g. "cancel"
---@param fits fun(request: backchat.Request): boolean
---@param nothing string what to say when there is none
---@param callback fun(request: backchat.Request)
function M.choose(what, fits, nothing, callback)
  local here, all = M.candidates(fits)
  if #here > 0 then
    return callback(here[1])
  elseif #all == 0 then
    return notify.warn(nothing)
  end
  pick(what, all, callback)
end

--- As M.choose, for a proposed change: one that can still be applied is preferred to one that is in
--- the buffer already.
---@param what string for the question, e.g. "apply"
---@param callback fun(request: backchat.Request)
function M.choose_edit(what, callback)
  local function pending(request)
    return proposals.is_pending(request.id)
  end
  local here, all = M.candidates(proposals.is_edit)
  if #here > 0 then
    return callback(vim.iter(here):find(pending) or here[1])
  elseif #all == 0 then
    return notify.warn("no change is proposed in this buffer; :Backchat edit asks for one")
  end
  local open = vim.tbl_filter(pending, all)
  pick(what, #open > 0 and open or all, callback)
end

return M
