-- Which request a command means: the one that a window of Backchat's own shows, else the one at the
-- cursor, else the only one that it could mean, else the one that the user picks. A request at the cursor
-- that the command does not fit is never passed over for another one.

local documents = require("backchat.documents")
local inline = require("backchat.inline")
local marks = require("backchat.marks")
local notify = require("backchat.notify")
local proposals = require("backchat.proposals")
local requests = require("backchat.requests")
local status = require("backchat.status")
local subjects = require("backchat.subjects")
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
--- newest first, and all. In a window of Backchat's own, the request that it shows.
---@param fits fun(request: backchat.Request): boolean
---@return backchat.Request[] here
---@return backchat.Request[] all
function M.candidates(fits)
  local subject = subjects.current()
  if subject then
    subject = requests.get(subject.id) or subject
    local fitting = fits(subject) and { subject } or {}
    return fitting, fitting
  end
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
  return ("%s %s · %s"):format(icon, visible.beginning(request.prompt, 60), request.state)
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

--- How a request stands, and what can be done with it then.
---@param request backchat.Request
---@return string
local function standing(request)
  if request.state == "queued" then
    return "waits in the queue; :Backchat cancel takes it out"
  elseif request.state == "running" then
    return "is being answered; :Backchat cancel ends it"
  elseif request.state == "held" then
    local remedy = request.hold and request.hold.secrets and ":Backchat allow lets it be sent"
      or ":Backchat retry tries it now"
    local why = request.hold and status.hold(request.hold) or "waiting"
    return ("is held (%s); %s, :Backchat cancel ends it"):format(why, remedy)
  elseif request.state == "done" then
    return "is answered; :Backchat read shows it"
  end
  return ("%s; :Backchat retry asks it again"):format(
    request.state == "failed" and "failed" or "was cancelled"
  )
end

--- The request that the user looks at, whatever the command is: the one that the window shows, or the
--- narrowest at the cursor. One about the whole buffer is at its first line alone, and one that was
--- read does not count any more.
---@return backchat.Request?
local function in_view()
  if subjects.current() then
    local shown = M.candidates(function()
      return true
    end)
    return shown[1]
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local last = vim.api.nvim_buf_line_count(0) - 1
  return (M.candidates(function(request)
    local _, place = marks.find(request.id)
    local whole = place and place.start_row == 0 and place.end_row >= last
    return inline.face(request) ~= "read" and not (whole and row > 0)
  end))[1]
end

---@param what string
---@param request backchat.Request
local function refuse(what, request)
  notify.warn(("%s: %q %s"):format(what, visible.beginning(request.prompt, 40), standing(request)))
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
  end
  local viewed = in_view()
  if viewed then
    return refuse(what, viewed)
  elseif #all == 0 then
    return notify.warn(nothing)
  end
  pick(what, all, callback)
end

--- As M.choose, for a proposed change: one that can still be applied is preferred to one that is in
--- the buffer already. Calls back with the buffer that the change is for.
---@param what string for the question, e.g. "apply"
---@param callback fun(request: backchat.Request, bufnr: integer)
function M.choose_edit(what, callback)
  local function pending(request)
    return proposals.is_pending(request.id)
  end
  local function chosen(request)
    local bufnr = documents.buffer(request.uri)
    if not bufnr then
      return notify.error(
        ("%s: %s is not open; open it first"):format(what, documents.label(request.uri))
      )
    end
    callback(request, bufnr)
  end
  local here, all = M.candidates(proposals.is_edit)
  if #here > 0 then
    return chosen(vim.iter(here):find(pending) or here[1])
  end
  local viewed = in_view()
  if viewed and (viewed.intent == "edit" or subjects.current()) then
    return refuse(what, viewed)
  elseif #all == 0 then
    return notify.warn("no change is proposed in this buffer; :Backchat edit asks for one")
  end
  local open = vim.tbl_filter(pending, all)
  pick(what, #open > 0 and open or all, chosen)
end

return M
