-- The floating window in which an answer is read whole. What it shows is read: the response is
-- taken as soon as it is on the screen, which clears its 📬 everywhere.

local actions = require("backchat.actions")
local answer = require("backchat.answer")
local client = require("backchat.client")
local config = require("backchat.config")
local conversations = require("backchat.conversation")
local frames = require("backchat.frames")
local inline = require("backchat.inline")
local locate = require("backchat.locate")
local markdown = require("backchat.markdown")
local notify = require("backchat.notify")
local reply = require("backchat.reply")
local signals = require("backchat.signals")
local streams = require("backchat.streams")
local subjects = require("backchat.subjects")
local submit = require("backchat.submit")
local taking = require("backchat.taking")
local visible = require("backchat.visible")

local M = {}

---@class backchat.Reader
---@field bufnr integer
---@field window integer
---@field turns backchat.Turn[] the answer and the replies that were given here
---@field conversation backchat.Conversation the turns as they are drawn
---@field place table the size and the frame of the window
---@field stop fun()[] ends listening

---@type backchat.Reader?
local open

---@param reader backchat.Reader
---@return boolean
local function is_shown(reader)
  return open == reader and vim.api.nvim_win_is_valid(reader.window)
end

--- The widest that the window may be.
---@return integer
local function width_limit()
  return math.min(config.get("float.max_width"), vim.o.columns - 4)
end

--- How many rows of a window the lines of a buffer take, `limit` at the most.
---@param bufnr integer
---@param width integer
---@param limit integer
---@return integer
local function height_of(bufnr, width, limit)
  local height = 0
  for _, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, limit, false)) do
    if height >= limit then
      break
    end
    height = height + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
  end
  return math.min(height, limit)
end

---@param conversation backchat.Conversation
---@return table
local function geometry(conversation)
  local first = conversations.request(conversation.turns[1])
  local footer = (" %s · r reply · gy yank code · q close "):format(answer.facts(first))
  local widest = math.max(conversation.widest + 1, vim.fn.strdisplaywidth(footer) + 1, 60)
  local width = math.min(width_limit(), widest)
  local limit = config.get("float.max_height")
  limit = math.min(limit < 1 and math.floor(vim.o.lines * limit) or limit, vim.o.lines - 6)
  local title = (" %s %s "):format(
    (inline.icon(first.state == "done" and "read" or inline.face(first))),
    visible.beginning(first.prompt, width - 8)
  )
  return {
    width = width,
    height = math.max(3, height_of(conversation.bufnr, width, limit)),
    title = title,
    footer = footer,
    footer_pos = "right",
  }
end

