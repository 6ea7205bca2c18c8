-- The install blocks of the help, taken from the help and run on a clone of a repository that has
-- this one's layout.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

--- The code of a block of the help: the first one after a tag.
---@param tag string
---@param language string
---@return string
local function block(tag, language)
  local code, inside
  for _, line in ipairs(vim.fn.readfile(harness.plugin .. "/doc/backchat.txt")) do
    if line:find("*" .. tag .. "*", 1, true) then
      code = {}
    elseif code and not inside and line:find(">" .. language .. "$") then
      inside = true
    elseif inside and (line == "<" or (line ~= "" and not line:find("^%s"))) then
      break
    elseif inside then
      table.insert(code, line)
    end
  end
  return table.concat(code, "\n")
end

---@param command string[]
---@param folder? string
local function run(command, folder)
  local result = vim.system(command, { cwd = folder, text = true }):wait(60000)
  equal({ command, result.code, result.stderr }, { command, 0, result.stderr })
end

--- A repository with the plugin where this repository has it, and the program where cargo puts it.
---@return string
local function repository()
  local root = harness.folder() .. "/origin"
  vim.fn.mkdir(root .. "/editors", "p")
  run({ "cp", "-r", harness.plugin, root .. "/editors/nvim" })
  vim.fn.writefile({ "[package]" }, root .. "/Cargo.toml")
  vim.fn.writefile({ "/target" }, root .. "/.gitignore")
  run({ "git", "init", "--quiet", "--initial-branch=main" }, root)
  run({ "git", "add", "." }, root)
  run({
    "git",
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@localhost",
    "commit",
    "--quiet",
    "--message=Test",
  }, root)
  return root
end

--- What `cargo build --release`, or another profile, leaves in a clone.
---@param clone string
---@param profile? string
local function build(clone, profile)
  local folder = ("%s/target/%s"):format(clone, profile or "release")
  vim.fn.mkdir(folder, "p")
  harness.hide_program()
  assert(vim.uv.fs_symlink(harness.program, folder .. "/backchat"))
end

--- Asks a question in a Neovim that has the plugin from where it was installed.
---@param child table
---@param clone string
---@param profile? string
local function ask(child, clone, profile)
  child.cmd("edit " .. harness.file("asked.txt", { "one", "two" }))
  child.wait_ready()
  equal(
    child.lua_get("vim.lsp.get_clients({ name = 'backchat' })[1].config.cmd[1]"),
    ("%s/target/%s/backchat"):format(vim.uv.fs_realpath(clone), profile or "release")
  )
  child.cmd("2Backchat submit installed?")
  equal(child.wait_mark("📬 installed?").line, 2)
end

T["plain packpath, by a link"] = function()
  local clone = harness.folder() .. "/home/src/backchat"
  local origin = repository()
  local commands = block("backchat-install-packpath", "sh")
    :gsub("git clone URL", "git clone --quiet " .. origin)
    -- Building takes minutes, and the tests have the program.
    :gsub("cargo build[^\n]*", ":")
    :gsub("nvim %-c", vim.v.progpath .. " --headless -c")
    :gsub("~/%.local/share", vim.env.XDG_DATA_HOME)
  equal(commands:find("ln -s", 1, true) ~= nil, true)
  run({ "sh", "-euc", commands })
  build(clone)
  local site = vim.env.XDG_DATA_HOME .. "/nvim/site"
  local child = harness.neovim({
    plugin = false,
    before = ("vim.opt.packpath:prepend(%q)"):format(site),
  })
  ask(child, clone)
  child.cmd("help backchat-install")
end

T["vim.pack"] = function()
  local code = block("backchat-install-vim.pack", "lua")
  equal(code:find("vim.pack.add", 1, true) ~= nil, true)
  if vim.fn.has("nvim-0.12") == 0 then
    -- Neovim has vim.pack from 0.12 on; what the block loads is the same as lazy.nvim's.
    return
  end
  local origin = repository()
  harness.hide_program()
  local child = harness.neovim({ plugin = false })
  child.lua("vim.fn.confirm = function() return 1 end")
  child.lua((code:gsub('"URL"', ("%q"):format("file://" .. origin))))
  local clone = child.lua_get('vim.pack.get({ "backchat" })[1].path')
  build(clone)
  ask(child, clone)
end

T["lazy.nvim's config function"] = function()
  local clone = repository()
  build(clone)
  local code = block("backchat-install-lazy.nvim", "lua")
  local child = harness.neovim({ plugin = false })
  -- lazy.nvim puts the clone on 'runtimepath', then calls `config` with the plugin.
  child.lua(([[
    local spec = %s
    vim.opt.runtimepath:append(%q)
    spec.config({ name = spec.name, dir = %q })
  ]]):format(code, clone, clone))
  ask(child, clone)
end

T["a clone in which only `npm start` has built"] = function()
  local clone = repository()
  build(clone, "try")
  local child = harness.neovim({
    plugin = false,
    before = ("vim.opt.runtimepath:append(%q)"):format(clone .. "/editors/nvim"),
  })
  ask(child, clone, "try")
end

return T
