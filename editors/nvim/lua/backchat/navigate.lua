-- `:Backchat read`, `next` and `prev`: from mark to mark, and from mark to answer.

local client = require("backchat.client")
local locate = require("backchat.locate")
local marks = require("backchat.marks")
local notify = require("backchat.notify")
local targets = require("backchat.targets")

local M = {}

--- Opens the answer at the cursor: an unread one first, else the newest. Without one at the
--- cursor, the nearest unread one of the buffer.
function M.read()
  local here, all = targets.candidates(function()
    return true
  end)
  for _, request in ipairs(here) do
    if request.unread then
      return require("backchat.reader").read(request)
    end
  end
  if here[1] then
    return require("backchat.reader").read(here[1])
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local nearest, distance
  for _, request in ipairs(all) do
    local _, place = marks.find(request.id)
    local away = place and math.abs(place.start_row - row) or math.huge
    if request.unread and (not distance or away < distance) then
      nearest, distance = request, away
    end
  end
  nearest = nearest or (#all == 1 and all[1] or nil)
  if nearest then
    return require("backchat.reader").read(nearest)
  end
  local status = require("backchat.status").get()
  if status and status.unread > 0 and #all == 0 then
    notify.info(
      ("no answer in this buffer; %d unread elsewhere: see :Backchat sessions"):format(
        status.unread
      )
    )
  elseif #all > 0 then
    notify.info(
      "no answer at the cursor and none unread in this buffer; :Backchat next goes to one"
    )
  else
    notify.info("nothing was asked in this buffer yet")
  end
end

--- Goes to the first unread answer of another buffer.
local function go_elsewhere()
  client.ask("backchat/sessions", { unreadOnly = true, limit = 1 }, function(problem, result)
    if problem then
      return notify.error(problem)
    end
    local session = result.sessions[1]
    if session then
      require("backchat.sessions").jump(session)
    else
      notify.info("nothing was asked in this buffer, and nothing is unread elsewhere")
    end
  end)
end

--- Goes to the next mark of the buffer, around its end; in a buffer without marks, to the first
--- unread answer of another one.
---@param direction 1|-1
function M.go(direction)
  local bufnr = vim.api.nvim_get_current_buf()
  local found = marks.in_buffer(bufnr)
  if #found == 0 then
    return go_elsewhere()
  end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, col = cursor[1] - 1, cursor[2]
  local function is_beyond(place)
    if direction == 1 then
      return place.start_row > row or (place.start_row == row and place.start_col > col)
    end
    return place.start_row < row or (place.start_row == row and place.start_col < col)
  end
  local target
  if direction == 1 then
    for _, mark in ipairs(found) do
      if is_beyond(mark.place) then
        target = mark.place
        break
      end
    end
    target = target or found[1].place
  else
    for _, mark in ipairs(found) do
      if is_beyond(mark.place) then
        target = mark.place
      end
    end
    target = target or found[#found].place
  end
  locate.go(bufnr, target)
end

return M
