-- The install blocks of the help and of the READMEs, taken from there and run on a clone of a repository
-- that has this one's layout.

local harness = require("harness")
local manual = require("manual")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

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

--- Runs the commands that install into a package.
---@param commands string
---@param origin string the repository
---@param folder? string where they are run
local function install(commands, origin, folder)
  commands = commands
    :gsub("git clone URL", "git clone --quiet " .. origin)
    -- Building takes minutes, and the tests have the program.
    :gsub("cargo build[^\n]*", ":")
    :gsub("nvim %-c", vim.v.progpath .. " --headless -c")
    :gsub("~/%.local/share", vim.env.XDG_DATA_HOME)
  equal(commands:find("ln -s", 1, true) ~= nil, true)
  run({ "sh", "-euc", commands }, folder)
end

--- A Neovim that finds its packages where they were installed.
---@return table child
local function with_packages()
  local site = vim.env.XDG_DATA_HOME .. "/nvim/site"
  return harness.neovim({
    plugin = false,
    before = ("vim.opt.packpath:prepend(%q)"):format(site),
  })
end

T["plain packpath, by a link"] = function()
  local clone = harness.folder() .. "/home/src/backchat"
  install(manual.block("backchat-install-packpath 1"), repository())
  build(clone)
  local child = with_packages()
  ask(child, clone)
  child.cmd("help backchat-install")
  -- The folder that lazy.nvim is to take as it is.
  local spec = child.lua("return " .. manual.block("backchat-install-lazy.nvim 2"))
  equal(child.fn.isdirectory(child.fn.expand(spec.dir) .. "/plugin"), 1)
  equal(spec.lazy, false)
end

T["the README of the plugin"] = function()
  local clone = harness.folder() .. "/home/src/backchat"
  install(manual.readme_blocks("plugin")[1].code, repository())
  build(clone)
  ask(with_packages(), clone)
end

T["the README of the repository"] = function()
  local clone = repository()
  install(manual.readme_blocks("repository")[1].code, clone, clone)
  build(clone)
  local child = with_packages()
  ask(child, clone)
  child.cmd("help backchat")
end

T["vim.pack"] = function()
  local code = manual.block("backchat-install-vim.pack 1")
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
  -- What is built is what was cloned.
  local manifest = manual.block("backchat-install-vim.pack 2"):match("~/(%S*Cargo.toml)")
  local data = manifest:gsub("^%.local/share", vim.env.XDG_DATA_HOME)
  equal(data, clone .. "/Cargo.toml")
  build(clone)
  ask(child, clone)
end

T["lazy.nvim's config function"] = function()
  local clone = repository()
  build(clone)
  local code = manual.block("backchat-install-lazy.nvim 1")
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
