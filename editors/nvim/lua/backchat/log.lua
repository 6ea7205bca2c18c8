-- `:Backchat log`: where the server and Neovim's client write what happened.

local M = {}

--- The folder of the server's state.
---@return string
local function state_folder()
  local own = vim.env.BACKCHAT_STATE_DIR
  if own and own ~= "" then
    return own
  end
  local base = vim.env.XDG_STATE_HOME
  if not base or base == "" then
    base = vim.fs.normalize("~/.local/state")
  end
  return base .. "/backchat"
end

---@return string
function M.client_log()
  local log = vim.lsp.log
  return log.get_filename and log.get_filename() or vim.lsp.get_log_path()
end

--- The server's newest log, or nil when it wrote none.
---@return string?
function M.server_log()
  local newest, changed
  for _, path in ipairs(vim.fn.globpath(state_folder(), "**/*.log*", false, true)) do
    local stat = vim.uv.fs_stat(path)
    if stat and stat.type == "file" and (not changed or stat.mtime.sec > changed) then
      newest, changed = path, stat.mtime.sec
    end
  end
  return newest
end

--- Opens the server's log, else that of Neovim's client, at its end.
function M.open()
  vim.cmd.tabedit(vim.fn.fnameescape(M.server_log() or M.client_log()))
  vim.bo.readonly = true
  vim.cmd.normal({ "G", bang = true })
end

return M
