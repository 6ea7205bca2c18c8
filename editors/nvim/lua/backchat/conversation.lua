-- The turns that the reader shows, as the lines of its buffer. When a request changes all lines are
-- made anew; text that streams is appended where the text before it ended, so that a frame costs what
-- came since the last one, however long the answer is.

local answer = require("backchat.answer")
local markdown = require("backchat.markdown")
local requests = require("backchat.requests")
local streams = require("backchat.streams")
local visible = require("backchat.visible")

local M = {}

--- Where the text that streams ends in the buffer.
---@class backchat.Growing
---@field stream backchat.Stream
---@field taken integer how many pieces of the stream are in the buffer
---@field held string blanks and line breaks at the end, which count when words follow
---@field row integer
---@field col integer

---@class backchat.Conversation
---@field bufnr integer
---@field turns backchat.Turn[]
---@field widest integer cells of the widest line
---@field growing? backchat.Growing

--- The newest that is known of a turn's request.
---@param turn backchat.Turn
---@return backchat.Request
function M.request(turn)
  return requests.get(turn.request.id) or turn.request
end

--- The newest that is known of a turn: the stream is ahead of what was read while it runs.
---@param turn backchat.Turn
---@return backchat.Request request
---@return backchat.Response? response
---@return backchat.Stream? stream what `response` was made of
local function newest(turn)
  local request = M.request(turn)
  local stream = request.state == "running" and streams.get(request.id)
  if stream and stream.complete then
    local text = streams.text(stream)
    local response =
      { text = text, partial = true, attempt = stream.attempt, nextSeq = stream.next_seq }
    return request, response, stream
  end
  return request, turn.response
end

--- The blanks and line breaks at the end of a text.
---@param text string
---@return string
local function trailing(text)
  return text:sub(#(text:match("^.*%S") or "") + 1)
end

--- Where the text of a running turn ends when its lines begin at `row`; nil when there is none yet.
---@param lines string[] all lines so far
---@param row integer
---@param text string
---@param stream backchat.Stream
---@return backchat.Growing?
local function growing_from(lines, row, text, stream)
  if not text:find("%S") then
    return nil
  end
  local _, line_breaks = vim.trim(text):gsub("\r\n?", "\n"):gsub("\n", "")
  local last = row + line_breaks
  return {
    stream = stream,
    taken = #stream.pieces,
    held = trailing(text),
    row = last,
    col = #lines[last + 1],
  }
end

---@param turns backchat.Turn[]
---@return string[] lines
---@return backchat.Growing?
local function content(turns)
  local lines = {}
  local growing
  for index, turn in ipairs(turns) do
    local request, response, stream = newest(turn)
    local prompt = visible.lines(vim.trim(request.prompt))
    if index > 1 then
      vim.list_extend(lines, { "", "---", "" })
    end
    if index > 1 or #prompt > 1 or vim.fn.strdisplaywidth(prompt[1]) > 60 then
      for _, line in ipairs(prompt) do
        table.insert(lines, "> " .. line)
      end
      table.insert(lines, "")
    end
    local row = #lines
    vim.list_extend(lines, answer.lines(request, response))
    if response and stream then
      growing = growing_from(lines, row, response.text, stream)
    end
  end
  return lines, growing
end

--- Draws all turns.
---@param conversation backchat.Conversation
function M.draw(conversation)
  local lines
  lines, conversation.growing = content(conversation.turns)
  conversation.widest = 0
  for _, line in ipairs(lines) do
    conversation.widest = math.max(conversation.widest, vim.fn.strdisplaywidth(line))
  end
  markdown.set_streaming(conversation.bufnr, conversation.growing ~= nil)
  markdown.set_lines(conversation.bufnr, lines)
end

--- Begins a conversation in a buffer and draws it.
---@param bufnr integer
---@param turns backchat.Turn[]
---@return backchat.Conversation
function M.begin(bufnr, turns)
  local conversation = { bufnr = bufnr, turns = turns, widest = 0 }
  M.draw(conversation)
  return conversation
end

--- Draws what came of a stream since it was drawn.
---@param conversation backchat.Conversation
---@param wide integer the width from which on it does not matter how wide a line is
---@return boolean done false when all has to be drawn
function M.grow(conversation, wide)
  local growing = conversation.growing
  if not growing then
    return false
  end
  local stream = growing.stream
  local text = growing.held .. table.concat(stream.pieces, "", growing.taken + 1)
  growing.taken = #stream.pieces
  growing.held = trailing(text)
  local lines = visible.lines(text:sub(1, #text - #growing.held))
  if #lines == 1 and lines[1] == "" then
    return true
  end
  local bufnr = conversation.bufnr
  local first, col = growing.row, growing.col
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_text(bufnr, first, col, first, col, lines)
  vim.bo[bufnr].modifiable = false
  growing.row = first + #lines - 1
  growing.col = #lines[#lines] + (#lines == 1 and col or 0)
  if conversation.widest < wide then
    for _, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, first, growing.row + 1, true)) do
      conversation.widest = math.max(conversation.widest, vim.fn.strdisplaywidth(line))
    end
  end
  return true
end

--- Whether a conversation shows a stream up to its end, so that there is nothing to draw: a stream
--- with a gap in it is not shown before the gap is closed.
---@param conversation backchat.Conversation
---@param id string
---@return boolean
function M.follows(conversation, id)
  return conversation.growing ~= nil and conversation.growing.stream == streams.get(id)
end

return M
