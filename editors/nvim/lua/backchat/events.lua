-- The `User` autocommands that other configuration can hook into.
--
--   BackchatChanged  the inbox or a request changed; data: { status?, request? }
--   BackchatReady    a response is there; data: { request, unread, bufnr? }

local signals = require("backchat.signals")

---@param pattern string
---@param data table
local function fire(pattern, data)
  vim.api.nvim_exec_autocmds("User", { pattern = pattern, data = data, modeline = false })
end

signals.on("request", function(request)
  fire("BackchatChanged", { request = request })
end)
signals.on("status", function(status)
  fire("BackchatChanged", { status = status })
end)
signals.on("ready", function(request, unread)
  fire("BackchatReady", {
    request = request,
    unread = unread,
    bufnr = require("backchat.documents").buffer(request.uri),
  })
end)

return {}
