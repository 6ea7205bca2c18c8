-- What the finished requests for a change propose for their buffers as they are now. The server
-- merges anew each time that it is asked; here is what is drawn of its latest answer.

local client = require("backchat.client")
local documents = require("backchat.documents")
local requests = require("backchat.requests")
local signals = require("backchat.signals")

local M = {}

--- A buffer is looked at again when nothing was typed for so long, in milliseconds.
local SETTLE = 400
--- A merge of a large buffer costs time, also in this process: of all time at most one part in so
--- many is spent on it.
local SHARE = 10

---@class backchat.ProposalSummary
---@field status backchat.ProposalStatus
---@field reason? string
---@field added integer lines
---@field removed integer lines
---@field hunks integer
---@field conflicts integer
---@field marked? boolean whether the conflicts are in the buffer already, between markers

---@class backchat.ProposalWatch
---@field bufnr integer
---@field timer uv.uv_timer_t
---@field asking boolean
---@field took integer how long the last answer took, in milliseconds
---@field asked table<string, integer> the version that each request was asked about last

---@type table<string, backchat.ProposalSummary>
local known = {}
---@type table<integer, backchat.ProposalWatch>
local watches = {}

--- What is known of a request's proposal; nil before the server told it.
---@param id string
---@return backchat.ProposalSummary?
function M.get(id)
  return known[id]
end

--- Whether a request may propose a change.
---@param request backchat.Request
---@return boolean
function M.is_edit(request)
  return request.intent == "edit" and request.state == "done" and not request.dismissed
end

--- Whether the buffer has all of a proposed change: it was applied, or typed.
---@param summary backchat.ProposalSummary
---@return boolean
function M.is_in_buffer(summary)
  return summary.status ~= "none" and summary.hunks == 0 and summary.conflicts == 0
end

--- Whether a buffer has conflict markers as `:Backchat apply!` writes them.
---@param bufnr integer
---@return boolean
function M.has_markers(bufnr)
  local opened = false
  for _, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)) do
    opened = opened or line == "<<<<<<< yours"
    if opened and line == ">>>>>>> proposed" then
      return true
    end
  end
  return false
end

--- Whether there may be something to apply: false only when it is known that there is not.
---@param id string
---@return boolean
function M.is_pending(id)
  local summary = known[id]
  return not summary or summary.hunks > 0 or summary.conflicts > 0
end

--- Asks the server, which must be ready, for a proposal, and draws what it says.
---@param request backchat.Request
---@param bufnr integer its buffer: what was typed there is sent first
---@param callback fun(problem: string?, result: backchat.Proposal?)
function M.ask(request, bufnr, callback)
  client.request("backchat/proposal", { requestId = request.id }, function(problem, result)
    if result then
      known[request.id] = {
        status = result.status,
        reason = result.reason,
        added = result.added,
        removed = result.removed,
        hunks = #result.hunks,
        conflicts = #result.conflicts,
        marked = #result.conflicts > 0 and vim.api.nvim_buf_is_loaded(bufnr) and M.has_markers(
          bufnr
        ),
      }
      signals.emit("proposal", request.id)
    end
    callback(problem, result)
  end, bufnr)
end

--- A request of the buffer that was not yet asked about the text that is there now.
---@param watch backchat.ProposalWatch
---@return backchat.Request? request
---@return integer? version
local function next_due(watch)
  for _, request in ipairs(requests.list(M.is_edit)) do
    local summary = known[request.id]
    -- What could not be decoded cannot be decoded whatever is typed.
    if not (summary and summary.status == "none") then
      if documents.buffer(request.uri) == watch.bufnr then
        local version = documents.version(request.uri, watch.bufnr)
        if watch.asked[request.id] ~= version then
          return request, version
        end
      end
    end
  end
end

--- Asks about the buffer's proposals one after the other, until all are up to date.
---@param watch backchat.ProposalWatch
local function look(watch)
  if watch.asking or watches[watch.bufnr] ~= watch or not client.is_ready() then
    return
  end
  local request, version = next_due(watch)
  if not request then
    return
  end
  watch.asking = true
  watch.asked[request.id] = version
  local started = vim.uv.now()
  M.ask(request, watch.bufnr, function()
    watch.asking = false
    watch.took = vim.uv.now() - started
    -- When something was typed meanwhile, the timer runs and looks.
    if not watch.timer:is_active() then
      look(watch)
    end
  end)
end

---@param bufnr integer
---@return backchat.ProposalWatch
local function watch_buffer(bufnr)
  if watches[bufnr] then
    return watches[bufnr]
  end
  ---@type backchat.ProposalWatch
  local watch = {
    bufnr = bufnr,
    timer = assert(vim.uv.new_timer()),
    asking = false,
    took = 0,
    asked = {},
  }
  watches[bufnr] = watch
  local look_later = vim.schedule_wrap(function()
    look(watch)
  end)
  vim.api.nvim_buf_attach(bufnr, false, {
    on_lines = function()
      watch.timer:start(math.max(SETTLE, SHARE * watch.took), 0, look_later)
    end,
    on_detach = function()
      watches[bufnr] = nil
      watch.timer:stop()
      watch.timer:close()
      for id in pairs(watch.asked) do
        known[id] = nil
      end
    end,
  })
  return watch
end

signals.on("request", function(request)
  if not M.is_edit(request) then
    known[request.id] = nil
    return
  end
  local bufnr = documents.buffer(request.uri)
  if bufnr then
    look(watch_buffer(bufnr))
  end
end)
signals.on("disconnected", function()
  -- What was asked is not answered any more; the next server is asked when it tells its requests.
  for _, watch in pairs(watches) do
    watch.asking = false
    watch.asked = {}
  end
end)

return M
