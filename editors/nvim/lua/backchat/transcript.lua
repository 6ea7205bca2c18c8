-- A session as a text: `backchat://session/<id>`. It follows what happens, and an answer of which
-- every line was in a window is read.

local answer = require("backchat.answer")
local client = require("backchat.client")
local documents = require("backchat.documents")
local markdown = require("backchat.markdown")
local notify = require("backchat.notify")
local signals = require("backchat.signals")
local status = require("backchat.status")
local subjects = require("backchat.subjects")
local taking = require("backchat.taking")
local visible = require("backchat.visible")

local M = {}

local PREFIX = "backchat://session/"

--- Where a turn stands in the transcript; rows are 0-based, the last ones inclusive.
---@class backchat.Passage
---@field request backchat.Request
---@field first integer the row of the prompt's heading
---@field answer integer the first row of what was said
---@field last integer the last row of what was said

--- The transcript as markdown, and where its turns are.
---@param session backchat.Session
---@param turns backchat.Turn[]
---@return string[] lines
---@return backchat.Passage[]
function M.render(session, turns)
  local lines = { "# " .. visible.single(session.title), "" }
  table.insert(lines, visible.single(documents.label(session.uri)))
  local passages = {}
  for _, turn in ipairs(turns) do
    local prompt = visible.lines(vim.trim(turn.request.prompt))
    table.insert(lines, "")
    local first = #lines
    table.insert(lines, "## " .. prompt[1])
    vim.list_extend(lines, vim.list_slice(prompt, 2))
    table.insert(lines, "")
    table.insert(
      lines,
      ("*%s · %s*"):format(status.clock(turn.request.createdAt), answer.facts(turn.request))
    )
    table.insert(lines, "")
    local said = #lines
    vim.list_extend(lines, answer.lines(turn.request, turn.response))
    table.insert(passages, {
      request = turn.request,
      first = first,
      answer = said,
      last = math.max(said, #lines - 1),
    })
  end
  return lines, passages
end

---@param bufnr integer
---@return string? session_id
local function session_of(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  return vim.startswith(name, PREFIX) and name:sub(#PREFIX + 1) or nil
end

--- A transcript that is open.
---@class backchat.Transcript
---@field stop fun() ends listening
---@field passages backchat.Passage[]
---@field seen table<string, table<integer, true>> for each request the rows, from its answer's first on, that were shown
---@field taken table<string, true> the requests that were taken here

---@type table<integer, backchat.Transcript>
local transcripts = {}

--- The rows that a window shows. A line that is higher than the window is shown by it.
---@param window integer
---@return integer top
---@return integer bottom
local function rows_of(window)
  local top = vim.fn.line("w0", window)
  return top - 1, math.max(top, vim.fn.line("w$", window)) - 1
end

--- Takes the answers of which every line was shown by now.
---@param bufnr integer
local function take_shown(bufnr)
  local transcript = transcripts[bufnr]
  if not transcript then
    return
  end
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_buf(window) == bufnr then
      local top, bottom = rows_of(window)
      for _, passage in ipairs(transcript.passages) do
        local id = passage.request.id
        if passage.request.unread and not transcript.taken[id] then
          local seen = transcript.seen[id] or {}
          transcript.seen[id] = seen
          for row = math.max(top, passage.answer), math.min(bottom, passage.last) do
            seen[row - passage.answer] = true
          end
          if vim.tbl_count(seen) > passage.last - passage.answer then
            transcript.taken[id] = true
            taking.take({ requestId = id })
          end
        end
      end
    end
  end
end

---@param bufnr integer
---@param session_id string
local function refresh(bufnr, session_id)
  client.ask("backchat/session", { sessionId = session_id }, function(problem, result)
    local transcript = transcripts[bufnr]
    if not transcript or not vim.api.nvim_buf_is_loaded(bufnr) then
      return
    end
    if problem then
      return notify.error(problem)
    end
    local lines, passages = M.render(result.session, result.turns)
    markdown.set_lines(bufnr, lines)
    transcript.passages = passages
    for _, passage in ipairs(passages) do
      -- One that is asked again later has to be shown again.
      if not passage.request.unread then
        transcript.seen[passage.request.id], transcript.taken[passage.request.id] = nil, nil
      end
    end
    take_shown(bufnr)
  end)
end

--- The turn at the cursor.
---@param bufnr integer
---@return backchat.Request?
local function at_cursor(bufnr)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local passages = transcripts[bufnr] and transcripts[bufnr].passages or {}
  local found = passages[1]
  for _, passage in ipairs(passages) do
    if passage.first <= row then
      found = passage
    end
  end
  return found and found.request
end

---@param bufnr integer
---@param session_id string
local function follow(bufnr, session_id)
  if transcripts[bufnr] then
    return
  end
  local pending = false
  local stop = signals.on("request", function(request, before)
    if request.sessionId ~= session_id or pending then
      return
    end
    if before and before.state == "running" and request.state == "running" then
      -- Its place moved; nothing of that is in the transcript.
      return
    end
    -- Changes come in bursts; one reading shows them all.
    pending = true
    vim.defer_fn(function()
      pending = false
      if transcripts[bufnr] and vim.api.nvim_buf_is_loaded(bufnr) then
        refresh(bufnr, session_id)
      end
    end, 100)
  end)
  transcripts[bufnr] = { stop = stop, passages = {}, seen = {}, taken = {} }
  subjects.set(bufnr, function()
    return at_cursor(bufnr)
  end)
  vim.api.nvim_create_autocmd({ "BufUnload", "BufWipeout" }, {
    buffer = bufnr,
    once = true,
    callback = function()
      if transcripts[bufnr] then
        transcripts[bufnr].stop()
        transcripts[bufnr] = nil
      end
    end,
  })
end

vim.api.nvim_create_autocmd({ "WinScrolled", "WinResized", "BufWinEnter", "TabEnter" }, {
  group = vim.api.nvim_create_augroup("backchat.transcript", {}),
  desc = "Take the answers that a transcript shows",
  callback = function()
    if next(transcripts) then
      vim.schedule(function()
        for bufnr in pairs(transcripts) do
          take_shown(bufnr)
        end
      end)
    end
  end,
})

--- Fills the buffer of a transcript: what `BufReadCmd` calls.
---@param bufnr integer
function M.load(bufnr)
  local session_id = session_of(bufnr)
  if not session_id then
    return notify.error(
      ("%s is not the name of a transcript; :Backchat transcript opens one"):format(
        vim.api.nvim_buf_get_name(bufnr)
      )
    )
  end
  vim.bo[bufnr].bufhidden = "hide"
  markdown.prepare(bufnr)
  vim.keymap.set("n", "gy", markdown.yank_code, { buffer = bufnr, desc = "Yank the code block" })
  vim.keymap.set("n", "]]", function()
    markdown.hop(1)
  end, { buffer = bufnr, desc = "Next code block" })
  vim.keymap.set("n", "[[", function()
    markdown.hop(-1)
  end, { buffer = bufnr, desc = "Previous code block" })
  follow(bufnr, session_id)
  refresh(bufnr, session_id)
end

--- Opens a session's transcript in the current window.
---@param session_id string
function M.open(session_id)
  subjects.leave()
  vim.cmd.edit({ PREFIX .. session_id, magic = { file = false, bar = false } })
end

--- Opens the transcript of the current buffer's session; in a window of Backchat's own, of the session
--- that it shows.
function M.of_buffer()
  local subject = subjects.current()
  if subject then
    return M.open(subject.sessionId)
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local uri = documents.uri(bufnr)
  if not uri then
    return notify.info("nothing was asked in this buffer yet")
  end
  client.ask("backchat/sessions", { textDocument = { uri = uri } }, function(problem, result)
    if problem then
      return notify.error(problem)
    end
    local session = result.sessions[1]
    if not session then
      return notify.info("nothing was asked in this buffer yet")
    end
    M.open(session.id)
  end)
end

return M
