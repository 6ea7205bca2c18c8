-- The one connection to the server: starts it, asks it, and brings it back when it died. The
-- differences between the clients of Neovim 0.10, 0.11 and 0.12 are kept here.

local binary = require("backchat.binary")
local documents = require("backchat.documents")
local folders = require("backchat.folders")
local notify = require("backchat.notify")
local signals = require("backchat.signals")

local M = {}

--- The version of the contract that this plugin speaks.
M.PROTOCOL_VERSION = 1

--- Waiting times before a server that died is started again, in milliseconds. After the last one
--- it stays down until it is wanted.
local BACK_OFF = { 200, 1000, 4000, 15000, 60000 }
--- A server that ran for so long (in milliseconds) was well.
local WELL = 60000
--- How long a completion may wait for the server, in milliseconds.
local BRIEFLY = 500

local modern = vim.fn.has("nvim-0.11") == 1

---@type "stopped"|"starting"|"ready"|"waiting"
local phase = "stopped"
---@type integer?
local client_id
local started_at = 0
local deaths = 0
---@type fun(problem: string?)[]
local waiting = {}
--- Requests that must reach the server even when it dies before it answers.
---@type table<integer, { sent_to: integer?, send: fun(), finish: fun(problem: string?, result: any) }>
local unanswered = {}
local next_unanswered = 0

---@return vim.lsp.Client?
function M.get()
  return client_id and vim.lsp.get_client_by_id(client_id)
end

---@return boolean
function M.is_ready()
  return phase == "ready"
end

---@return string
function M.phase()
  return phase
end

---@return string
function M.encoding()
  local client = M.get()
  return client and client.offset_encoding or "utf-16"
end

---@param problem string?
local function settle(problem)
  local settled = waiting
  waiting = {}
  for _, callback in ipairs(settled) do
    callback(problem)
  end
  for _, entry in pairs(vim.tbl_values(unanswered)) do
    if problem then
      -- No server will come to ask again.
      entry.finish(problem)
    else
      entry.send()
    end
  end
end

---@param method string
---@param params? table
function M.notify(method, params)
  local client = M.get()
  if not client or phase ~= "ready" then
    return
  end
  if modern then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end
documents.notify = M.notify

--- Attaches the built-in client to the buffer of a file.
---@param bufnr integer
function M.attach(bufnr)
  if
    client_id
    and not documents.is_kept_here(bufnr)
    and not vim.lsp.buf_is_attached(bufnr, client_id)
  then
    local folder = folders.add(bufnr)
    if folder then
      M.notify(
        "workspace/didChangeWorkspaceFolders",
        { event = { added = { folder }, removed = {} } }
      )
    end
    vim.lsp.buf_attach_client(bufnr, client_id)
  end
end

---@param bufnr integer
function M.detach(bufnr)
  if client_id and vim.lsp.buf_is_attached(bufnr, client_id) then
    vim.lsp.buf_detach_client(bufnr, client_id)
  end
end

--- Has the server forget the text of a buffer and take it as it is now.
---@param bufnr integer
function M.reopen(bufnr)
  if M.is_attached(bufnr) then
    M.detach(bufnr)
    M.attach(bufnr)
  else
    documents.reopen(bufnr)
  end
end

---@param bufnr integer
---@return boolean
function M.is_attached(bufnr)
  return client_id ~= nil and vim.lsp.buf_is_attached(bufnr, client_id)
end

--- Asks the server, which must be ready. The callback is called once, in the main loop; not at
--- all when the server dies before it answers (see M.request_surely).
---@param method string
---@param params? table
---@param callback fun(problem: string?, result: any)
---@param bufnr? integer the buffer that it is about: what was typed there is sent first
function M.request(method, params, callback, bufnr)
  local client = M.get()
  if not client or phase ~= "ready" then
    return callback("the server is not running")
  end
  if bufnr then
    documents.flush(bufnr)
  end
  local function handler(err, result)
    callback(err and (err.message or vim.inspect(err)) or nil, result)
  end
  bufnr = bufnr and vim.api.nvim_buf_is_valid(bufnr) and bufnr or vim.api.nvim_get_current_buf()
  local sent
  if modern then
    sent = client:request(method, params, handler, bufnr)
  else
    sent = client.request(method, params, handler, bufnr)
  end
  if not sent then
    callback("the server has just ended")
  end
end

--- Asks a server that is ready, and waits a moment for its answer: for completion, which has no later.
---@param method string
---@param params? table
---@return any result nil when there is none, or none in time
function M.request_briefly(method, params)
  if phase ~= "ready" then
    return nil
  end
  local done, answer = false, nil
  M.request(method, params, function(_, result)
    done, answer = true, result
  end)
  vim.wait(BRIEFLY, function()
    return done
  end, 10)
  return answer
end

--- Asks the server when it is ready; starts it when it is not.
---@param method string
---@param params? table
---@param callback fun(problem: string?, result: any)
---@param bufnr? integer
function M.ask(method, params, callback, bufnr)
  M.ensure(function(problem)
    if problem then
      return callback(problem)
    end
    M.request(method, params, callback, bufnr)
  end)
end

