-- How long a drawing of streamed text takes in Neovim, at the code and in the reader, when the answer has
-- $BACKCHAT_BENCH_BYTES bytes already, in lines of 600 characters; and how often it is drawn. Run by
-- neovim.mjs. There is no server: what it would say is said here. Prints one line of JSON, milliseconds.

local BYTES = tonumber(vim.env.BACKCHAT_BENCH_BYTES)
local TIMES = tonumber(vim.env.BACKCHAT_BENCH_TIMES)

local frames = require("backchat.frames")
require("backchat.attach")

vim.o.columns, vim.o.lines = 120, 40
vim.cmd.edit(vim.fn.tempname() .. ".lua")
vim.api.nvim_buf_set_lines(0, 0, -1, false, { "local a = 1", "local b = 2", "return a + b" })

local range = { start = { line = 1, character = 0 }, ["end"] = { line = 1, character = 11 } }
local request = {
  id = "bench",
  sessionId = "bench",
  uri = vim.uri_from_bufnr(0),
  prompt = "why is this slow?",
  intent = "ask",
  lane = "foreground",
  model = "bench",
  state = "running",
  attempt = 1,
  unread = false,
  dismissed = false,
  createdAt = 1,
  startedAt = os.time() * 1000,
  anchor = { range = range, status = "exact" },
}
require("backchat.requests").update(request)

--- A line of an answer: 600 characters of prose and code.
local line = ("Some `words` of an answer, **in prose**, that goes on. "):rep(11):sub(1, 599) .. "\n"
local seq = 0
local function deliver(text)
  require("backchat.requests").append({ requestId = "bench", attempt = 1, seq = seq, text = text })
  seq = seq + 1
end

--- How often something is drawn in a second while a hundred deltas come in each.
---@return number
local function draws_in_a_second()
  local drawn_at = {}
  local request_frame = frames.request
  frames.request = function(key, run)
    request_frame(key, function()
      table.insert(drawn_at, vim.uv.hrtime() / 1e9)
      run()
    end)
  end
  for _ = 1, 200 do
    deliver("a few more words ")
    vim.wait(10)
  end
  frames.request = request_frame
  return (#drawn_at - 1) / (drawn_at[#drawn_at] - drawn_at[1])
end

--- Milliseconds that each of the drawings takes which the deltas ask for, and Neovim's own redrawing
--- after each.
---@return number[] drawing
---@return number[] redrawing
local function measure()
  local drawing, redrawing = {}, {}
  local due = {}
  local request_frame = frames.request
  frames.request = function(key, run)
    due[key] = run
  end
  for index = 1, TIMES do
    -- What comes in a tenth of a second from a model that is fast.
    for at = 1, 100, 10 do
      deliver(line:sub(at, at + 9))
    end
    deliver(index % 6 == 0 and "\n" or " ")
    for key, run in pairs(due) do
      due[key] = nil
      local started = vim.uv.hrtime()
      run()
      local drawn = vim.uv.hrtime()
      vim.cmd.redraw()
      table.insert(drawing, (drawn - started) / 1e6)
      table.insert(redrawing, (vim.uv.hrtime() - drawn) / 1e6)
    end
  end
  frames.request = request_frame
  return drawing, redrawing
end

for _ = 1, math.floor(BYTES / #line) do
  deliver(line)
end
vim.wait(200)
local rate = draws_in_a_second()
local code, code_redraw = measure()

-- The reader: its window is opened by the answer to the question for the text.
local client = require("backchat.client")
client.ask = function(_, _, callback)
  local streams = require("backchat.streams")
  local stream = streams.get("bench")
  callback(nil, {
    turns = {
      {
        request = request,
        response = {
          text = streams.text(stream),
          partial = true,
          attempt = 1,
          nextSeq = stream.next_seq,
        },
      },
    },
  })
end
require("backchat.reader").read(request)
vim.wait(200)
vim.cmd.normal({ "G", bang = true })
vim.cmd.redraw()
-- What is at the code is not drawn meanwhile.
require("backchat.marks").clear(vim.uri_to_bufnr(request.uri))
local reader, reader_redraw = measure()

io.stdout:write(vim.json.encode({
  rate = rate,
  code = code,
  code_redraw = code_redraw,
  reader = reader,
  reader_redraw = reader_redraw,
}) .. "\n")
