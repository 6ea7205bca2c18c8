-- Which buffers Backchat keeps an eye on, and what happens when they come and go.

local client = require("backchat.client")
local config = require("backchat.config")
local documents = require("backchat.documents")
local marks = require("backchat.marks")
local notify = require("backchat.notify")
local requests = require("backchat.requests")
local signals = require("backchat.signals")
require("backchat.events")
require("backchat.highlights").define()

local M = {}

--- Buffers above this many bytes are attached when the user asks in them, not before: the whole
--- text has to be sent.
local LARGE = 10 * 1024 * 1024

---@param bufnr integer
---@return boolean
local function wanted(bufnr)
  if
    not vim.api.nvim_buf_is_loaded(bufnr)
    or vim.bo[bufnr].buftype ~= ""
    or vim.api.nvim_buf_get_name(bufnr) == ""
    or documents.is_own(bufnr)
    or vim.b[bufnr].backchat == false
    or vim.api.nvim_buf_get_offset(bufnr, vim.api.nvim_buf_line_count(bufnr)) > LARGE
  then
    return false
  end
  local decide = config.get("attach")
  return not decide or decide(bufnr) ~= false
end

--- Tells the server which buffer is in front, so that it can tell who is watching.
local function tell_focus()
  local uri
  if notify.has_focus() then
    local bufnr = vim.api.nvim_get_current_buf()
    uri = documents.uri(bufnr)
    if not uri or (not documents.is_kept_here(bufnr) and not client.is_attached(bufnr)) then
      return
    end
  end
  client.notify("backchat/didFocus", uri and { textDocument = { uri = uri } } or vim.empty_dict())
end

--- Reads a buffer's requests anew and draws them.
---@param bufnr integer
function M.refresh(bufnr)
  for _, uri in ipairs(documents.uris(bufnr)) do
    local asked = requests.before_asking()
    client.request("backchat/requests", { textDocument = { uri = uri } }, function(problem, result)
      if problem or not vim.api.nvim_buf_is_loaded(bufnr) then
        return
      end
      local present = {}
      for _, request in ipairs(result.requests) do
        present[request.id] = true
        requests.answered(request, asked)
        if request.state == "running" then
          M.catch_up(request)
        end
      end
      requests.forget(function(request)
        local gone = request.uri == uri
          and not present[request.id]
          and requests.is_older(request.id, asked)
        if gone then
          marks.remove(request.id)
        end
        return gone
      end)
    end, bufnr)
  end
end

--- Reads the text of a running response whose beginning was streamed to no one here.
---@param request backchat.Request
function M.catch_up(request)
  client.request("backchat/session", { sessionId = request.sessionId }, function(problem, result)
    if problem then
      return
    end
    for _, turn in ipairs(result.turns) do
      if turn.request.id == request.id and turn.request.state == "running" and turn.response then
        require("backchat.streams").load(request.id, turn.response)
      end
    end
  end)
end

---@param bufnr integer
local function attach(bufnr)
  if documents.is_kept_here(bufnr) then
    client.detach(bufnr)
    documents.open(bufnr)
  else
    client.attach(bufnr)
  end
  if client.is_ready() then
    M.refresh(bufnr)
    if bufnr == vim.api.nvim_get_current_buf() then
      tell_focus()
    end
  end
end

--- Attaches a buffer that the user asked about, whatever it is. Calls back with its URI.
---@param bufnr integer
---@param callback fun(problem: string?, uri: string?)
function M.open(bufnr, callback)
  if documents.is_own(bufnr) then
    return callback("this is one of Backchat's own windows; ask in the buffer that it is about")
  end
  client.ensure(function(problem)
    if problem then
      return callback(problem)
    end
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return callback("the buffer was closed")
    end
    if documents.is_kept_here(bufnr) then
      documents.open(bufnr)
      tell_focus()
    elseif not client.is_attached(bufnr) then
      attach(bufnr)
    end
    callback(nil, documents.uri(bufnr))
  end)
end

--- Attaches the buffer of a file when the options allow it. A program that is missing is told by
--- `:Backchat` and `:checkhealth`, not each time that a file is opened.
---@param bufnr integer
function M.automatically(bufnr)
  if not vim.api.nvim_buf_is_valid(bufnr) or not config.get("autostart") or not wanted(bufnr) then
    return
  end
  if client.is_attached(bufnr) and not documents.is_kept_here(bufnr) then
    -- The file was read again: whatever moved, the server knows where its requests are now.
    marks.clear(bufnr)
    return M.refresh(bufnr)
  end
  client.ensure(function(problem)
    -- When the server was just started, all that is wanted is attached already.
    if not problem and wanted(bufnr) and not client.is_attached(bufnr) then
      attach(bufnr)
    end
  end)
end

--- Attaches every file that is open.
function M.all()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    M.automatically(bufnr)
  end
end

signals.on("connected", function()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      if config.get("autostart") and wanted(bufnr) then
        attach(bufnr)
      elseif client.is_attached(bufnr) or documents.is_kept_here(bufnr) then
        M.refresh(bufnr)
      end
    end
  end
  tell_focus()
end)

local group = vim.api.nvim_create_augroup("backchat.attach", {})
local function on(events, callback)
  vim.api.nvim_create_autocmd(events, { group = group, callback = callback })
end

signals.on("lost", function(uri)
  local bufnr = documents.buffer(uri)
  if bufnr then
    client.reopen(bufnr)
    M.refresh(bufnr)
  end
end)

on("OptionSet", function(args)
  local bufnr = vim.api.nvim_get_current_buf()
  local is_open = client.is_attached(bufnr) or documents.is_kept(bufnr)
  if args.match ~= "fileformat" or not documents.is_named(bufnr) or not is_open then
    return
  end
  -- The text of the server has other line breaks now.
  client.detach(bufnr)
  documents.close(bufnr)
  attach(bufnr)
end)
on("BufEnter", function()
  tell_focus()
end)
on("BufWritePost", function(args)
  if documents.is_untitled(args.buf) and documents.is_named(args.buf) and client.is_ready() then
    if not client.is_attached(args.buf) then
      client.attach(args.buf)
    end
    documents.saved(args.buf)
  end
end)
on("FocusGained", function()
  notify.set_focus(true)
  tell_focus()
end)
on("FocusLost", function()
  notify.set_focus(false)
  tell_focus()
end)
on({ "WinResized", "VimResized" }, function()
  marks.redraw()
end)
-- A buffer that is compared is drawn without lines between its own.
vim.api.nvim_create_autocmd("OptionSet", {
  group = group,
  pattern = "diff",
  callback = function()
    marks.redraw()
  end,
})
on("WinClosed", function(args)
  local window = tonumber(args.match)
  if window and vim.api.nvim_win_is_valid(window) and vim.wo[window].diff then
    vim.schedule(marks.redraw)
  end
end)
on("ColorScheme", function()
  require("backchat.highlights").define()
end)
on({ "BufUnload", "BufWipeout" }, function(args)
  marks.clear(args.buf)
  local uris = {}
  for _, uri in ipairs(documents.uris(args.buf)) do
    uris[uri] = true
  end
  requests.forget(function(request)
    return uris[request.uri]
  end)
end)

return M
