-- Draws the requests of the loaded buffers and keeps them at their places. Neovim moves an
-- extmark at once when text is typed; the server's anchor is the truth and is taken whenever it
-- is of the text that the buffer has now, never when it is of an older one.

local client = require("backchat.client")
local config = require("backchat.config")
local documents = require("backchat.documents")
local frames = require("backchat.frames")
local inline = require("backchat.inline")
local positions = require("backchat.positions")
local proposals = require("backchat.proposals")
local signals = require("backchat.signals")
local streams = require("backchat.streams")

local M = {}

M.namespace = vim.api.nvim_create_namespace("backchat.marks")

---@class backchat.Mark
---@field bufnr integer
---@field request backchat.Request
---@field sending boolean
---@field anchor_id? integer the extmark that holds the range
---@field head_id? integer the extmark that holds the sign and the text behind the first line
---@field lines_id? integer the extmark that holds the lines below
---@field looked_again? boolean its place was asked for

--- By the request's id, or by the idempotency key of one that was not yet accepted.
---@type table<string, backchat.Mark>
local marks = {}

---@param mark backchat.Mark
---@return backchat.Selection?
local function where(mark)
  if not mark.anchor_id or not vim.api.nvim_buf_is_loaded(mark.bufnr) then
    return nil
  end
  local found =
    vim.api.nvim_buf_get_extmark_by_id(mark.bufnr, M.namespace, mark.anchor_id, { details = true })
  if not found[1] then
    return nil
  end
  return {
    start_row = found[1],
    start_col = found[2],
    end_row = found[3].end_row or found[1],
    end_col = found[3].end_col or found[2],
  }
end

---@param bufnr integer
---@return integer
local function text_width(bufnr)
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    return 80
  end
  local info = vim.fn.getwininfo(window)[1]
  -- The column of the sign that is about to be drawn may not be there yet.
  local sign = config.get("inline.signs") and vim.wo[window].signcolumn:find("^auto") and 2 or 0
  return math.max(20, info.width - info.textoff - sign)
end

---@param bufnr integer
---@param row integer
---@return integer
local function indent_of(bufnr, row)
  return vim.api.nvim_buf_call(bufnr, function()
    return math.min(40, vim.fn.indent(row + 1))
  end)
end

