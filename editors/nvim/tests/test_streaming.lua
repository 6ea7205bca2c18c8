-- What streams is drawn at most ten times a second, and a drawing costs the same however long the text
-- is. Work is counted here; `npm run bench` tells how long it takes.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

--- Counts in a Neovim what is drawn, and how many bytes are looked at for it. `deliver` hands over a
--- delta as the server does.
local COUNTED = [[
  _G.draws, _G.looked = 0, 0
  local set_extmark = vim.api.nvim_buf_set_extmark
  vim.api.nvim_buf_set_extmark = function(bufnr, namespace, row, col, options)
    _G.draws = _G.draws + (options.virt_text and 1 or 0)
    return set_extmark(bufnr, namespace, row, col, options)
  end
  local function count(module, name, size)
    local original = module[name]
    module[name] = function(...)
      _G.looked = _G.looked + size(original, ...)
      return original(...)
    end
  end
  count(require("backchat.visible"), "line", function(_, line)
    return #line
  end)
  count(require("backchat.streams"), "text", function(text, stream)
    return #text(stream)
  end)
  _G.deliver = function(text)
    local request = require("backchat.requests").list()[1]
    local stream = require("backchat.streams").get(request.id)
    require("backchat.handlers")["backchat/responseDelta"](nil, {
      requestId = request.id,
      attempt = request.attempt,
      seq = stream and stream.next_seq or 0,
      text = text,
    })
  end
  -- How often and for how long, in frames, something was drawn while `run` did.
  _G.frames_of = function(run)
    local started = vim.uv.hrtime()
    run()
    return math.floor((vim.uv.hrtime() - started) / 1e8) + 2
  end
]]

--- A Neovim in which an answer streams that ends when it is released.
local function streaming()
  harness.script({ match = "watch", answer = "It begins so: ", gate = 4 })
  local child = harness.neovim({
    args = { harness.file("watched.txt", { "one", "two", "three" }) },
  })
  child.wait_ready()
  child.cmd("2Backchat ask watch this")
  child.wait_mark("begins so:")
  child.lua(COUNTED)
  return child
end

T["a burst of text is drawn once at the code"] = function()
  local child = streaming()
  local drawn, allowed = unpack(child.lua([[
    local frames = _G.frames_of(function()
      for number = 1, 300 do
        deliver("word " .. number .. " ")
        if number % 10 == 0 then
          vim.wait(5)
        end
      end
      deliver("\nthe last words")
      vim.wait(120)
    end)
    return { _G.draws, frames }
  ]]))
  -- One a frame, and one for each second that passes.
  equal(drawn <= allowed + math.ceil(allowed / 10) and drawn or { drawn, allowed }, drawn)
  -- What came last is drawn, though it came right after a frame.
  child.wait_mark("the last words")
end

T["a drawing at the code looks at as many bytes of a long text as of a short one"] = function()
  local child = streaming()
  local looked = child.lua([[
    local inline = require("backchat.inline")
    local request = require("backchat.requests").list()[1]
    local words = ("word "):rep(120) .. "\n"
    local looked = {}
    for round = 1, 3 do
      for _ = 1, 10 ^ round do
        deliver(words)
      end
      _G.looked = 0
      inline.draw(request, {
        now = 0,
        width = 80,
        indent = 0,
        stream = require("backchat.streams").get(request.id),
      })
      looked[round] = _G.looked
    end
    return looked
  ]])
  equal(looked[1] < 2000, true)
  equal(looked, { looked[1], looked[1], looked[1] })
end

