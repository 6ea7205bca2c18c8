-- The text of responses that are being streamed, put together from `backchat/responseDelta`. Taking a
-- delta costs what the delta is long, however long the text before it: the pieces are joined only
-- for someone who wants the whole text.

local signals = require("backchat.signals")

local M = {}

--- How much of a line is kept for whoever draws one line, in bytes; no window is wider.
local LINE_LIMIT = 512

---@class backchat.Stream
---@field attempt integer
---@field next_seq integer the `seq` of the delta that continues the text
---@field complete boolean false when deltas before these were missed and not yet read
---@field pieces string[] the text so far, in order; after a gap, what came since
---@field bytes integer how long the text is
---@field line string how its last line with words begins
---@field private line_ended boolean whether the text goes on in a line after `line`
---@field private deltas table<integer, string> what came by notification, by `seq`

---@type table<string, backchat.Stream>
local streams = {}

---@param attempt integer
---@return backchat.Stream
local function begin(attempt)
  return {
    attempt = attempt,
    next_seq = 0,
    complete = true,
    pieces = {},
    bytes = 0,
    line = "",
    line_ended = false,
    deltas = {},
  }
end

---@param line string
---@return string
local function shortened(line)
  if #line <= LINE_LIMIT then
    return line
  end
  -- A character of up to four bytes is kept whole or not at all.
  return line:sub(1, LINE_LIMIT + vim.str_utf_start(line, LINE_LIMIT + 1))
end

---@param stream backchat.Stream
---@param text string
local function add(stream, text)
  table.insert(stream.pieces, text)
  stream.bytes = stream.bytes + #text
  local from = 1
  while from do
    local line_break = text:find("\n", from, true)
    local part = text:sub(from, line_break and line_break - 1)
    local has_words = part:find("%S") ~= nil
    if stream.line_ended and has_words then
      stream.line, stream.line_ended = shortened(part), false
    elseif not stream.line_ended and #stream.line < LINE_LIMIT - 3 then
      stream.line = shortened(stream.line .. part)
    end
    stream.line_ended = stream.line_ended or line_break ~= nil
    from = line_break and line_break + 1
  end
end

--- What is known of a running response, or nil before its first text.
---@param request_id string
---@return backchat.Stream?
function M.get(request_id)
  return streams[request_id]
end

--- The whole text of a stream as far as it came.
---@param stream backchat.Stream
---@return string
function M.text(stream)
  return table.concat(stream.pieces)
end

--- Takes a delta. A higher attempt begins anew; one that was taken before changes nothing; a gap
--- makes the stream incomplete until M.load() fills it.
---@param delta backchat.Delta
function M.append(delta)
  local stream = streams[delta.requestId]
  if not stream or delta.attempt > stream.attempt then
    stream = begin(delta.attempt)
    streams[delta.requestId] = stream
  end
  if delta.attempt < stream.attempt or delta.seq < stream.next_seq then
    return
  end
  if delta.seq > stream.next_seq then
    stream.complete = false
  end
  stream.deltas[delta.seq] = delta.text
  add(stream, delta.text)
  stream.next_seq = delta.seq + 1
  signals.emit("stream", delta.requestId)
end

--- Takes the text of a response that was read by `backchat/session`: it stands for all deltas
--- before its `nextSeq`; those that came since are kept behind it.
---@param request_id string
---@param response backchat.Response
function M.load(request_id, response)
  local known = streams[request_id]
  if known and known.attempt > response.attempt then
    return
  end
  local stream = begin(response.attempt)
  stream.deltas = known and known.attempt == response.attempt and known.deltas or {}
  add(stream, response.text)
  stream.next_seq = response.nextSeq
  while stream.deltas[stream.next_seq] do
    add(stream, stream.deltas[stream.next_seq])
    stream.next_seq = stream.next_seq + 1
  end
  streams[request_id] = stream
  signals.emit("stream", request_id)
end

--- Forgets the text of a request whose attempt is over.
---@param request_id string
function M.forget(request_id)
  streams[request_id] = nil
end

return M
