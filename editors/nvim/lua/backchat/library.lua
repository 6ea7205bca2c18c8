-- The prompt library: questions that are kept as files, asked by their names.

local client = require("backchat.client")
local documents = require("backchat.documents")
local notify = require("backchat.notify")
local signals = require("backchat.signals")
local submit = require("backchat.submit")

local M = {}

---@class backchat.LibraryPrompt
---@field name string
---@field description? string
---@field intent backchat.Intent
---@field model? string
---@field source "user"|"workspace"
---@field uri string

---@class backchat.Library
---@field prompts backchat.LibraryPrompt[]
---@field problems { uri: string, line?: integer, message: string }[]
---@field folder? string
---@field untrustedFolder? string

---@param bufnr integer
---@return table
local function parameters(bufnr)
  local uri = documents.uri(bufnr)
  return uri and { textDocument = { uri = uri } } or vim.empty_dict()
end

--- The names of the prompts as far as the server tells them at once, for completion.
---@return string[]
function M.names()
  local library =
    client.request_briefly("backchat/prompts", parameters(vim.api.nvim_get_current_buf()))
  return vim.tbl_map(function(prompt)
    return prompt.name
  end, library and library.prompts or {})
end

--- The prompt whose name the words begin with, the longest such name, and what follows it.
---@param words string
---@param prompts backchat.LibraryPrompt[]
---@return backchat.LibraryPrompt? prompt, string typed
local function named(words, prompts)
  local best, typed = nil, ""
  for _, prompt in ipairs(prompts) do
    local name = prompt.name
    local follows = words:sub(#name + 1)
    local begins = vim.startswith(words, name) and (follows == "" or follows:find("^%s"))
    if begins and (not best or #name > #best.name) then
      best, typed = prompt, vim.trim(follows)
    end
  end
  return best, typed
end

--- What is wrong with the library, for someone who did not find a prompt in it.
---@param library backchat.Library
---@return string
local function shortcomings(library)
  local lines = vim.tbl_map(function(problem)
    return problem.message
  end, library.problems)
  if library.untrustedFolder then
    table.insert(
      lines,
      ("%s is not read; see :help backchat-prompts-trust"):format(
        vim.uri_to_fname(library.untrustedFolder)
      )
    )
  end
  return #lines > 0 and "\n" .. table.concat(lines, "\n") or ""
end

--- The folders of prompts that the user trusts, by their URIs.
---@type string[]
local trusted = {}

local function tell_trusted()
  client.notify("workspace/didChangeConfiguration", { settings = { trustedFolders = trusted } })
end

signals.on("connected", function()
  if #trusted > 0 then
    tell_trusted()
  end
end)

--- Whether the user trusts a workspace's folder of prompts, who is asked when that is not known yet.
---@param uri string
---@return boolean
local function is_trusted(uri)
  -- Neovim 0.10 knows trusted files only.
  if vim.fn.has("nvim-0.11") == 0 or not vim.secure.read(vim.uri_to_fname(uri)) then
    return false
  end
  table.insert(trusted, uri)
  tell_trusted()
  return true
end

---@param library backchat.Library
---@param callback fun(prompt: backchat.LibraryPrompt)
local function pick(library, callback)
  if #library.prompts == 0 then
    return notify.error(
      "the prompt library is empty; see :help backchat-prompts" .. shortcomings(library)
    )
  end
  vim.ui.select(library.prompts, {
    prompt = "Backchat: prompt",
    kind = "backchat_prompt",
    format_item = function(prompt)
      return ("%s%s%s"):format(
        prompt.intent == "edit" and "✎ " or "",
        prompt.name,
        prompt.description and " — " .. prompt.description or ""
      )
    end,
  }, function(prompt)
    if prompt then
      callback(prompt)
    end
  end)
end

--- Asks a prompt of the library in the background: the one that the words name, with the rest of them
--- after it, or one that is picked.
---@param words string
---@param place? backchat.Selection nil: the whole buffer
function M.run(words, place)
  local bufnr = vim.api.nvim_get_current_buf()
  local release = submit.hold(bufnr, place)
  ---@param prompt backchat.LibraryPrompt
  ---@param typed string
  local function send(prompt, typed)
    local now, what_happened = release()
    if what_happened then
      return notify.error(what_happened .. " meanwhile; nothing was submitted")
    end
    submit.send({
      bufnr = bufnr,
      selection = now,
      prompt = typed,
      library_prompt = prompt.name,
      mode = "background",
    })
  end
  local function choose(problem, library)
    if problem then
      release()
      return notify.error(problem)
    end
    local prompt, typed = named(words, library.prompts)
    if prompt then
      return send(prompt, typed)
    end
    if library.untrustedFolder and is_trusted(library.untrustedFolder) then
      return client.ask("backchat/prompts", parameters(bufnr), choose)
    end
    if words == "" then
      return pick(library, function(picked)
        send(picked, "")
      end)
    end
    release()
    notify.error(
      ("no prompt of the library is named as %q begins%s"):format(words, shortcomings(library))
    )
  end
  client.ask("backchat/prompts", parameters(bufnr), choose)
end

return M
