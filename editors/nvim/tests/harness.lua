-- The stage of the tests: a world (a folder with files, a configuration and a state of its own), a
-- scripted model that says what a test tells it, and real Neovims with the plugin and the real
-- server in them.

local http = require("http")

local M = {}

local here = vim.fs.dirname(debug.getinfo(1, "S").source:sub(2))
M.plugin = vim.fs.dirname(here)

--- The program under test.
M.program = assert(vim.env.BACKCHAT_TEST_BINARY, "BACKCHAT_TEST_BINARY names the program to test")

--- $PATH without any `backchat` in it.
local clean_path = table.concat(
  vim.tbl_filter(function(folder)
    return vim.fn.executable(folder .. "/backchat") == 0
  end, vim.split(vim.env.PATH, ":")),
  ":"
)

--- The longest that anything is waited for, in milliseconds. It only ever passes when a test fails.
local PATIENCE = 60000

--- Waits until `condition` returns something, and returns it. The nil of another Neovim comes as vim.NIL.
---@generic T
---@param what string for the message of the failure
---@param condition fun(): T?
---@return T
function M.wait(what, condition)
  local result
  vim.wait(PATIENCE, function()
    result = condition()
    if result == vim.NIL then
      result = nil
    end
    return result and true or false
  end, 20)
  if not result then
    error(("waited %d s in vain until %s"):format(PATIENCE / 1000, what), 2)
  end
  return result
end

-- The scripted model: one process for all tests of a run.

---@type { port: integer, base_url: string, process: vim.SystemObj }?
local model

local function scripted_model()
  if model then
    return model
  end
  local line = ""
  local process = vim.system({ "node", vim.fs.dirname(M.plugin) .. "/tests/scripted_model.mjs" }, {
    stdin = true,
    text = true,
    stdout = function(_, data)
      line = line .. (data or "")
    end,
  })
  M.wait("the scripted model listens", function()
    return line:find("\n")
  end)
  local told = vim.json.decode(line)
  model = { port = told.port, base_url = told.baseUrl, process = process }
  return model
end

--- Tells the scripted model what to say; see scripted_model.mjs.
---@param rule table
function M.script(rule)
  http.json(scripted_model().port, "POST", "/__script", rule)
end

--- Opens the gates of the rules with this `match`.
---@param match? string
function M.release(match)
  http.json(scripted_model().port, "POST", "/__release", { match = match })
end

--- What the scripted model was asked.
---@return table[]
function M.asked()
  return http.json(scripted_model().port, "GET", "/__requests")
end

-- Worlds.

---@class World
---@field folder string
---@field neovims table[]

---@type World?
local world

---@param path string
---@param text string
local function write(path, text)
  vim.fn.mkdir(vim.fs.dirname(path), "p")
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- Writes a file of the world and returns its path.
---@param name string
---@param lines string[]
---@return string path
function M.file(name, lines)
  local path = world.folder .. "/project/" .. name
  write(path, table.concat(lines, "\n") .. "\n")
  return path
end

--- The text of a configuration with one model.
---@param base_url string
---@param name string
---@return string
function M.configuration(base_url, name)
  return table.concat({
    ('default_model = "%s"'):format(name),
    "[models." .. name .. "]",
    'format = "openai-chat"',
    ('base_url = "%s"'):format(base_url),
    ('model = "%s"'):format(name),
    "max_output_tokens = 64",
  }, "\n") .. "\n"
end

--- Begins a world: empty folders, a configuration with the scripted model, no Neovim.
---@param configuration? string the text of config.toml
function M.begin(configuration)
  local folder = vim.fn.tempname()
  world = { folder = folder, neovims = {} }
  vim.fn.mkdir(folder .. "/project", "p")
  vim.fn.mkdir(folder .. "/home", "p")
  write(
    folder .. "/config.toml",
    configuration or M.configuration(scripted_model().base_url, "scripted")
  )
  vim.fn.mkdir(folder .. "/bin")
  assert(vim.uv.fs_symlink(M.program, folder .. "/bin/backchat"))
  vim.env.PATH = folder .. "/bin:" .. clean_path
  vim.env.BACKCHAT_CONFIG = folder .. "/config.toml"
  vim.env.BACKCHAT_STATE_DIR = folder .. "/state"
  vim.env.XDG_STATE_HOME = folder .. "/home/state"
  vim.env.XDG_DATA_HOME = folder .. "/home/data"
  vim.env.XDG_CACHE_HOME = folder .. "/home/cache"
  vim.env.XDG_CONFIG_HOME = folder .. "/home/config"
  vim.env.HOME = folder .. "/home"
  http.json(scripted_model().port, "POST", "/__reset")
