-- `:checkhealth backchat`: everything that must be in order, each problem with its remedy.

local M = {}

local TIMEOUT = 5000

--- Waits for an answer of the server.
---@param method string
---@param params? table
---@return any result
---@return string? problem
local function ask(method, params)
  local answered, problem, result
  require("backchat.client").ask(method, params, function(err, value)
    answered, problem, result = true, err, value
  end)
  vim.wait(TIMEOUT, function()
    return answered
  end, 20)
  if not answered then
    return nil, ("no answer within %d s"):format(TIMEOUT / 1000)
  end
  return result, problem
end

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.10") == 1 then
    vim.health.ok("Neovim " .. version)
  else
    vim.health.error("Neovim " .. version .. " is too old", "Install Neovim 0.10 or newer")
  end
end

local function check_options()
  local problems = require("backchat.config").problems()
  for _, problem in ipairs(problems) do
    vim.health.error(problem, "See :help backchat-options")
  end
  if #problems == 0 then
    vim.health.ok("options")
  end
end

---@return boolean found
local function check_binary()
  local binary = require("backchat.binary")
  local found, problem = binary.find()
  if not found then
    vim.health.error(problem or "the program backchat was not found", binary.remedy())
    return false
  end
  local result = vim.system({ found.path, "--version" }, { text = true }):wait(TIMEOUT)
  if result.code ~= 0 then
    vim.health.error(
      ("%s (from %s) does not run: %s"):format(
        found.path,
        found.origin,
        vim.trim(result.stderr or "")
      ),
      binary.remedy()
    )
    return false
  end
  vim.health.ok(("%s: %s, from %s"):format(vim.trim(result.stdout), found.path, found.origin))
  return true
end

local function check_model()
  local models, problem = ask("backchat/models")
  if not models then
    return vim.health.error("models: " .. problem)
  end
  if #models.models == 0 then
    return vim.health.error(
      "no model: " .. (models.problem or "none is configured"),
      "See :help backchat-models"
    )
  end
  for _, model in ipairs(models.models) do
    local text = ("model %s%s: %s at %s, from %s"):format(
      model.name,
      model.name == models.selected and " (selected)" or "",
      model.model,
      model.baseUrl,
      model.origin
    )
    if model.problem then
      vim.health.warn(text .. ": " .. model.problem)
    else
      vim.health.ok(text .. (model.keyName and "; its key is there" or ""))
    end
  end
  if models.problem then
    vim.health.warn(models.problem)
  end
end

local function check_prompts()
  local library, problem = ask("backchat/prompts", vim.empty_dict())
  if not library then
    return vim.health.error("prompts: " .. problem)
  end
  for _, wrong in ipairs(library.problems) do
    vim.health.warn(wrong.message, "See :help backchat-prompts")
  end
  -- Servers of earlier versions do not tell the folder.
  if library.folder then
    vim.health.info(
      ("prompts: %d of your own, in %s"):format(#library.prompts, vim.uri_to_fname(library.folder))
    )
  end
end

local function check_server()
  local client = require("backchat.client")
  local status, problem = ask("backchat/status")
  if not status then
    return vim.health.error("the server: " .. problem, "See :Backchat log")
  end
  vim.health.ok("the server is running, version " .. status.version)
  if status.protocolVersion == client.PROTOCOL_VERSION then
    vim.health.ok("protocol " .. status.protocolVersion)
  else
    vim.health.error(
      ("the server speaks protocol %d, this plugin %d"):format(
        status.protocolVersion,
        client.PROTOCOL_VERSION
      ),
      require("backchat.binary").remedy()
    )
  end
  if status.problem then
    vim.health.warn(status.problem)
  end
  vim.health.ok(
    ("the store answers: %d unread, %d running, %d queued, %d held"):format(
      status.unread,
      status.running,
      status.queued,
      status.held
    )
  )
  check_model()
  check_prompts()
  local log = require("backchat.log")
  vim.health.info("log: " .. (log.server_log() or log.client_log()))
end

--- Called by `:checkhealth backchat`.
function M.check()
  vim.health.start("backchat")
  require("backchat.attach")
  check_neovim()
  check_options()
  if check_binary() then
    check_server()
  end
end

return M
