-- The text of responses that are being streamed, put together from `backchat/responseDelta`.

local signals = require("backchat.signals")

local M = {}

---@class backchat.Stream
---@field attempt integer
---@field text string what came so far; after a gap, what came since
---@field next_seq integer the `seq` of the delta that continues `text`
---@field complete boolean false when deltas before these were missed and not yet read
---@field private deltas table<integer, string> what came by notification, by `seq`

---@type table<string, backchat.Stream>
local streams = {}

--- The text of a running response as far as it came, or nil.
---@param request_id string
---@return backchat.Stream?
function M.get(request_id)
  return streams[request_id]
end

--- Takes a delta. A higher attempt begins anew; one that was taken before changes nothing; a gap
--- makes the stream incomplete until M.load() fills it.
---@param delta backchat.Delta
function M.append(delta)
  local stream = streams[delta.requestId]
  if not stream or delta.attempt > stream.attempt then
    stream = { attempt = delta.attempt, text = "", next_seq = 0, complete = true, deltas = {} }
    streams[delta.requestId] = stream
  end
  if delta.attempt < stream.attempt or delta.seq < stream.next_seq then
    return
  end
  if delta.seq > stream.next_seq then
    stream.complete = false
  end
  stream.deltas[delta.seq] = delta.text
  stream.text = stream.text .. delta.text
  stream.next_seq = delta.seq + 1
  signals.emit("stream", delta.requestId)
end

--- Takes the text of a response that was read by `backchat/session`: it stands for all deltas
--- before its `nextSeq`; those that came since are kept behind it.
---@param request_id string
---@param response backchat.Response
function M.load(request_id, response)
  local stream = streams[request_id]
  if stream and stream.attempt > response.attempt then
    return
  end
  local deltas = stream and stream.attempt == response.attempt and stream.deltas or {}
  local text, seq = response.text, response.nextSeq
  while deltas[seq] do
    text = text .. deltas[seq]
    seq = seq + 1
  end
  streams[request_id] = {
    attempt = response.attempt,
    text = text,
    next_seq = seq,
    complete = true,
    deltas = deltas,
  }
  signals.emit("stream", request_id)
end

--- Forgets the text of a request whose attempt is over.
---@param request_id string
function M.forget(request_id)
  streams[request_id] = nil
end

return M
