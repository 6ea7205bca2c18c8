-- `:Backchat apply`: puts a proposed change into its buffer, because the user asked for it. The
-- server merges it with what was typed meanwhile; the merge is taken only when it is of the very
-- text that the buffer has, and is one step for |undo|.

local attach = require("backchat.attach")
local client = require("backchat.client")
local documents = require("backchat.documents")
local edits_of = require("backchat.edits")
local inline = require("backchat.inline")
local notify = require("backchat.notify")
local proposals = require("backchat.proposals")
local requests = require("backchat.requests")
local signals = require("backchat.signals")
local taking = require("backchat.taking")
local targets = require("backchat.targets")
local visible = require("backchat.visible")

local M = {}

--- How often a proposal is asked for while the buffer keeps changing.
local TRIES = 4

---@class backchat.ApplyOptions
---@field hunk? integer only this one, from 1
---@field markers? boolean write conflicts between markers

---@param count integer
---@param what string
---@return string
local function counted(count, what)
  return ("%d %s%s"):format(count, what, count == 1 and "" or "s")
end

--- Why a buffer must not be changed, or nil.
---@param bufnr integer
---@return string?
local function refusal(bufnr)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return "the buffer was closed; nothing was applied"
  elseif not vim.bo[bufnr].modifiable then
    return "the buffer is not 'modifiable'; nothing was applied"
  elseif vim.bo[bufnr].readonly then
    return "the buffer is 'readonly'; nothing was applied. :set noreadonly allows it"
  end
end

---@param bufnr integer
---@param edits lsp.TextEdit[]
local function write(bufnr, edits)
  vim.api.nvim_buf_call(bufnr, function()
    -- What was typed right before is a step of its own; |undo-break| tells of this way.
    vim.cmd("noautocmd let &g:undolevels = &g:undolevels")
  end)
  edits_of.apply(bufnr, edits, client.encoding())
end

--- What is to be written, and what to say then; or only what to say, when there is nothing.
---@param bufnr integer
---@param result backchat.Proposal
---@param options backchat.ApplyOptions
---@return lsp.TextEdit[]? edits
---@return string message
local function plan(bufnr, result, options)
  local conflicts = #result.conflicts
  if result.status == "none" then
    local reason = visible.single(result.reason or "no reason was given")
    return nil, ("nothing to apply: %s. :Backchat read shows the answer"):format(reason)
  elseif options.hunk then
    local hunk = result.hunks[options.hunk]
    if not hunk then
      return nil,
        ("there is no hunk %d; the proposal has %s"):format(
          options.hunk,
          counted(#result.hunks, "hunk")
        )
    end
    return { { range = hunk.range, newText = hunk.newText } },
      ("applied hunk %d of %d"):format(options.hunk, #result.hunks)
  elseif conflicts > 0 and proposals.has_markers(bufnr) then
    return nil, "the buffer has conflict markers already; resolve them first"
  elseif conflicts > 0 and not options.markers then
    return nil,
      (
        "%s: you typed over the same lines; nothing was applied. :Backchat preview shows them, "
        .. ":Backchat apply! writes the rest and conflict markers%s"
      ):format(
        counted(conflicts, "conflict"),
        #result.hunks > 0 and ", :Backchat apply 1 takes a hunk that fits" or ""
      )
  elseif conflicts > 0 then
    return result.markedEdits,
      ("applied %s, and marked %s: search for <<<<<<<"):format(
        inline.line_counts(result.added, result.removed),
        counted(conflicts, "conflict")
      )
  elseif #result.edits == 0 then
    return nil, "the buffer has the proposed change already"
  end
  return result.edits,
    ("applied %s%s"):format(
      inline.line_counts(result.added, result.removed),
      result.status == "moved" and ", moved with its code" or ""
    )
end

---@param request backchat.Request
---@param bufnr integer
---@param options backchat.ApplyOptions
---@param tries integer
local function attempt(request, bufnr, options, tries)
  proposals.ask(request, bufnr, function(problem, result)
    local refused = refusal(bufnr)
    if refused or problem or not result then
      return notify.error("apply: " .. (refused or problem or "the server said nothing"))
    end
    if result.version ~= documents.version(request.uri, bufnr) then
      -- Something was typed since the server was asked.
      if tries > 1 then
        return attempt(request, bufnr, options, tries - 1)
      end
      return notify.warn("apply: the buffer keeps changing; nothing was applied")
    end
    if result.digest and not documents.has_digest(request.uri, bufnr, result.digest) then
      -- The server has merged into another text than this one: it gets this one.
      client.reopen(bufnr)
      if tries > 1 then
        return attempt(request, bufnr, options, tries - 1)
      end
      return notify.error(
        "apply: the server has another text than the buffer; nothing was applied. A character that "
          .. "is no UTF-8, or a NUL, keeps them apart"
      )
    end
    local edits, message = plan(bufnr, result, options)
    if not edits then
      return notify.warn(message)
    end
    write(bufnr, edits)
    signals.emit("applied", request.id)
    notify.info(("%s · %s"):format(message, visible.single(documents.label(request.uri))))
    -- What was applied was shown, which is to have read it.
    if (requests.get(request.id) or request).unread then
      taking.take({ requestId = request.id })
    end
    attach.refresh(bufnr)
  end)
end

--- Applies the change that the user means.
---@param options? backchat.ApplyOptions
function M.run(options)
  options = options or {}
  targets.choose_edit("apply", function(request, bufnr)
    local refused = refusal(bufnr)
    if refused then
      return notify.error("apply: " .. refused)
    end
    attach.open(bufnr, function(problem)
      if problem then
        return notify.error("apply: " .. problem)
      end
      attempt(request, bufnr, options, TRIES)
    end)
  end)
end

--- The options of `:Backchat apply`, or what is wrong with its argument.
---@param argument string
---@param bang boolean
---@return backchat.ApplyOptions?
---@return string? problem
function M.parse(argument, bang)
  if argument == "" then
    return { markers = bang }
  end
  local hunk = argument:match("^%d+$") and tonumber(argument)
  if not hunk or hunk < 1 then
    return nil,
      (":Backchat apply takes the number of a hunk, from 1, but was given %q"):format(argument)
  elseif bang then
    return nil, ":Backchat apply! takes no hunk; :Backchat apply " .. hunk .. " applies one"
  end
  return { hunk = hunk }
end

return M
