-- The options: their defaults, what each may be, and one message for a wrong one. A wrong option
-- is named and left at its default, so that a slip in a configuration never stops Neovim's start.

local M = {}

---@class backchat.InlineOptions
---@field signs? boolean a sign beside the first line of what was asked about (default true)
---@field preview_lines? integer lines of an unread answer that are shown below the code, 0 for none (default 3)
---@field show_read? boolean keep a quiet mark where an answer was read (default true)
---@field max_width? integer the widest line of a preview, in cells (default 100)
---@field priority? integer the priority of the extmarks (default 90)

---@class backchat.FloatOptions
---@field max_width? integer the widest answer, in cells (default 100)
---@field max_height? number the tallest answer: lines, or a part of the screen when below 1 (default 0.6)
---@field border? string|string[] the border of the windows (default: 'winborder', else "rounded")

---@class backchat.Icons
---@field queued? string
---@field running? string
---@field held? string
---@field failed? string
---@field cancelled? string
---@field unread? string
---@field read? string

---@class backchat.Options
---@field binary? string the program `backchat` (default: from $PATH, else the repository's own build)
---@field autostart? boolean attach to the buffers of files by itself (default true)
---@field attach? fun(bufnr: integer): boolean? false keeps Backchat away from a buffer
---@field model? string the model of each submit (default: the selected one)
---@field notify? boolean one message when the queue drained while Neovim had no focus (default true)
---@field inline? backchat.InlineOptions
---@field float? backchat.FloatOptions
---@field icons? backchat.Icons

local function cells(value)
  return type(value) == "string" and vim.fn.strdisplaywidth(value) <= 2 and value ~= ""
end

local function count(value)
  return type(value) == "number" and value >= 0 and value % 1 == 0
end

local ICON = { cells, "a text that is one or two cells wide" }
local BOOLEAN = { "boolean", "true or false" }

--- Each option: its default, its check (a type's name or a function), what it must be in words.
---@type table<string, table>
local SCHEMA = {
  binary = { nil, "string", "the path of the program" },
  autostart = { true, unpack(BOOLEAN) },
  attach = { nil, "function", "a function" },
  model = { nil, "string", "the name of a model" },
  notify = { true, unpack(BOOLEAN) },
  ["inline.signs"] = { true, unpack(BOOLEAN) },
  ["inline.preview_lines"] = { 3, count, "a whole number, 0 or more" },
  ["inline.show_read"] = { true, unpack(BOOLEAN) },
  ["inline.max_width"] = { 100, count, "a whole number of cells" },
  ["inline.priority"] = { 90, count, "a whole number" },
  ["float.max_width"] = { 100, count, "a whole number of cells" },
  ["float.max_height"] = {
    0.6,
    function(value)
      return type(value) == "number" and value > 0
    end,
    "a number of lines, or a part of the screen such as 0.6",
  },
  ["float.border"] = {
    nil,
    function(value)
      return type(value) == "string" or type(value) == "table"
    end,
    "a border as of nvim_open_win()",
  },
  ["icons.queued"] = { "◌", unpack(ICON) },
  ["icons.running"] = { "●", unpack(ICON) },
  ["icons.held"] = { "‖", unpack(ICON) },
  ["icons.failed"] = { "✗", unpack(ICON) },
  ["icons.cancelled"] = { "⊘", unpack(ICON) },
  ["icons.unread"] = { "📬", unpack(ICON) },
  ["icons.read"] = { "✓", unpack(ICON) },
}

local GROUPS = { inline = true, float = true, icons = true }

---@return string[]
local function known_names()
  local names = vim.tbl_keys(SCHEMA)
  table.sort(names)
  return names
end

--- The known option that a wrong name most likely meant.
---@param wrong string
---@return string?
local function nearest(wrong)
  local best, best_score
  for _, name in ipairs(known_names()) do
    local last = name:match("[^.]+$")
    for _, candidate in ipairs({ name, last }) do
      local ok, matches = pcall(vim.fn.matchfuzzypos, { candidate }, wrong)
      local score = ok and matches[3][1]
      if candidate:sub(1, 4) == wrong:match("[^.]+$"):sub(1, 4) then
        score = (score or 0) + 1000
      end
      if score and (not best_score or score > best_score) then
        best, best_score = name, score
      end
    end
  end
  return best
end

---@param name string
---@param problems string[]
local function unknown(name, problems)
  local guess = nearest(name)
  table.insert(
    problems,
    ('unknown option "%s"%s'):format(name, guess and ('; did you mean "%s"?'):format(guess) or "")
  )
end

---@param name string
---@param value any
---@param values table<string, any>
---@param problems string[]
local function check(name, value, values, problems)
  local schema = SCHEMA[name]
  if not schema then
    return unknown(name, problems)
  end
  local test = schema[2]
  local valid
  if type(test) == "string" then
    valid = type(value) == test
  else
    valid = test(value)
  end
  if valid then
    values[name] = value
  else
    table.insert(
      problems,
      ('option "%s" must be %s, not %s'):format(name, schema[3], vim.inspect(value))
    )
  end
end

---@param options any
---@param where string
---@param values table<string, any>
---@param problems string[]
local function read(options, where, values, problems)
  if options == nil then
    return
  end
  if type(options) ~= "table" then
    table.insert(problems, ("%s must be a table, not %s"):format(where, vim.inspect(options)))
    return
  end
  for name, value in pairs(options) do
    name = tostring(name)
    if not GROUPS[name] then
      check(name, value, values, problems)
    elseif type(value) ~= "table" then
      table.insert(
        problems,
        ('option "%s" must be a table, not %s'):format(name, vim.inspect(value))
      )
    else
      for inner, inner_value in pairs(value) do
        check(name .. "." .. tostring(inner), inner_value, values, problems)
      end
    end
  end
end

---@type table<string, any>?
local current
---@type string[]
local found = {}
---@type backchat.Options
local given = {}

local function load()
  local values, problems = {}, {}
  read(vim.g.backchat, "vim.g.backchat", values, problems)
  read(given, "the argument of setup()", values, problems)
  current, found = values, problems
  if #problems > 0 then
    vim.schedule(function()
      vim.notify(
        "Backchat: " .. table.concat(problems, "\nBackchat: ") .. "\nSee :help backchat-options",
        vim.log.levels.ERROR
      )
    end)
  end
end

--- Takes options, on top of `vim.g.backchat`. Calling it is never needed.
---@param options? backchat.Options
function M.setup(options)
  given = options or {}
  load()
end

--- The value of an option, e.g. `get("inline.signs")`.
---@param name string
---@return any
function M.get(name)
  if not current then
    load()
  end
  local schema = assert(SCHEMA[name], name)
  local value = current[name]
  if value == nil then
    return schema[1]
  end
  return value
end

--- What is wrong with the options that were given, a sentence each.
---@return string[]
function M.problems()
  if not current then
    load()
  end
  return found
end

--- The border of the plugin's windows.
---@return string|string[]
function M.border()
  local border = M.get("float.border")
  if border then
    return border
  end
  local ok, global = pcall(function()
    return vim.o.winborder
  end)
  return ok and global ~= "" and global or "rounded"
end

--- Every option's name, sorted; the help has a section for each.
M.names = known_names

return M
