-- `:Backchat VERB …`: the verbs, and their completion.

local notify = require("backchat.notify")
local selection = require("backchat.selection")

local M = {}

---@class backchat.Verb
---@field takes_range? boolean
---@field takes_text? boolean
---@field takes_bang? boolean
---@field run fun(command: table, rest: string, bang: boolean)
---@field complete? fun(): string[] what the argument may begin with, of one word or several

---@param verb "ask"|"submit"|"edit"
---@return backchat.Verb
local function submitting(verb)
  return {
    takes_range = true,
    takes_text = true,
    run = function(command, rest)
      require("backchat.submit").run(verb, {
        prompt = rest,
        selection = selection.of_command(command),
      })
    end,
  }
end

---@param run fun()
---@return backchat.Verb
local function plain(run)
  return { run = run }
end

---@type table<string, backchat.Verb>
local VERBS = {
  ask = submitting("ask"),
  submit = submitting("submit"),
  edit = submitting("edit"),
  prompt = {
    takes_range = true,
    takes_text = true,
    run = function(command, rest)
      require("backchat.library").run(rest, selection.of_command(command))
    end,
    complete = function()
      return require("backchat.library").names()
    end,
  },
  read = plain(function()
    require("backchat.navigate").read()
  end),
  next = plain(function()
    require("backchat.navigate").go(1)
  end),
  prev = plain(function()
    require("backchat.navigate").go(-1)
  end),
  sessions = plain(function()
    require("backchat.sessions").pick()
  end),
  transcript = plain(function()
    require("backchat.transcript").of_buffer()
  end),
  cancel = plain(function()
    require("backchat.actions").run("cancel")
  end),
  retry = plain(function()
    require("backchat.actions").run("retry")
  end),
  allow = plain(function()
    require("backchat.actions").run("allow")
  end),
  dismiss = plain(function()
    require("backchat.actions").run("dismiss")
  end),
  apply = {
    takes_text = true,
    takes_bang = true,
    run = function(_, rest, bang)
      local options, problem = require("backchat.apply").parse(rest, bang)
      if not options then
        return notify.error(problem or "the argument is wrong")
      end
      require("backchat.apply").run(options)
    end,
  },
  diff = plain(function()
    require("backchat.compare").diff()
  end),
  preview = plain(function()
    require("backchat.compare").preview()
  end),
  model = {
    takes_text = true,
    run = function(_, rest)
      if rest == "" then
        require("backchat.models").pick()
      else
        require("backchat.models").select(rest)
      end
    end,
    complete = function()
      return require("backchat.models").names()
    end,
  },
  status = plain(function()
    require("backchat.client").ensure(function(problem)
      if problem then
        return notify.error(problem)
      end
      require("backchat.client").request("backchat/status", nil, function(err, status)
        if err then
          return notify.error(err)
        end
        require("backchat.status").set(status)
        notify.info(table.concat(require("backchat.status").describe(), "\n"))
      end)
    end)
  end),
  log = plain(function()
    require("backchat.log").open()
  end),
}

---@return string[]
function M.names()
  local names = vim.tbl_keys(VERBS)
  table.sort(names)
  return names
end

--- Runs `:Backchat`. Without a verb it says how things stand.
---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  require("backchat.attach")
  local name, rest = command.args:match("^%s*(%S*)%s*(.-)%s*$")
  if name == "" then
    name = "status"
  end
  local verb = VERBS[name]
  local bang = false
  if not verb and name:sub(-1) == "!" then
    verb = VERBS[name:sub(1, -2)]
    bang = true
    if verb and not verb.takes_bang then
      return notify.error((":Backchat %s takes no !"):format(name:sub(1, -2)))
    end
  end
  if not verb then
    return notify.error(
      ('":Backchat %s" is not known; there are: %s'):format(name, table.concat(M.names(), ", "))
    )
  end
  if rest ~= "" and not verb.takes_text then
    return notify.error((":Backchat %s takes no argument, but was given %q"):format(name, rest))
  end
  if command.range > 0 and not verb.takes_range then
    return notify.error((":Backchat %s takes no range"):format(name))
  end
  verb.run(command, rest, bang)
end

--- Completes the verb, and its argument where it has one.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = line:match("Backchat%s+(.*)$") or ""
  local name = words:match("^(%S+)%s")
  local candidates
  if not name then
    candidates = M.names()
    for verb, meaning in pairs(VERBS) do
      if meaning.takes_bang then
        table.insert(candidates, verb .. "!")
      end
    end
    table.sort(candidates)
  elseif VERBS[name] and VERBS[name].complete then
    -- Of a name of several words, those that stand there already are not completed again.
    local before = words:match("^%S+%s+(.*)$"):sub(1, -#lead - 1)
    candidates = {}
    for _, candidate in ipairs(VERBS[name].complete()) do
      if vim.startswith(candidate, before) then
        table.insert(candidates, candidate:sub(#before + 1))
      end
    end
  else
    return {}
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