T["the reader draws what is new, once a frame"] = function()
  local child = streaming()
  child.cmd("2")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  child.wait_for('vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == "It begins so:"')
  local drawn, allowed, looked, bytes = unpack(child.lua([[
    local changes, bytes = 0, 0
    vim.api.nvim_buf_attach(0, false, { on_lines = function() changes = changes + 1 end })
    _G.looked = 0
    local frames = _G.frames_of(function()
      for number = 1, 400 do
        local text = ("word "):rep(120) .. number .. "\n"
        bytes = bytes + #text
        deliver(text)
        if number % 10 == 0 then
          vim.wait(5)
        end
      end
      vim.wait(2000, function()
        return vim.api.nvim_buf_get_lines(0, -4, -1, false)[2]:find(" 400$") ~= nil
      end)
    end)
    return { changes, frames, _G.looked, bytes }
  ]]))
  equal(drawn <= allowed and drawn or { drawn, allowed }, drawn)
  -- Every byte once, and the line at the code.
  equal(looked < 2 * bytes and looked or { looked, bytes }, looked)
  local lines = child.api.nvim_buf_get_lines(0, 0, -1, false)
  equal(#lines, 402)
  equal(lines[1]:sub(1, 24), "It begins so: word word ")
  equal(vim.list_slice(lines, 401), { "", "● running" })
  harness.release("watch")
  child.wait_for('vim.api.nvim_buf_get_lines(0, 0, -1, false)[1] == "It begins so:"')
end

--- Texts of all that is treated specially, in pieces that break anywhere but in a character.
---@param random fun(limit: integer): integer
---@return string[]
local function pieces_of(random)
  local parts =
    { "word", " ", "\n", "\r\n", "\r", "\n\n", "  ", "é📬", "\27[1m", "\t", "x\194\155", "```" }
  local pieces = {}
  for _ = 1, random(12) do
    local piece = {}
    for _ = 1, random(4) do
      table.insert(piece, parts[random(#parts)])
    end
    table.insert(pieces, table.concat(piece))
  end
  return pieces
end

T["text that is appended looks as if it had been drawn at once, however it was cut"] = function()
  local conversations = require("backchat.conversation")
  local requests = require("backchat.requests")
  local streams = require("backchat.streams")
  local seed = 7
  local function random(limit)
    seed = (seed * 16807) % 2147483647
    return seed % limit + 1
  end
  for round = 1, 200 do
    local request = {
      id = "grown-" .. round,
      sessionId = "s",
      uri = "untitled:x",
      prompt = "why?",
      intent = "ask",
      lane = "foreground",
      model = "scripted",
      state = "running",
      attempt = 1,
      unread = false,
      dismissed = false,
      createdAt = round,
    }
    requests.update(request)
    local grown = vim.api.nvim_create_buf(false, true)
    local whole = vim.api.nvim_create_buf(false, true)
    local conversation = conversations.begin(grown, { { request = request } })
    for seq, piece in ipairs(pieces_of(random)) do
      streams.append({ requestId = request.id, attempt = 1, seq = seq - 1, text = piece })
      if not conversations.grow(conversation, 100) then
        conversations.draw(conversation)
      end
      local expected = conversations.begin(whole, { { request = request } })
      equal(
        { round, seq, vim.api.nvim_buf_get_lines(grown, 0, -1, true), conversation.widest },
        { round, seq, vim.api.nvim_buf_get_lines(whole, 0, -1, true), expected.widest }
      )
    end
    vim.api.nvim_buf_delete(grown, { force = true })
    vim.api.nvim_buf_delete(whole, { force = true })
    requests.forget(function(known)
      return known.id == request.id
    end)
  end
end

T["the line at the code is the last one with words, cut between characters"] = function()
  local streams = require("backchat.streams")
  local function line_of(...)
    for seq, text in ipairs({ ... }) do
      streams.append({ requestId = "line", attempt = 1, seq = seq - 1, text = text })
    end
    local line = streams.get("line").line
    streams.forget("line")
    return line
  end
  equal(line_of("one\ntwo", " ", "three"), "two three")
  equal(line_of("one\n", "two\n", "\n  \n"), "two")
  equal(line_of("\n\n", "one", "\n", "  ", "two"), "two")
  equal(line_of("one\ntwo\nth", "ree\n"), "three")
  local long = line_of(("é📬"):rep(60), ("é📬"):rep(60))
  equal(
    { #long <= 512, #long > 500, ("é📬"):rep(120):sub(1, #long) == long },
    { true, true, true }
  )
  equal(long:sub(-4) == "📬" or long:sub(-2) == "é", true)
end

return T
