-- Nothing that `:help backchat` and the READMEs tell people to type may lie: every command, mapping,
-- function, key and block of code in them is found there and run in a real Neovim. What has no test here
-- fails.

local harness = require("harness")
local manual = require("manual")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = {
  "local function one()",
  "  return 1",
  "end",
  "",
  "local function two()",
  "  return 2",
  "end",
}
--- What a change of the second line proposes.
local CHANGE = "```lua\n  return 11\n```\n"

---@param options? NeovimOptions
local function open(options)
  options = options or {}
  options.args = { harness.file("pair.lua", LINES) }
  local child = harness.neovim(options)
  child.wait_ready()
  return child
end

local function is_float(child)
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
end

local function text(child)
  return child.api.nvim_buf_get_lines(0, 0, -1, false)
end

-- What each action does. An action is a function that gets the child and `act`, which does it in one of
-- the ways: by a command, by a mapping, by a function. It prepares, acts, and looks at what came of it;
-- all ways are gone one after the other in the same Neovim.

local counter = 0
--- A prompt that no other request has.
---@param words string
---@return string
local function fresh(words)
  counter = counter + 1
  return ("%s nr%d."):format(words, counter)
end

--- Asks and waits for the answer.
local function answered(child, line)
  local prompt = fresh("question")
  child.cmd(("%dBackchat submit %s"):format(line, prompt))
  child.wait_mark("📬 " .. prompt)
  child.cmd(tostring(line))
  return prompt
end

--- Asks for what does not end before it is cancelled or released.
local function running(child, line)
  local prompt = fresh("endless")
  harness.script({ match = prompt, answer = "At last.", gate = true })
  child.cmd(("%dBackchat submit %s"):format(line, prompt))
  child.wait_mark("running")
  child.cmd(tostring(line))
  return prompt
end

--- Asks for a change and waits until it is proposed.
local function proposed(child)
  local prompt = fresh("change")
  harness.script({ match = prompt, answer = CHANGE })
  child.cmd("2Backchat edit " .. prompt)
  child.wait_mark("✎ +1 −1 clean · :Backchat apply · " .. prompt)
  child.cmd("2")
  return prompt
end

