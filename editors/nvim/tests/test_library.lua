-- The prompt library: asked by name, completed, picked; what is wrong with it is told.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = { "one", "two", "three", "four" }

--- Writes a prompt of the user's own.
local function prompt_file(name, lines)
  local folder = harness.folder() .. "/prompts"
  vim.fn.mkdir(folder, "p")
  vim.fn.writefile(lines, folder .. "/" .. name)
end

local function open()
  local child = harness.neovim({ args = { harness.file("numbers.txt", LINES) } })
  child.wait_ready()
  return child
end

local RACES = { "---", "name: Find races", "description: Data races", "---", "Look for races." }

T["a prompt of the library is asked by its name, with what follows it"] = function()
  prompt_file("races.md", RACES)
  prompt_file("find.md", { "Find it." })
  local child = open()
  child.cmd("2,3Backchat prompt Find races in the queue")
  child.wait_mark("📬")
  local requests = child.lua_get('require("backchat.requests").list()')
  equal(#requests, 1)
  equal(requests[1].prompt, "Find races (prompts/races.md)\n\nLook for races.\n\nin the queue")
  equal(requests[1].anchor.range.start.line, 1)
end

T["names of several words are completed word by word"] = function()
  prompt_file("races.md", RACES)
  prompt_file("tests.md", { "Write tests." })
  local child = open()
  child.wait_completion("Backchat prompt ", { "Find races", "tests" })
  child.wait_completion("Backchat prompt Find r", { "races" })
  child.wait_completion("Backchat prompt te", { "tests" })
end

T["without a name one is picked"] = function()
  prompt_file("races.md", RACES)
  local child = open()
  child.lua([[vim.ui.select = function(items, options, callback)
    _G.label, _G.kind = options.format_item(items[1]), options.kind
    callback(items[1])
  end]])
  child.cmd("3Backchat prompt")
  child.wait_mark("📬")
  equal(child.lua_get("{ _G.label, _G.kind }"), { "Find races — Data races", "backchat_prompt" })
end

T["a name that there is not is told, with what is wrong with the files"] = function()
  prompt_file("wrong.md", { "---", "intent: chat", "---", "Why?" })
  vim.fn.mkdir(harness.folder() .. "/project/.backchat/prompts", "p")
  local child = open()
  child.lua([[
    vim.notify = function(message) _G.told = message end
    vim.secure.read = function() end
  ]])
  child.cmd("Backchat prompt wrong")
  child.wait_for("_G.told ~= nil")
  local told = child.lua_get("_G.told")
  equal(told:find("wrong.md:2: ", 1, true) ~= nil, true)
  equal(told:find("backchat-prompts-trust", 1, true) ~= nil, true)
end

T["a workspace's prompts are read when the user trusts them"] = function()
  local folder = harness.folder() .. "/project/.backchat/prompts"
  vim.fn.mkdir(folder, "p")
  vim.fn.writefile(RACES, folder .. "/races.md")
  local child = open()
  equal(child.fn.getcompletion("Backchat prompt ", "cmdline"), {})
  -- As the user's answer to |vim.secure.read()| is kept.
  vim.fn.mkdir(child.fn.stdpath("state"), "p")
  vim.fn.writefile(
    { "directory " .. vim.uv.fs_realpath(folder) },
    child.fn.stdpath("state") .. "/trust"
  )
  if child.fn.has("nvim-0.11") == 0 then
    child.lua("vim.notify = function(message) _G.told = message end")
    child.cmd("2Backchat prompt Find races")
    child.wait_for("_G.told ~= nil")
    equal(child.lua_get("_G.told"):find("backchat-prompts-trust", 1, true) ~= nil, true)
    return
  end
  child.cmd("2Backchat prompt Find races")
  child.wait_mark("📬")
  child.wait_completion("Backchat prompt ", { "Find races" })
end

return T