end

--- Puts a line at the top of the world's configuration.
---@param line string
function M.configure(line)
  local path = assert(vim.env.BACKCHAT_CONFIG)
  write(path, line .. "\n" .. table.concat(vim.fn.readfile(path), "\n") .. "\n")
end

--- From now on the program is not in $PATH.
function M.hide_program()
  vim.env.PATH = clean_path
end

--- What a Neovim shows, as files of a folder.
---@param neovim table
---@param folder string
---@param number integer
local function keep_screen(neovim, folder, number)
  local prefix = ("%s/neovim-%d"):format(folder, number)
  if neovim.is_blocked() then
    -- It waits for a key, for example after an error, and answers nothing else; its messages tell why.
    write(prefix .. "-blocked.txt", vim.inspect(neovim.api.nvim_get_mode()))
    neovim.api.nvim_input("<C-c>")
    vim.wait(2000, function()
      return not neovim.is_blocked()
    end, 20)
  end
  for name, look in pairs({
    screen = function()
      return tostring(neovim.get_screenshot()):match("^(.-)\n\n")
    end,
    messages = function()
      return neovim.cmd_capture("messages")
    end,
    notifications = function()
      return vim.inspect(neovim.lua_get("_G.notifications"))
    end,
    marks = function()
      return vim.inspect(neovim.marks())
    end,
  }) do
    local ok, found = pcall(look)
    write(("%s-%s.txt"):format(prefix, name), ok and found or "could not be read: " .. found)
  end
end