--- Takes the marks of the buffer away.
local function dismiss(child)
  child.lua([[
    local targets = require("backchat.targets")
    local _, requests = targets.candidates(function() return true end)
    local count = 0
    for _, request in ipairs(requests) do
      require("backchat.actions").apply("dismiss", request, function() count = count + 1 end)
    end
    vim.wait(10000, function() return count == #requests end, 10)
  ]])
end

--- Asks about the second line, typing the prompt where it is asked for.
---@param shown string what the mark shows when it is answered
---@param answer string
local function asking(shown, answer)
  return function(child, act)
    local prompt = fresh("typed")
    harness.script({ match = prompt, answer = answer })
    act({ line = 2, prompt = prompt })
    local mark = child.wait_mark(prompt)
    harness.wait("it is answered", function()
      mark = child.mark(prompt)
      return mark and mark.eol:find(shown, 1, true)
    end)
    child.cmd("2")
    dismiss(child)
    return mark
  end
end

---@type table<string, fun(child: table, act: fun(how?: { line?: integer, prompt?: string, argument?: string }))>
local ACTIONS = {
  ask = asking("📬", "Because."),
  submit = asking("📬", "Because."),
  edit = asking("✎ +1 −1 clean", CHANGE),
  read = function(child, act)
    answered(child, 2)
    act()
    is_float(child)
    child.type_keys("q")
    dismiss(child)
  end,
  next = function(child, act)
    answered(child, 6)
    child.cmd("1")
    act()
    equal(child.api.nvim_win_get_cursor(0)[1], 6)
    dismiss(child)
  end,
  prev = function(child, act)
    answered(child, 2)
    child.cmd("7")
    act()
    equal(child.api.nvim_win_get_cursor(0)[1], 2)
    dismiss(child)
  end,
  sessions = function(child, act)
    answered(child, 6)
    child.cmd("1")
    child.lua([[vim.ui.select = function(items, _, callback) callback(items[1]) end]])
    act()
    child.wait_for("vim.api.nvim_win_get_cursor(0)[1] == 6")
    dismiss(child)
  end,
  transcript = function(child, act)
    answered(child, 2)
    act()
    child.wait_for('vim.api.nvim_buf_get_name(0):find("^backchat://session/")')
    child.wait_for("vim.api.nvim_buf_line_count(0) > 5")
    child.cmd("edit #")
    dismiss(child)
  end,
  cancel = function(child, act)
    running(child, 2)
    act()
    child.wait_mark("cancelled")
    dismiss(child)
  end,
  retry = function(child, act)
    local prompt = running(child, 2)
    child.cmd("Backchat cancel")
    child.wait_mark("cancelled")
    act()
    child.wait_mark("running")
    harness.release(prompt)
    child.wait_mark("📬")
    dismiss(child)
  end,
  allow = function(child, act)
    -- Put together, so that no tool takes this file for a leak.
    local token = "ghp_" .. "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"
    child.cmd("2Backchat submit " .. fresh("guarded " .. token))
    harness.wait("it is held, or its secret was allowed by an earlier way", function()
      return child.mark("held") or child.mark("📬")
    end)
    child.cmd("2")
    act()
    child.wait_mark("📬")
    dismiss(child)
  end,
  dismiss = function(child, act)
    answered(child, 2)
    act()
    harness.wait("the mark is gone", function()
      return #child.marks() == 0
    end)
  end,
  apply = function(child, act)
    proposed(child)
    act()
    child.wait_for('vim.fn.getline(2) == "  return 11"')
    child.cmd("undo")
    dismiss(child)
  end,
  preview = function(child, act)
    proposed(child)
    act()
    is_float(child)
    equal(child.bo.filetype, "diff")
    child.type_keys("q")
    dismiss(child)
  end,
  diff = function(child, act)
    proposed(child)
    act()
    child.wait_for("vim.fn.tabpagenr('$') == 2")
    equal(child.wo.diff, true)
    child.cmd("tabclose")
    child.cmd("2")
    dismiss(child)
  end,
}

--- The commands that are no action of their own name, by their tag.
---@type table<string, fun(child: table)>
local COMMANDS = {
  [":Backchat"] = function(child)
    child.type_keys(":Backchat<CR>")
    harness.wait("it is told how things stand", function()
      return #child.messages("📬 0 unread") == 1
    end)
  end,
  [":Backchat-status"] = function(child)
    child.type_keys(":Backchat status<CR>")
    harness.wait("it is told how things stand", function()
      return #child.messages("model: scripted") == 1
    end)
  end,
  [":Backchat-prompt"] = function(child)
    vim.fn.mkdir(harness.folder() .. "/prompts", "p")
    vim.fn.writefile({ "Look for races." }, harness.folder() .. "/prompts/races.md")
    child.type_keys(":2Backchat prompt races in this line<CR>")
    child.wait_mark("📬 races")
  end,
  [":Backchat-model"] = function(child)
    child.type_keys(":Backchat model scripted<CR>")
    harness.wait("the model is selected", function()
      return #child.messages("scripted") > 0
    end)
  end,
  [":Backchat-log"] = function(child)
    child.type_keys(":Backchat log<CR>")
    child.wait_for("vim.fn.tabpagenr('$') == 2")
  end,
  [":Backchat-apply!"] = function(child)
    harness.script({ match = "clash", answer = CHANGE, gate = true })
    child.cmd("2Backchat edit clash")
    child.wait_mark("running")
    child.api.nvim_buf_set_lines(0, 1, 2, false, { "  return 111" })
    harness.release("clash")
    child.wait_mark("conflict")
    child.cmd("2")
    child.type_keys(":Backchat apply!<CR>")
    child.wait_for('vim.fn.getline(2) == "<<<<<<< yours"')
  end,
  [":Backchat-apply-hunk"] = function(child)
    proposed(child)
    child.type_keys(":Backchat apply 1<CR>")
    child.wait_for('vim.fn.getline(2) == "  return 11"')
  end,
}

T["every command of the help"] = MiniTest.new_set()
for _, tag in ipairs(manual.tags("^:Backchat.*$")) do
  local action = ACTIONS[tag:match("^:Backchat%-(.*)$") or ""]
  T["every command of the help"][tag] = function()
    local child = open()
    if action then
      action(child, function(how)
        how = how or {}
        local range = how.line and how.line or ""
        child.type_keys(
          (":%sBackchat %s %s<CR>"):format(range, tag:match("%-(.*)$"), how.prompt or "")
        )
      end)
    else
      assert(COMMANDS[tag], "no test types this command of the help")(child)
    end
  end
end

T["every <Plug> mapping of the help"] = MiniTest.new_set()
for _, name in ipairs(manual.tags("^<Plug>%(backchat%-(.*)%)$")) do
  T["every <Plug> mapping of the help"][name] = function()
    local child = open()
    local plug = ("<Plug>(backchat-%s)"):format(name)
    child.lua([[vim.keymap.set({ "n", "x" }, "<F5>", ...)]], { plug })
    local motion = name:match("^(.*)%-motion$")
    local action = assert(ACTIONS[motion or name], "no test types this mapping of the help")
    action(child, function(how)
      if motion then
        -- An operator: about the text of a motion.
        child.type_keys(how.line .. "G", "<F5>", "$", how.prompt, "<CR>")
      elseif how then
        child.type_keys(how.line .. "G", "V", "<F5>", how.prompt, "<CR>")
      else
        child.type_keys("<F5>")
      end
    end)
    if ACTIONS[name] and (name == "ask" or name == "submit" or name == "edit") then
      -- In normal mode about the buffer, which is answered at its top.
      local prompt = fresh("whole")
      child.type_keys("3G", "<F5>", prompt, "<CR>")
      equal(child.wait_mark(prompt).line, 1)
    end
  end
end

--- The functions that are no action of their own name.
---@type table<string, fun(child: table)>
local FUNCTIONS = {
  status = function(child)
    equal(child.lua_get('require("backchat").status()'), "")
    answered(child, 2)
    child.wait_for('require("backchat").status() == "📬 1"')
  end,
  counts = function(child)
    local wanted = { "unread", "running", "queued", "held", "model" }
    child.wait_for('require("backchat").counts() ~= nil')
    local counts = child.lua_get('require("backchat").counts()')
    for _, field in ipairs(wanted) do
      equal({ field, counts[field] ~= nil }, { field, true })
    end
  end,
  setup = function(child)
    child.lua('require("backchat").setup({ inline = { preview_lines = 0 } })')
    equal(child.lua_get('require("backchat.config").get("inline.preview_lines")'), 0)
    answered(child, 2)
    equal(child.below(), {})
  end,
  operator = function(child)
    child.lua([[vim.keymap.set("n", "<F5>", function()
      return require("backchat").operator("submit")
    end, { expr = true })]])
    child.type_keys("2G", "<F5>", "j", "about two lines", "<CR>")
    child.wait_mark("📬 about two lines")
  end,
}

T["every function of the help"] = MiniTest.new_set()
for _, name in ipairs(manual.tags("^backchat%.([%l_]+)%(%)$")) do
  T["every function of the help"][name] = function()
    local child = open()
    if FUNCTIONS[name] then
      return FUNCTIONS[name](child)
    end
    local action = assert(ACTIONS[name], "no test calls this function of the help")
    action(child, function(how)
      local options = how
        and {
          prompt = how.prompt,
          selection = {
            start_row = how.line - 1,
            start_col = 0,
            end_row = how.line - 1,
            end_col = #LINES[how.line],
          },
        }
      child.lua(('require("backchat").%s(...)'):format(name), { options })
    end)
  end
end

--- The keys of the reader, each typed in one that shows the answer to a question.
---@type table<string, fun(child: table, prompt: string)>
local READER = {
  r = function(child)
    child.type_keys("r", "and then?", "<CR>")
    child.wait_for('vim.tbl_contains(vim.api.nvim_buf_get_lines(0, 0, -1, false), "> and then?")')
    child.type_keys("r", "never sent", "<Esc>", "<Esc>")
    is_float(child)
    equal(#child.api.nvim_list_wins(), 2)
  end,
  gy = function(child)
    child.type_keys('"+gy')
    child.type_keys("gy")
    equal(child.fn.getreg('"'), "second\n")
  end,
  ["]]"] = function(child)
    child.type_keys("gg", "]]")
    equal(child.api.nvim_get_current_line(), "first")
    child.type_keys("]]")
    equal(child.api.nvim_get_current_line(), "second")
  end,
  ["[["] = function(child)
    child.type_keys("G", "[[")
    equal(child.api.nvim_get_current_line(), "second")
  end,
  R = function(child)
    child.cmd("quit")
    local prompt = running(child, 4)
    child.cmd("Backchat cancel")
    child.wait_mark("cancelled · " .. prompt)
    child.cmd("Backchat read")
    is_float(child)
    child.type_keys("R")
    child.wait_mark("running", 1)
  end,
  X = function(child)
    child.cmd("quit")
    local prompt = running(child, 4)
    child.cmd("Backchat read")
    is_float(child)
    child.type_keys("X")
    child.wait_mark("cancelled · " .. prompt, 1)
  end,
  D = function(child, prompt)
    child.type_keys("D")
    harness.wait("its mark is gone", function()
      return not child.mark(prompt, 1)
    end)
    equal(#child.api.nvim_list_wins(), 1)
  end,
  A = function(child)
    child.cmd("quit")
    local token = "ghp_" .. "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"
    child.cmd("4Backchat submit guarded " .. token)
    child.wait_mark("held")
    child.cmd("4")
    child.cmd("Backchat read")
    is_float(child)
    child.type_keys("A")
    child.wait_mark("guarded", 1)
    harness.wait("it is answered", function()
      return not child.mark("held", 1)
    end)
  end,
  o = function(child)
    child.type_keys("o")
    child.wait_for('vim.api.nvim_buf_get_name(0):find("^backchat://session/")')
  end,
  q = function(child)
    child.type_keys("q")
    equal(#child.api.nvim_list_wins(), 1)
  end,
  ["<Esc>"] = function(child)
    child.type_keys("<Esc>")
    equal(#child.api.nvim_list_wins(), 1)
  end,
}

--- The keys that the section about the reader lists.
---@return string[]
local function reader_keys()
  local keys = {}
  for _, line in ipairs(manual.section("backchat-reader")) do
    for key in (line:match("^    (%S.-)   ") or ""):gmatch("%S+") do
      table.insert(keys, key)
    end
  end
  return keys
end

T["every key of the reader"] = MiniTest.new_set()
for _, key in ipairs(reader_keys()) do
  T["every key of the reader"][key] = function()
    if key == "A" then
      harness.configure('hold_secrets = "always"')
    end
    harness.script({
      match = "question",
      answer = "One.\n\n```\nfirst\n```\n\n```\nsecond\n```\n\nTwo.",
    })
    local child = open()
    local prompt = answered(child, 2)
    child.cmd("Backchat read")
    is_float(child)
    child.cmd("normal! G")
    assert(READER[key], "no test types this key of the reader")(child, prompt)
  end
end

T["the reader has no key that the help leaves out"] = function()
  local child = open()
  answered(child, 2)
  child.cmd("Backchat read")
  is_float(child)
  local mapped = vim.tbl_map(function(mapping)
    return mapping.lhs
  end, child.api.nvim_buf_get_keymap(0, "n"))
  local told = reader_keys()
  table.sort(mapped)
  table.sort(told)
  equal(mapped, told)
end

T["every highlight group of the help, with its link"] = function()
  local child = open()
  local told = {}
  for _, line in ipairs(manual.section("backchat-highlights")) do
    local group, target = line:match("^    (Backchat%a+) +(%a+) ")
    if group then
      told[group] = target
      equal(child.api.nvim_get_hl(0, { name = group }), { link = target, default = true })
    end
  end
  local defined = vim.tbl_filter(function(name)
    return vim.startswith(name, "Backchat")
  end, child.fn.getcompletion("Backchat", "highlight"))
  equal(#defined, vim.tbl_count(told))
end

-- Blocks of code.

--- A block that test_install.lua runs, in the case of this name.
local function installed(case)
  return function()
    local set = dofile(harness.plugin .. "/tests/test_install.lua")
    equal({ case, type(set[case]) }, { case, "function" })
  end
end

--- Runs a shell block with the program in $PATH, and returns what it prints.
local function shell(code)
  local result = vim.system({ "sh", "-euc", code }, { text = true }):wait(60000)
  equal({ code, result.code, result.stderr }, { code, 0, result.stderr })
  return result.stdout
end

--- Types the lines of a Vim block as commands.
local function type_commands(child, code)
  for command in code:gmatch("[^\n]+") do
    child.type_keys(vim.trim(command) .. "<CR>")
  end
end

--- What is mapped by a block that calls vim.keymap.set, in its order.
---@param code string
---@return { mode: string, lhs: string, name: string }[]
local function mappings_of(code)
  local mappings = {}
  for mode, lhs, name in
    code:gmatch('vim%.keymap%.set%("(%l)", "([^"]+)", "<Plug>%(backchat%-([%l-]+)%)"%)')
  do
    table.insert(mappings, { mode = mode, lhs = lhs, name = name })
  end
  local _, calls = code:gsub("vim%.keymap%.set", "")
  equal(#mappings, calls)
  return mappings
end

--- Runs a block of mappings and types each of them.
---@param code string
local function mappings(code)
  local child = open({ before = 'vim.g.mapleader = " "' })
  local tags =
    child.lua_get([[table.concat(vim.fn.readfile(vim.env.VIMRUNTIME .. "/doc/tags"), "\n")]])
  for _, mapping in ipairs(mappings_of(code)) do
    local key = mapping.lhs:gsub("<Leader>", " ")
    -- It shadows nothing: neither a command of Neovim's own nor one of its default mappings.
    equal({ mapping.lhs, child.fn.maparg(key, mapping.mode) }, { mapping.lhs, "" })
    equal({ mapping.lhs, ("\n" .. tags):find("\n" .. key .. "\t", 1, true) }, { mapping.lhs, nil })
  end
  child.lua(code)
  for _, mapping in ipairs(mappings_of(code)) do
    local key = mapping.lhs:gsub("<Leader>", "<Space>")
    -- It is complete when it is typed: no other mapping of its mode begins with it.
    for _, other in ipairs(mappings_of(code)) do
      equal({
        mapping.lhs,
        other.mode == mapping.mode
          and other.lhs ~= mapping.lhs
          and vim.startswith(other.lhs, mapping.lhs),
      }, { mapping.lhs, false })
    end
    local motion = mapping.name:match("^(.*)%-motion$")
    ACTIONS[motion or mapping.name](child, function(how)
      if motion then
        child.type_keys(how.line .. "G", key, "$", how.prompt, "<CR>")
      elseif how and mapping.mode == "x" then
        child.type_keys(how.line .. "G", "V", key, how.prompt, "<CR>")
      elseif how then
        child.type_keys(key, how.prompt, "<CR>")
        child.wait_mark(how.prompt)
        child.cmd(tostring(how.line))
      else
        child.type_keys(key)
      end
    end)
  end
  -- An operator takes every text object, whatever is mapped beside it.
  child.lua("vim.ui.input = function(_, callback) callback('about the paragraph') end")
  child.fn.setreg('"', "pasted\n")
  child.type_keys("2G", "<Space>b", "ap")
  local mark = child.wait_mark("about the paragraph")
  equal(mark.line, 1)
  equal(text(child), LINES)
end

--- The last rows of the screen, where the statusline is.
local function statusline(child)
  local screen = tostring(child.get_screenshot()):match("^(.-)\n\n")
  for line in screen:gmatch("[^\n]+") do
    if line:find("pair.lua", 1, true) then
      return line:match("|(.*)$")
    end
  end
end

---@type table<string, fun(block: Block)>
local BLOCKS = {
  ["backchat-install-packpath 1"] = installed("plain packpath, by a link"),
  ["backchat-install-vim.pack 1"] = installed("vim.pack"),
  ["backchat-install-vim.pack 2"] = installed("vim.pack"),
  ["backchat-install-lazy.nvim 1"] = installed("lazy.nvim's config function"),
  ["backchat-install-lazy.nvim 2"] = installed("plain packpath, by a link"),
  ["backchat-start 1"] = function(block)
    local child = open()
    type_commands(child, block.code)
    child.wait_for("vim.bo.filetype == 'checkhealth'")
  end,
  ["backchat-start 2"] = function(block)
    local lines = {}
    for number = 1, 30 do
      lines[number] = "line " .. number
    end
    local child = open()
    child.api.nvim_buf_set_lines(0, 0, -1, false, lines)
    type_commands(child, block.code)
    local mark = child.wait_mark("📬 why is this slow?")
    equal(mark.line, 10)
    -- It goes on as the help goes on.
    type_commands(child, manual.block("backchat-start 3"))
    is_float(child)
  end,
  ["backchat-start 3"] = function(block)
    local child = open()
    answered(child, 2)
    type_commands(child, block.code)
    is_float(child)
  end,
  ["backchat-prompts 1"] = function(block)
    local path = assert(vim.env.BACKCHAT_CONFIG)
    local sonnet =
      '[models.sonnet]\nformat = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "sonnet"'
    vim.fn.writefile(vim.split("\n" .. sonnet, "\n"), path, "a")
    local child = open()
    -- Beside the configuration, where checkhealth says that it is.
    child.cmd("checkhealth backchat")
    child.wait_for("vim.bo.filetype == 'checkhealth'")
    local report = table.concat(text(child), "\n")
    local folder = harness.folder() .. "/prompts"
    equal({ report, report:find(folder, 1, true) ~= nil }, { report, true })
    child.cmd("bwipeout")
    vim.fn.mkdir(folder, "p")
    vim.fn.writefile(
      vim.split(block.code:gsub("^%s+", ""):gsub("\n    ", "\n"), "\n"),
      folder .. "/any.md"
    )
    equal(child.fn.getcompletion("Backchat prompt ", "cmdline"), { "Find races" })
    child.cmd("2Backchat prompt Find races")
    child.wait_for('(require("backchat.requests").list()[1] or {}).model == "sonnet"')
    equal(child.lua_get('require("backchat.requests").list()[1].intent'), "edit")
  end,
  ["backchat-mappings-example 1"] = function(block)
    mappings(block.code)
  end,
  ["backchat-options 1"] = function(block)
    local child = open()
    local values = [[(function()
      local config, values = require("backchat.config"), {}
      for _, name in ipairs(config.names()) do
        local value = config.get(name)
        values[name] = value == nil and "nil" or value
      end
      return values
    end)()]]
    local before = child.lua_get(values)
    child.lua(block.code)
    -- They are the defaults, all of them, and none is wrong.
    equal(child.lua_get(values), before)
    equal(child.lua_get('require("backchat.config").problems()'), {})
    for _, name in ipairs(child.lua_get('require("backchat.config").names()')) do
      local last = name:match("[%l_]+$")
      equal({ name, block.code:find("%f[%l_]" .. last .. " = ") ~= nil }, { name, true })
    end
  end,
  ["backchat-models 1"] = function(block)
    local out = shell(block.code)
    equal({ out, out:find("default_model", 1, true) ~= nil }, { out, true })
    equal({ out, out:find("scripted", 1, true) ~= nil }, { out, true })
  end,
  ["backchat.status() 1"] = function(block)
    local child = open()
    -- lualine itself is no part of the tests; it calls what it is given.
    child.lua([[package.preload["lualine"] = function()
      return { setup = function(options) _G.lualine = options end }
    end]])
    child.lua(block.code)
    answered(child, 2)
    child.wait_for('_G.lualine.sections.lualine_x[1]() == "📬 1"')
  end,
  ["backchat.status() 2"] = function(block)
    local child = open()
    -- heirline itself is no part of the tests; it calls `provider` after the event.
    child.lua(block.code .. [[

      vim.api.nvim_create_autocmd(Backchat.update[1], {
        pattern = Backchat.update.pattern,
        callback = function() _G.shown = Backchat.provider() end,
      })
    ]])
    answered(child, 2)
    child.wait_for('_G.shown == "📬 1"')
  end,
  ["backchat.status() 3"] = function(block)
    local child = open()
    local before = vim.split(statusline(child), "%s+", { trimempty = true })
    equal(vim.tbl_contains(before, "All"), true)
    child.lua(block.code)
    answered(child, 2)
    child.cmd("1")
    child.wait_for('require("backchat").status() == "📬 1"')
    local after = statusline(child)
    -- What was shown is shown still.
    for _, part in ipairs(before) do
      equal({ after, part, after:find(part, 1, true) ~= nil }, { after, part, true })
    end
    equal({ after, after:find("📬 1", 1, true) ~= nil }, { after, true })
  end,
  ["BackchatChanged 1"] = function(block)
    local child = open()
    child.lua("vim.print = function(text) _G.printed = text end")
    child.lua(block.code)
    local prompt = answered(child, 2)
    child.wait_for(("_G.printed == %q"):format(prompt))
  end,
}

T["every block of the help"] = MiniTest.new_set()
for _, block in ipairs(manual.blocks()) do
  T["every block of the help"][block.id] = function()
    assert(BLOCKS[block.id], "no test runs this block of the help")(block)
  end
end

T["no block of the help is missed"] = function()
  local ids = vim.tbl_map(function(block)
    return block.id
  end, manual.blocks())
  local known = vim.tbl_keys(BLOCKS)
  table.sort(ids)
  table.sort(known)
  equal(ids, known)
  -- A line that begins a block ends with ">" and a language: each of them was found.
  local begun = vim.tbl_filter(function(line)
    return line:find(" >%l*$") ~= nil
  end, vim.fn.readfile(harness.plugin .. "/doc/backchat.txt"))
  equal(#begun, #ids)
end

-- READMEs.

--- Runs the blocks of a README: its first is the installation, which test_install.lua runs; others map keys.
local README_BLOCKS = {
  plugin = { "the README of the plugin", mappings },
  repository = { "the README of the repository" },
}
T["every block of a README"] = MiniTest.new_set()
for name, runs in pairs(README_BLOCKS) do
  T["every block of a README"][name] = function()
    local blocks = manual.readme_blocks(name)
    equal(#blocks, #runs)
    for index, block in ipairs(blocks) do
      if type(runs[index]) == "string" then
        installed(runs[index])()
      else
        runs[index](block.code)
      end
    end
  end
end

T["every command of a README"] = function()
  local child = open({ before = ("vim.cmd.helptags(%q)"):format(harness.plugin .. "/doc") })
  local seen = 0
  for _, name in ipairs({ "plugin", "repository" }) do
    for _, command in ipairs(manual.readme_commands(name)) do
      seen = seen + 1
      local verb = command:match("Backchat (%l+)")
      if verb then
        -- The verbs are typed with what they take: those of |:Backchat| are tested above.
        local known = ACTIONS[verb] or COMMANDS[":Backchat-" .. verb]
        equal({ command, known ~= nil }, { command, true })
      else
        child.cmd(command)
        child.cmd("only | buffer 1")
      end
      if command:find("Backchat submit .") then
        child.type_keys("2G", "V", "<Esc>")
        child.cmd(vim.trim((command:gsub("^%d+,%d+", "2,3"))))
        child.wait_mark("📬 why is this slow")
        child.cmd("2")
        dismiss(child)
      end
    end
  end
  equal(seen > 10, true)
end

return T
