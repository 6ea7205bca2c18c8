-- The public functions of backchat.nvim. `:help backchat` tells of each.

local M = {}

--- Sets options. Without it everything works with the defaults and `vim.g.backchat`.
---@param options? backchat.Options
function M.setup(options)
  require("backchat.config").setup(options)
end

--- What the functions that submit take.
---@class backchat.SubmitOptions
---@field prompt? string asked for when it is missing
---@field selection? backchat.Selection default: the visual selection, else the whole buffer

---@param verb "ask"|"submit"|"edit"
---@param options? backchat.SubmitOptions
local function submit(verb, options)
  options = options or {}
  local place = options.selection
  if not place then
    place = require("backchat.selection").of_visual_mode()
    if place then
      -- The selection was understood; leaving visual mode shows it.
      vim.cmd.normal({ vim.keycode("<Esc>"), bang = true })
    end
  end
  require("backchat.submit").run(verb, { prompt = options.prompt, selection = place })
end

--- Asks about the selection or the buffer. Streams when you watch, else runs in the background.
---@param options? backchat.SubmitOptions
function M.ask(options)
  submit("ask", options)
end

--- Asks in the background.
---@param options? backchat.SubmitOptions
function M.submit(options)
  submit("submit", options)
end

--- Asks for a change, in the background. What is proposed is shown; apply() puts it in the buffer.
---@param options? backchat.SubmitOptions
function M.edit(options)
  submit("edit", options)
end

--- For an `expr` mapping: an operator that submits about the text of a motion. `.` repeats it.
---@param verb "ask"|"submit"|"edit"
---@return string keys
function M.operator(verb)
  return require("backchat.submit").operator(verb)
end

--- Opens the answer at the cursor, or the nearest unread one.
function M.read()
  require("backchat.navigate").read()
end

--- Goes to the next request of the buffer.
function M.next()
  require("backchat.navigate").go(1)
end

--- Goes to the previous request of the buffer.
function M.prev()
  require("backchat.navigate").go(-1)
end

--- Lets you pick a session and goes there.
function M.sessions()
  require("backchat.sessions").pick()
end

--- Opens the transcript of the buffer's session.
function M.transcript()
  require("backchat.transcript").of_buffer()
end

--- Cancels the request at the cursor.
function M.cancel()
  require("backchat.actions").run("cancel")
end

--- Queues the failed or cancelled request at the cursor again.
function M.retry()
  require("backchat.actions").run("retry")
end

--- Lets the secrets that the request at the cursor is held for be sent to its model.
function M.allow()
  require("backchat.actions").run("allow")
end

--- Takes the finished request at the cursor out of the buffer.
function M.dismiss()
  require("backchat.actions").run("dismiss")
end

--- Applies the change that was proposed at the cursor.
---@param options? backchat.ApplyOptions
function M.apply(options)
  require("backchat.apply").run(options)
end

--- Shows the change that was proposed at the cursor as a unified diff.
function M.preview()
  require("backchat.compare").preview()
end

--- Compares the buffer with the change that was proposed at the cursor, in a tab.
function M.diff()
  require("backchat.compare").diff()
end

--- For a statusline: e.g. "📬 2 ● 1", or "" when there is nothing to say. Costs nothing to call.
---@return string
function M.status()
  local status = package.loaded["backchat.status"]
  return status and status.line() or ""
end

--- The counts behind status(), or nil before the server told them.
---@return backchat.Status?
function M.counts()
  local status = package.loaded["backchat.status"]
  return status and status.get()
end

return M
