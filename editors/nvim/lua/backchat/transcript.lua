-- A session as a text: `backchat://session/<id>`. It follows what happens, and what it shows in a
-- window is read.

local answer = require("backchat.answer")
local client = require("backchat.client")
local documents = require("backchat.documents")
local markdown = require("backchat.markdown")
local notify = require("backchat.notify")
local signals = require("backchat.signals")
local status = require("backchat.status")
local taking = require("backchat.taking")
local visible = require("backchat.visible")

local M = {}

local PREFIX = "backchat://session/"

--- The transcript as markdown.
---@param session backchat.Session
---@param turns backchat.Turn[]
---@return string[]
function M.render(session, turns)
  local lines = { "# " .. visible.single(session.title), "" }
  table.insert(lines, visible.single(documents.label(session.uri)))
  for _, turn in ipairs(turns) do
    local prompt = visible.lines(vim.trim(turn.request.prompt))
    vim.list_extend(lines, { "", "## " .. prompt[1] })
    vim.list_extend(lines, vim.list_slice(prompt, 2))
    table.insert(lines, "")
    table.insert(
      lines,
      ("*%s · %s*"):format(status.clock(turn.request.createdAt), answer.facts(turn.request))
    )
    table.insert(lines, "")
    vim.list_extend(lines, answer.lines(turn.request, turn.response))
  end
  return lines
end

---@param bufnr integer
---@return string? session_id
local function session_of(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  return vim.startswith(name, PREFIX) and name:sub(#PREFIX + 1) or nil
end

---@param bufnr integer
---@param session_id string
local function refresh(bufnr, session_id)
  client.ask("backchat/session", { sessionId = session_id }, function(problem, result)
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return
    end
    if problem then
      return notify.error(problem)
    end
    markdown.set_lines(bufnr, M.render(result.session, result.turns))
    if result.session.unread > 0 and vim.fn.bufwinid(bufnr) ~= -1 then
      taking.take({ sessionId = session_id })
    end
  end)
end

---@type table<integer, fun()>
local following = {}

---@param bufnr integer
---@param session_id string
local function follow(bufnr, session_id)
  if following[bufnr] then
    return
  end
  local pending = false
  local stop = signals.on("request", function(request)
    if request.sessionId ~= session_id or pending then
      return
    end
    -- Changes come in bursts; one reading shows them all.
    pending = true
    vim.defer_fn(function()
      pending = false
      if following[bufnr] and vim.api.nvim_buf_is_loaded(bufnr) then
        refresh(bufnr, session_id)
      end
    end, 100)
  end)
  following[bufnr] = stop
  vim.api.nvim_create_autocmd({ "BufUnload", "BufWipeout" }, {
    buffer = bufnr,
    once = true,
    callback = function()
      if following[bufnr] then
        following[bufnr]()
        following[bufnr] = nil
      end
    end,
  })
end

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
  vim.cmd.edit({ PREFIX .. session_id, magic = { file = false, bar = false } })
end

--- Opens the transcript of the current buffer's session.
function M.of_buffer()
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