--- The place of a mark as the buffer can hold it: an edit may have removed what it pointed at.
---@param bufnr integer
---@param place backchat.Selection
---@return backchat.Selection
local function clamp(bufnr, place)
  local last = vim.api.nvim_buf_line_count(bufnr) - 1
  local function fit(row, col)
    row = math.max(0, math.min(row, last))
    local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ""
    return row, math.max(0, math.min(col, #line))
  end
  local start_row, start_col = fit(place.start_row, place.start_col)
  local end_row, end_col = fit(place.end_row, place.end_col)
  if end_row < start_row or (end_row == start_row and end_col < start_col) then
    end_row, end_col = start_row, start_col
  end
  return { start_row = start_row, start_col = start_col, end_row = end_row, end_col = end_col }
end

--- The line that the lines of an answer are drawn below. A question about the whole buffer is
--- answered at its top, not at its end.
---@param bufnr integer
---@param place backchat.Selection
---@return integer row
local function row_below(bufnr, place)
  local last = vim.api.nvim_buf_line_count(bufnr) - 1
  if place.start_row == 0 and place.end_row >= last then
    return 0
  end
  if place.end_col == 0 and place.end_row > place.start_row then
    return place.end_row - 1
  end
  return place.end_row
end

--- Whether a buffer is compared with another one side by side: lines drawn between those of one of
--- them would put it out of step.
---@param bufnr integer
---@return boolean
local function is_compared(bufnr)
  return vim.iter(vim.fn.win_findbuf(bufnr)):any(function(window)
    return vim.wo[window].diff
  end)
end

---@param mark backchat.Mark
---@param field "anchor_id"|"head_id"|"lines_id"
local function remove(mark, field)
  if mark[field] then
    pcall(vim.api.nvim_buf_del_extmark, mark.bufnr, M.namespace, mark[field])
    mark[field] = nil
  end
end

---@param mark backchat.Mark
local function erase(mark)
  if vim.api.nvim_buf_is_valid(mark.bufnr) then
    for _, field in ipairs({ "anchor_id", "head_id", "lines_id" }) do
      remove(mark, field)
    end
  end
end

---@param mark backchat.Mark
---@param place backchat.Selection
local function draw(mark, place)
  local bufnr = mark.bufnr
  place = clamp(bufnr, place)
  local below = row_below(bufnr, place)
  local drawing = inline.draw(mark.request, {
    now = os.time() * 1000,
    width = text_width(bufnr),
    indent = indent_of(bufnr, place.start_row),
    stream = streams.get(mark.request.id),
    proposal = proposals.get(mark.request.id),
  }, mark.sending)
  local priority = config.get("inline.priority")
  -- Text that is typed at either end of the range stays outside of it.
  mark.anchor_id =
    vim.api.nvim_buf_set_extmark(bufnr, M.namespace, place.start_row, place.start_col, {
      id = mark.anchor_id,
      end_row = place.end_row,
      end_col = place.end_col,
      right_gravity = true,
      end_right_gravity = false,
    })
  if drawing then
    mark.head_id = vim.api.nvim_buf_set_extmark(bufnr, M.namespace, place.start_row, 0, {
      id = mark.head_id,
      priority = priority,
      sign_text = drawing.sign and drawing.sign[1] or nil,
      sign_hl_group = drawing.sign and drawing.sign[2] or nil,
      virt_text = drawing.eol,
      virt_text_pos = "eol",
      hl_mode = "combine",
    })
  else
    remove(mark, "head_id")
  end
  if drawing and #drawing.lines > 0 and not is_compared(bufnr) then
    mark.lines_id = vim.api.nvim_buf_set_extmark(bufnr, M.namespace, below, 0, {
      id = mark.lines_id,
      priority = priority,
      virt_lines = drawing.lines,
    })
  else
    remove(mark, "lines_id")
  end
end

local ticker

--- Running requests show their seconds; the clock runs only while there are any.
local function tick_while_running()
  local running = vim.iter(marks):any(function(_, mark)
    return mark.request.state == "running" and not mark.sending
  end)
  if running and not ticker then
    ticker = assert(vim.uv.new_timer())
    ticker:start(
      1000,
      1000,
      vim.schedule_wrap(function()
        M.redraw(function(mark)
          return mark.request.state == "running"
        end)
        tick_while_running()
      end)
    )
  elseif not running and ticker then
    ticker:stop()
    ticker:close()
    ticker = nil
  end
end

--- Draws again, where they are now, the marks that `filter` accepts.
---@param filter? fun(mark: backchat.Mark): boolean
function M.redraw(filter)
  for _, mark in pairs(marks) do
    if not filter or filter(mark) then
      local place = where(mark)
      if place then
        draw(mark, place)
      end
    end
  end
end

--- Asks the server for the place of a mark, once.
---@param mark backchat.Mark
local function look_again(mark)
  if mark.looked_again then
    return
  end
  mark.looked_again = true
  vim.schedule(function()
    if vim.api.nvim_buf_is_loaded(mark.bufnr) then
      require("backchat.attach").refresh(mark.bufnr)
    end
  end)
end

---@param request backchat.Request
local function show(request)
  local mark = marks[request.id]
  if request.dismissed then
    if mark then
      erase(mark)
      marks[request.id] = nil
    end
    return
  end
  local bufnr = documents.buffer(request.uri)
  if not bufnr then
    return
  end
  if not mark or mark.bufnr ~= bufnr then
    mark = { bufnr = bufnr, request = request, sending = false }
    marks[request.id] = mark
  end
  mark.request = request
  local place = where(mark)
  local anchor = request.anchor
  if anchor then
    local current = anchor.version == nil or anchor.version >= documents.version(request.uri, bufnr)
    if current or not place then
      place = positions.to_selection(bufnr, anchor.range, client.encoding())
    end
    if not current and not mark.anchor_id then
      -- Drawn where it was a moment ago, until the server has seen the latest text.
      look_again(mark)
    end
  end
  if place then
    draw(mark, place)
  else
    -- The document was opened a moment ago, and the server still looks for the request in it.
    look_again(mark)
  end
  tick_while_running()
end

--- Draws a submit that was not yet accepted, from the moment at which it was asked.
---@param key string
---@param bufnr integer
---@param request backchat.Request what is known of it
---@param place backchat.Selection
function M.show_sending(key, bufnr, request, place)
  local mark = { bufnr = bufnr, request = request, sending = true }
  marks[key] = mark
  draw(mark, place)
end

--- Where a submit that was not yet accepted belongs now.
---@param key string
---@return backchat.Selection?
function M.place(key)
  return marks[key] and where(marks[key])
end

--- The submit was accepted: its mark is the request's from now on. Called before the request is
--- known to anyone else.
---@param key string
---@param id string
function M.accept(key, id)
  local mark = marks[key]
  marks[key] = nil
  if mark then
    if marks[id] then
      -- A notification was faster than the answer.
      erase(mark)
    else
      mark.sending = false
      marks[id] = mark
    end
  end
end

--- Takes the mark of a submit or request away.
---@param key string
function M.remove(key)
  if marks[key] then
    erase(marks[key])
    marks[key] = nil
  end
end

--- Takes all marks of a buffer away, but those of submits that were not yet accepted.
---@param bufnr integer
function M.clear(bufnr)
  for key, mark in pairs(marks) do
    if mark.bufnr == bufnr and not mark.sending then
      erase(mark)
      marks[key] = nil
    end
  end
end

--- The requests that have a place in a buffer, in the order of the buffer.
---@param bufnr integer
---@return { request: backchat.Request, place: backchat.Selection, key: string }[]
function M.in_buffer(bufnr)
  local found = {}
  for key, mark in pairs(marks) do
    if mark.bufnr == bufnr and not mark.sending then
      local place = where(mark)
      if place then
        table.insert(found, { request = mark.request, place = place, key = key })
      end
    end
  end
  table.sort(found, function(a, b)
    if a.place.start_row ~= b.place.start_row then
      return a.place.start_row < b.place.start_row
    elseif a.place.start_col ~= b.place.start_col then
      return a.place.start_col < b.place.start_col
    end
    return a.request.createdAt < b.request.createdAt
  end)
  return found
end

--- The buffer and place of a request that is drawn somewhere.
---@param id string
---@return integer? bufnr
---@return backchat.Selection? place
function M.find(id)
  local mark = marks[id]
  if mark then
    return mark.bufnr, where(mark)
  end
end

signals.on("request", show)
signals.on("proposal", function(id)
  local mark = marks[id]
  local place = mark and where(mark)
  if mark and place then
    draw(mark, place)
  end
end)
signals.on("stream", function(id)
  local mark = marks[id]
  if not mark or mark.request.state ~= "running" then
    return
  end
  frames.request(mark, function()
    -- One that is in no window is drawn with the next second.
    local place = mark.request.state == "running"
      and vim.fn.bufwinid(mark.bufnr) ~= -1
      and where(mark)
    if place then
      draw(mark, place)
    end
  end)
end)

return M
