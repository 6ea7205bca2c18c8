-- The highlight groups. Each is a default link, so that a colour scheme or a user decides.

local M = {}

local LINKS = {
  BackchatQueued = "Comment",
  BackchatRunning = "DiagnosticInfo",
  BackchatHeld = "DiagnosticWarn",
  BackchatFailed = "DiagnosticError",
  BackchatCancelled = "Comment",
  BackchatUnread = "DiagnosticOk",
  BackchatRead = "Comment",
  BackchatPreview = "Normal",
  BackchatHint = "NonText",
  BackchatProposal = "DiagnosticInfo",
  BackchatConflict = "DiagnosticWarn",
}

function M.define()
  for name, target in pairs(LINKS) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

return M