--- The newest that is known of the last turn's request.
---@param reader backchat.Reader
---@return backchat.Request
local function newest(reader)
  return conversations.request(reader.turns[#reader.turns])
end

--- Puts the cursor on the last line, which is at the bottom of the window.
---@param reader backchat.Reader
local function show_end(reader)
  local last = vim.api.nvim_buf_line_count(reader.bufnr)
  vim.api.nvim_win_set_cursor(reader.window, { last, 0 })
  vim.api.nvim_win_call(reader.window, function()
    vim.cmd.normal({ "zb", bang = true })
  end)
end

--- Draws by `update`, then makes the window fit what it shows. A cursor at the end stays there.
---@param reader backchat.Reader
---@param update fun()
local function draw(reader, update)
  if not is_shown(reader) then
    return
  end
  local count = vim.api.nvim_buf_line_count(reader.bufnr)
  local at_end = count > 1 and vim.api.nvim_win_get_cursor(reader.window)[1] == count
  update()
  local place = geometry(reader.conversation)
  if not vim.deep_equal(place, reader.place) then
    reader.place = place
    vim.api.nvim_win_set_config(reader.window, place)
  end
  if at_end then
    show_end(reader)
  end
end

---@param reader backchat.Reader
local function render(reader)
  draw(reader, function()
    conversations.draw(reader.conversation)
  end)
end

--- Draws with the next frame what came of a stream.
---@param reader backchat.Reader
---@param id string
local function follow(reader, id)
  local stream = streams.get(id)
  if not stream or not stream.complete then
    return
  end
  frames.request(reader, function()
    draw(reader, function()
      if
        not conversations.follows(reader.conversation, id)
        or not conversations.grow(reader.conversation, width_limit())
      then
        conversations.draw(reader.conversation)
      end
    end)
  end)
end

--- What is on the screen is read.
---@param reader backchat.Reader
local function take(reader)
  for _, turn in ipairs(reader.turns) do
    local request = conversations.request(turn)
    if request.unread and is_shown(reader) then
      taking.take({ requestId = request.id })
    end
  end
end

--- Reads the transcript for the texts of the turns that are shown.
---@param session_id string
---@param turns backchat.Turn[]
---@param callback fun(problem: string?)
local function fetch(session_id, turns, callback)
  client.ask("backchat/session", { sessionId = session_id }, function(problem, result)
    if problem then
      return callback(problem)
    end
    for _, turn in ipairs(turns) do
      for _, found in ipairs(result.turns) do
        if found.request.id == turn.request.id then
          turn.request, turn.response = found.request, found.response
          if found.response and found.request.state == "running" then
            streams.load(found.request.id, found.response)
          end
        end
      end
    end
    callback(nil)
  end)
end

--- Closes the reader, if it is open.
function M.close()
  local reader = open
  if not reader then
    return
  end
  open = nil
  for _, stop in ipairs(reader.stop) do
    stop()
  end
  if vim.api.nvim_win_is_valid(reader.window) then
    vim.api.nvim_win_close(reader.window, true)
  end
end

---@param reader backchat.Reader
local function refresh(reader)
  fetch(reader.turns[1].request.sessionId, reader.turns, function(problem)
    if problem then
      return notify.error(problem)
    end
    render(reader)
    take(reader)
  end)
end

---@param reader backchat.Reader
---@param prompt string
local function send_reply(reader, prompt)
  local last = newest(reader)
  locate.request(last, function(problem, bufnr, place)
    if problem or not bufnr then
      vim.fn.histadd("input", prompt)
      return notify.error("reply: " .. (problem or "the buffer is gone"))
    end
    submit.send({
      bufnr = bufnr,
      selection = place,
      prompt = prompt,
      intent = "ask",
      mode = "auto",
      on_accepted = function(request)
        if is_shown(reader) then
          table.insert(reader.turns, { request = request })
          render(reader)
          show_end(reader)
        end
      end,
    })
  end)
end

---@param reader backchat.Reader
local function map_keys(reader)
  local function map(key, run, description)
    vim.keymap.set("n", key, run, { buffer = reader.bufnr, nowait = true, desc = description })
  end
  local function act(action)
    return function()
      actions.apply(action, newest(reader))
    end
  end
  map("q", M.close, "Close")
  map("<Esc>", M.close, "Close")
  map("r", function()
    reply.open(reader.window, function(prompt)
      send_reply(reader, prompt)
    end)
  end, "Reply")
  map("gy", markdown.yank_code, "Yank the code block")
  map("]]", function()
    markdown.hop(1)
  end, "Next code block")
  map("[[", function()
    markdown.hop(-1)
  end, "Previous code block")
  map("R", act("retry"), "Retry")
  map("A", act("allow"), "Allow its secrets to be sent")
  map("X", act("cancel"), "Cancel")
  map("D", function()
    act("dismiss")()
    M.close()
  end, "Dismiss")
  map("o", function()
    local session = reader.turns[1].request.sessionId
    M.close()
    require("backchat.transcript").open(session)
  end, "Open the transcript")
end

---@param reader backchat.Reader
local function listen(reader)
  local function is_mine(id)
    return vim.iter(reader.turns):any(function(turn)
      return turn.request.id == id
    end)
  end
  reader.stop = {
    signals.on("stream", function(id)
      if is_mine(id) then
        follow(reader, id)
      end
    end),
    signals.on("request", function(request, before)
      if not is_mine(request.id) then
        return
      end
      if request.state ~= "running" and (not before or before.state ~= request.state) then
        refresh(reader)
      elseif not before or before.state ~= "running" or before.attempt ~= request.attempt then
        render(reader)
      end
    end),
  }
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = reader.bufnr,
    once = true,
    callback = function()
      if open == reader then
        vim.schedule(M.close)
      end
    end,
  })
end

---@param turn backchat.Turn
local function show(turn)
  M.close()
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.bo[bufnr].bufhidden = "wipe"
  markdown.prepare(bufnr)
  local turns = { turn }
  local conversation = conversations.begin(bufnr, turns)
  local place = geometry(conversation)
  local wanted = vim.deepcopy(place)
  -- Below the cursor where there is room, else above it.
  local screen_row = vim.fn.screenrow()
  local below = vim.o.lines - screen_row - vim.o.cmdheight - 2
  local above = screen_row - 3
  local top = below >= place.height or below >= above
  place.height = math.max(3, math.min(place.height, top and below or above))
  local window = vim.api.nvim_open_win(
    bufnr,
    true,
    vim.tbl_extend("force", place, {
      relative = "cursor",
      anchor = top and "NW" or "SW",
      row = top and 1 or 0,
      col = 0,
      border = config.border(),
      style = "minimal",
    })
  )
  vim.wo[window].wrap = true
  vim.wo[window].linebreak = true
  vim.wo[window].breakindent = true
  vim.wo[window].conceallevel = 0
  ---@type backchat.Reader
  local reader = {
    bufnr = bufnr,
    window = window,
    turns = turns,
    conversation = conversation,
    place = wanted,
    stop = {},
  }
  open = reader
  subjects.set(bufnr, function()
    return newest(reader)
  end)
  listen(reader)
  map_keys(reader)
  take(reader)
end

--- Opens a request's answer, and reads it.
---@param request backchat.Request
function M.read(request)
  local turn = { request = request }
  local source = vim.api.nvim_get_current_win()
  fetch(request.sessionId, { turn }, function(problem)
    if problem then
      return notify.error(problem)
    end
    -- The answer comes at once; should the user have gone elsewhere meanwhile, nothing is opened
    -- over what they do now.
    if vim.api.nvim_get_current_win() == source and vim.api.nvim_get_mode().mode == "n" then
      show(turn)
    end
  end)
end

return M
