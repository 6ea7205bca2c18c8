-- Looks at a proposed change before it is applied: `:Backchat preview` as a unified diff in a
-- floating window, `:Backchat diff` side by side in a tab. Neither changes the buffer.

local attach = require("backchat.attach")
local config = require("backchat.config")
local inline = require("backchat.inline")
local notify = require("backchat.notify")
local proposals = require("backchat.proposals")
local signals = require("backchat.signals")
local subjects = require("backchat.subjects")
local targets = require("backchat.targets")
local visible = require("backchat.visible")

local M = {}

--- Asks for the proposal that the user means. Calls back when there is something to look at and
--- the user is still where they asked.
---@param what string
---@param callback fun(result: backchat.Proposal, bufnr: integer, request: backchat.Request)
local function with_proposal(what, callback)
  local source = vim.api.nvim_get_current_win()
  local shown = vim.api.nvim_get_current_buf()
  targets.choose_edit(what, function(request, bufnr)
    attach.open(bufnr, function(unopened)
      if unopened then
        return notify.error(what .. ": " .. unopened)
      end
      proposals.ask(request, bufnr, function(problem, result)
        if problem or not result then
          return notify.error(what .. ": " .. (problem or "the server said nothing"))
        end
        if
          vim.api.nvim_get_current_win() ~= source
          or vim.api.nvim_win_get_buf(source) ~= shown
          or vim.api.nvim_get_mode().mode ~= "n"
        then
          return
        end
        if result.status == "none" then
          local reason = visible.single(result.reason or "no reason was given")
          return notify.warn(
            ("nothing is proposed: %s. :Backchat read shows the answer"):format(reason)
          )
        elseif #result.hunks == 0 and #result.conflicts == 0 then
          return notify.info("the buffer has the proposed change already")
        end
        callback(result, bufnr, request)
      end)
    end)
  end)
end

---@param lines string[]
---@return integer bufnr
local function scratch(lines)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.b[bufnr].backchat_own = true
  vim.bo[bufnr].bufhidden = "wipe"
  vim.bo[bufnr].swapfile = false
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  return bufnr
end

--- The numbers of the hunks when there are several, the diff, then the conflicts, which are not
--- in it. A piece of the diff may hold several hunks that are near to each other.
---@param result backchat.Proposal
---@return string[]
function M.preview_lines(result)
  local lines = {}
  if #result.hunks > 1 then
    for number, hunk in ipairs(result.hunks) do
      local first = hunk.range.start.line + 1
      table.insert(lines, ("# :Backchat apply %d takes the hunk at line %d"):format(number, first))
    end
  end
  if result.preview ~= "" then
    vim.list_extend(lines, visible.lines((result.preview:gsub("\n$", ""))))
  end
  for _, conflict in ipairs(result.conflicts) do
    local first = conflict.range.start.line + 1
    table.insert(lines, ("# conflict at line %d: yours stays; proposed there:"):format(first))
    for _, line in ipairs(visible.lines((conflict.theirs:gsub("\n$", "")))) do
      table.insert(lines, "#   " .. line)
    end
  end
  return lines
end

--- Shows the change as a unified diff in a floating window.
function M.preview()
  with_proposal("preview", function(result, _, request)
    local lines = M.preview_lines(result)
    local bufnr = scratch(lines)
    vim.bo[bufnr].filetype = "diff"
    subjects.set(bufnr, function()
      return request
    end)
    local summary, commands = inline.proposal(assert(proposals.get(request.id)))
    local offered = vim.tbl_filter(function(command)
      return command ~= ":Backchat preview"
    end, commands)
    local footer = (" %s "):format(table.concat(vim.list_extend(offered, { "q close" }), " · "))
    local widest = vim.fn.strdisplaywidth(footer) + 1
    for _, line in ipairs(lines) do
      widest = math.max(widest, vim.fn.strdisplaywidth(line) + 1)
    end
    local limit = config.get("float.max_height")
    limit = limit < 1 and math.floor(vim.o.lines * limit) or limit
    local window = vim.api.nvim_open_win(bufnr, true, {
      relative = "cursor",
      row = 1,
      col = 0,
      width = math.min(widest, config.get("float.max_width"), vim.o.columns - 4),
      height = math.max(1, math.min(#lines, limit, vim.o.lines - 6)),
      border = config.border(),
      style = "minimal",
      title = (" ✎ %s "):format(summary),
      footer = footer,
      footer_pos = "right",
    })
    local function close()
      if vim.api.nvim_win_is_valid(window) then
        vim.api.nvim_win_close(window, true)
      end
    end
    for _, key in ipairs({ "q", "<Esc>" }) do
      vim.keymap.set("n", key, close, { buffer = bufnr, nowait = true, desc = "Close" })
    end
    -- What it shows is not proposed any more once it was applied.
    local stop = signals.on("applied", function(id)
      if id == request.id then
        close()
      end
    end)
    vim.api.nvim_create_autocmd("BufWipeout", { buffer = bufnr, once = true, callback = stop })
  end)
end

--- Compares the buffer with the merged text in a new tab. `do` takes a hunk, as in any |diff-mode|.
function M.diff()
  with_proposal("diff", function(result, bufnr, request)
    local merged = result.merged:gsub("\n$", "")
    if vim.bo[bufnr].fileformat == "dos" then
      merged = merged:gsub("\r\n", "\n")
    end
    local other = scratch(vim.split(merged, "\n", { plain = true }))
    subjects.set(other, function()
      return request
    end)
    -- Colours only: a file type would attach language servers to a text that is no file.
    vim.bo[other].syntax = vim.bo[bufnr].filetype
    subjects.leave()
    vim.cmd("tab split")
    local mine = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(mine, bufnr)
    local window = vim.api.nvim_open_win(other, false, { split = "right", win = mine })
    -- Both sides have a bar on top: with one alone the other side would be a row higher.
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ":t"):gsub("%%", "%%%%")
    vim.wo[mine].winbar = name == "" and "yours" or name
    vim.wo[window].winbar = "✎ proposed for " .. (name == "" and "yours" or name)
    for _, side in ipairs({ mine, window }) do
      vim.api.nvim_win_call(side, vim.cmd.diffthis)
    end
    if #result.conflicts > 0 then
      notify.warn(
        ("%d of the proposed changes conflict with yours and are not in the comparison; :Backchat preview shows them"):format(
          #result.conflicts
        )
      )
    end
  end)
end

return M