--- Keeps what may tell why the case that runs has failed (if it has): what its Neovims show, and the
--- world's files, among them the logs of the server and of Neovim's client. The report of the case
--- names the folder.
local function keep_failure()
  local case = MiniTest.current.case
  local failures = vim.env.BACKCHAT_TEST_FAILURES
  if not failures or not case or #(case.exec and case.exec.fails or {}) == 0 then
    return
  end
  local file = vim.fs.basename(case.desc[1]):gsub("%.lua$", "")
  local title = table.concat(case.desc, " ", 2)
  local name = (file .. " " .. title):gsub("[^%w]+", "-"):sub(1, 80)
  local folder = ("%s-%s-%s"):format(failures, name, os.date("!%Y%m%d-%H%M%S"))
  for number, neovim in ipairs(world.neovims) do
    keep_screen(neovim, folder, number)
  end
  vim.fn.mkdir(folder, "p")
  vim.system({ "cp", "-R", world.folder, folder .. "/world" }):wait()
  MiniTest.add_note("kept in " .. folder:sub(#vim.fs.dirname(vim.fs.dirname(M.plugin)) + 2))
end

--- Ends the world: its Neovims, what the model still says, its folder. A failed case leaves a copy.
function M.finish()
  if not world then
    -- It could not even begin.
    return
  end
  keep_failure()
  http.json(scripted_model().port, "POST", "/__reset")
  for _, neovim in ipairs(world.neovims) do
    neovim.stop()
  end
  vim.fn.delete(world.folder, "rf")
  world = nil
end

---@return string
function M.folder()
  return world.folder
end

--- The hooks of a test set that plays in a world of its own for each case.
---@return table
function M.hooks()
  return {
    pre_case = function()
      M.begin()
    end,
    post_case = M.finish,
  }
end

-- Neovims.

--- What is drawn in a buffer: for each mark its line (1-based), its sign, the text behind the line
--- and the lines below. Runs in the child.
local MARKS = [[
  local bufnr = ...
  local namespace = vim.api.nvim_get_namespaces()["backchat.marks"]
  if not namespace then
    return {}
  end
  local function text(chunks)
    local parts = {}
    for _, chunk in ipairs(chunks or {}) do
      table.insert(parts, chunk[1])
    end
    return table.concat(parts)
  end
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(bufnr, namespace, 0, -1, { details = true })) do
    local details = mark[4]
    local lines = {}
    for _, line in ipairs(details.virt_lines or {}) do
      table.insert(lines, text(line))
    end
    table.insert(found, {
      line = mark[2] + 1,
      sign = vim.trim(details.sign_text or ""),
      eol = text(details.virt_text),
      lines = lines,
    })
  end
  return found
]]

---@class NeovimOptions
---@field args? string[] arguments, e.g. the files to open
---@field before? string Lua that runs before the plugin is loaded
---@field plugin? boolean false: without the plugin in the runtime path

--- Starts a real Neovim with the plugin, in the world's project folder.
---@param options? NeovimOptions
---@return table child with `marks`, `eol`, `wait_for`, `notifications` beside what mini.test gives it
function M.neovim(options)
  options = options or {}
  local child = MiniTest.new_child_neovim()
  table.insert(world.neovims, child)
  local before = world.folder .. "/before-" .. #world.neovims .. ".lua"
  -- Messages are collected: a test reads them, and none waits for a key to be pressed.
  write(
    before,
    [[
      _G.notifications = {}
      vim.notify = function(message, level)
        table.insert(_G.notifications, { message = message, level = level })
      end
      vim.o.cmdheight = 2
      vim.o.swapfile = false
      vim.cmd.cd(]]
      .. ("%q"):format(world.folder .. "/project")
      .. ")\n"
      .. (options.before or "")
  )
  local args = { "--cmd", "luafile " .. before }
  if options.plugin ~= false then
    vim.list_extend(args, { "--cmd", "set runtimepath^=" .. M.plugin })
  end
  vim.list_extend(args, options.args or {})
  child.start(args, { connection_timeout = PATIENCE })

  --- The marks of a buffer, drawn ones only.
  function child.marks(bufnr)
    return vim.tbl_filter(function(mark)
      return mark.eol ~= "" or #mark.lines > 0
    end, child.lua(MARKS, { bufnr or 0 }))
  end

  --- The first mark whose text behind the line contains `text`, with the lines of its preview.
  function child.mark(text, bufnr)
    local marks = child.marks(bufnr)
    for _, mark in ipairs(marks) do
      if mark.eol:find(text, 1, true) then
        return mark
      end
    end
  end

  --- Waits until such a mark is drawn.
  function child.wait_mark(text, bufnr)
    local ok, found = pcall(M.wait, ('a mark shows "%s"'):format(text), function()
      return child.mark(text, bufnr)
    end)
    if not ok then
      error(
        found
          .. "\nmarks: "
          .. vim.inspect(child.marks(bufnr))
          .. "\nmessages: "
          .. vim.inspect(child.lua_get("_G.notifications"))
          .. "\nLSP log: "
          .. table.concat(
            child.lua_get([[
            (function()
              local path = require("backchat.log").client_log()
              local lines = vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
              return vim.list_slice(lines, math.max(1, #lines - 20))
            end)()
          ]]),
            "\n"
          ),
        2
      )
    end
    return found
  end

  --- Waits until an expression of the child is true.
  function child.wait_for(expression)
    return M.wait(expression, function()
      local value = child.lua_get("(function() return " .. expression .. " end)()")
      -- What is nil there comes as a value that counts as true here.
      return value ~= vim.NIL and value
    end)
  end

  --- The lines below the code, in all marks of a buffer.
  function child.below(bufnr)
    local lines = {}
    for _, mark in ipairs(child.marks(bufnr)) do
      vim.list_extend(lines, mark.lines)
    end
    return lines
  end

  --- Completes until that is offered: a completion waits for the server only briefly, and a busy one has
  --- answered by the next press.
  function child.wait_completion(line, offered)
    M.wait(("%s is offered behind `%s`"):format(vim.inspect(offered), line), function()
      return vim.deep_equal(child.fn.getcompletion(line, "cmdline"), offered)
    end)
  end

  --- The messages that contain `text`.
  function child.messages(text)
    return vim.tbl_filter(function(notification)
      return notification.message:find(text or "", 1, true) ~= nil
    end, child.lua_get("_G.notifications"))
  end

  --- Compares the screen with the reference of this name, text only; $BACKCHAT_TEST_UPDATE writes
  --- the reference anew.
  function child.expect_screen(name)
    local screen = tostring(child.get_screenshot()):match("^(.-)\n\n")
    local path = ("%s/tests/screens/%s.txt"):format(M.plugin, name)
    if vim.env.BACKCHAT_TEST_UPDATE == "yes" then
      write(path, screen .. "\n")
    end
    local file = assert(io.open(path), path .. " is missing; --update writes it")
    local reference = file:read("*a"):gsub("\n$", "")
    file:close()
    MiniTest.expect.equality(vim.split(screen, "\n"), vim.split(reference, "\n"))
  end

  --- Waits until the server is ready.
  function child.wait_ready()
    child.wait_for('require("backchat.client").is_ready()')
  end

  return child
end

--- The process ids of the servers that a Neovim started.
---@param child table
---@return integer[]
function M.servers(child)
  local parent = child.lua_get("vim.uv.os_getpid()")
  local ids = {}
  for _, line in ipairs(vim.fn.systemlist({ "ps", "-o", "pid=,args=", "--ppid", tostring(parent) })) do
    local id, program = line:match("^%s*(%d+)%s+(.*)$")
    if program and program:find("backchat", 1, true) then
      table.insert(ids, tonumber(id))
    end
  end
  return ids
end

return M