--- As M.ask, for a request that may be sent twice: when the server dies before it answers, the
--- next one is asked. `make` is called for each try, as places and versions change meanwhile.
---@param method string
---@param make fun(): table? params, or nil when the buffer is gone
---@param callback fun(problem: string?, result: any)
---@param bufnr integer
function M.request_surely(method, make, callback, bufnr)
  next_unanswered = next_unanswered + 1
  local id = next_unanswered
  local function finish(problem, result)
    if unanswered[id] then
      unanswered[id] = nil
      callback(problem, result)
    end
  end
  local entry = { finish = finish }
  entry.send = function()
    if entry.sent_to == client_id then
      return
    end
    local params = make()
    if not params then
      return finish("the buffer was closed before the server was asked")
    end
    entry.sent_to = client_id
    M.request(method, params, function(problem, result)
      if problem and phase ~= "ready" then
        -- The server ended meanwhile; the next one is asked.
        entry.sent_to = nil
        return
      end
      finish(problem, result)
    end, bufnr)
  end
  unanswered[id] = entry
  M.ensure(function(problem)
    if problem then
      finish(problem)
    elseif unanswered[id] then
      entry.send()
    end
  end)
end

--- Why a server that answered cannot be used, or nil.
---@param client vim.lsp.Client
---@return string?
local function mismatch(client)
  local version =
    vim.tbl_get(client.server_capabilities or {}, "experimental", "backchat", "protocolVersion")
  if version == M.PROTOCOL_VERSION then
    return nil
  end
  local program = client.config.cmd[1]
  if version == nil or version < M.PROTOCOL_VERSION then
    return ("%s is too old for this plugin (protocol %s, wanted %d). %s"):format(
      program,
      version or "unknown",
      M.PROTOCOL_VERSION,
      binary.remedy()
    )
  end
  return ("this plugin is too old for %s (protocol %d, wanted %d). Update the plugin."):format(
    program,
    version,
    M.PROTOCOL_VERSION
  )
end

---@param client vim.lsp.Client
local function on_init(client)
  if client.id ~= client_id then
    return
  end
  local problem = mismatch(client)
  if problem then
    phase = "stopped"
    client_id = nil
    if modern then
      client:stop(true)
    else
      client.stop(true)
    end
    return settle(problem)
  end
  phase = "ready"
  -- Neovim opens the documents of files after this function; whoever asks about them waits.
  vim.schedule(function()
    if phase ~= "ready" or client.id ~= client_id then
      return
    end
    documents.reopen_all()
    signals.emit("connected")
    settle(nil)
  end)
end

local start

---@param code integer
---@param signal integer
---@param id integer
local function on_exit(code, signal, id)
  if id ~= client_id then
    return
  end
  local was = phase
  client_id = nil
  phase = "stopped"
  if vim.v.exiting ~= vim.NIL then
    return
  end
  signals.emit("disconnected")
  local how = signal ~= 0 and ("signal %d"):format(signal) or ("exit code %d"):format(code)
  if was == "starting" then
    return settle(
      ("the server ended as soon as it was started (%s). See :Backchat log"):format(how)
    )
  end
  if code == 0 and (signal == 0 or signal == 15) then
    -- Someone stopped it.
    return
  end
  if vim.uv.now() - started_at > WELL then
    deaths = 0
  end
  deaths = deaths + 1
  local delay = BACK_OFF[deaths]
  if not delay then
    deaths = 0
    notify.error(
      ("the server ended %d times in a row (%s). Nothing is lost. See :Backchat log; any :Backchat command starts it again"):format(
        #BACK_OFF + 1,
        how
      )
    )
    return
  end
  notify.warn(("the server ended (%s); it is started again. Nothing is lost"):format(how))
  phase = "waiting"
  vim.defer_fn(function()
    if phase == "waiting" then
      start()
    end
  end, delay)
end

---@return table
local function capabilities()
  local announced = vim.lsp.protocol.make_client_capabilities()
  announced.experimental = vim.tbl_deep_extend("force", announced.experimental or {}, {
    backchat = { protocolVersion = M.PROTOCOL_VERSION },
  })
  return announced
end

start = function()
  local found, problem = binary.find()
  if not found then
    phase = "stopped"
    return settle(problem)
  end
  phase = "starting"
  started_at = vim.uv.now()
  local root = vim.fn.getcwd()
  folders.start(root)
  ---@type vim.lsp.ClientConfig
  local options = {
    name = "backchat",
    cmd = { found.path, "serve" },
    root_dir = root,
    capabilities = capabilities(),
    -- In a buffer a CR is a character like others.
    init_options = { lineEnds = { "\n" } },
    handlers = require("backchat.handlers"),
    on_init = on_init,
    on_exit = vim.schedule_wrap(on_exit),
  }
  local id
  if modern then
    id = vim.lsp.start(options, {
      attach = false,
      reuse_client = function()
        return false
      end,
    })
  else
    id = vim.lsp.start_client(options)
  end
  if not id then
    phase = "stopped"
    return settle(("%s could not be started. See :Backchat log"):format(found.path))
  end
  client_id = id
end

--- Starts the server when it does not run, and calls back when it is ready or cannot be.
---@param callback fun(problem: string?)
function M.ensure(callback)
  if phase == "ready" then
    return callback(nil)
  end
  table.insert(waiting, callback)
  if phase == "stopped" or phase == "waiting" then
    start()
  end
end

return M
