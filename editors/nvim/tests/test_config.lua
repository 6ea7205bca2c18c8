-- Options: what is taken, and that a wrong one is named.

local T = MiniTest.new_set({
  hooks = {
    pre_case = function()
      package.loaded["backchat.config"] = nil
      vim.g.backchat = nil
    end,
  },
})
local equal = MiniTest.expect.equality

local function problems(options)
  local config = require("backchat.config")
  local notify = vim.notify
  local told = {}
  vim.notify = function(message)
    table.insert(told, message)
  end
  config.setup(options)
  vim.wait(100, function()
    return #told > 0
  end, 5)
  vim.notify = notify
  return config.problems(), told
end

T["defaults hold without setup()"] = function()
  local config = require("backchat.config")
  equal(config.get("autostart"), true)
  equal(config.get("inline.preview_lines"), 3)
  equal(config.get("binary"), nil)
  equal(config.problems(), {})
end

T["vim.g.backchat and setup() are both taken, setup() last"] = function()
  vim.g.backchat = { notify = false, inline = { preview_lines = 1 } }
  local config = require("backchat.config")
  equal(problems({ inline = { preview_lines = 7 } }), {})
  equal(config.get("notify"), false)
  equal(config.get("inline.preview_lines"), 7)
end

T["an unknown option is named, with the one that was meant"] = function()
  local found, told = problems({ inline = { preview_line = 2 }, autostrat = false })
  table.sort(found)
  equal(found, {
    'unknown option "autostrat"; did you mean "autostart"?',
    'unknown option "inline.preview_line"; did you mean "inline.preview_lines"?',
  })
  equal(#told, 1)
  MiniTest.expect.equality(told[1]:find("autostrat", 1, true) ~= nil, true)
end

T["a wrong value is named and the default stays"] = function()
  local config = require("backchat.config")
  equal(problems({ autostart = "yes" }), { 'option "autostart" must be true or false, not "yes"' })
  equal(config.get("autostart"), true)
  equal(
    problems({ icons = { unread = "three cells" } }),
    { 'option "icons.unread" must be a text that is one or two cells wide, not "three cells"' }
  )
  equal(problems({ inline = 3 }), { 'option "inline" must be a table, not 3' })
end

T["every option has its place in the help"] = function()
  local help = table.concat(vim.fn.readfile(require("harness").plugin .. "/doc/backchat.txt"), "\n")
  for _, name in ipairs(require("backchat.config").names()) do
    local tag = "*backchat-option-" .. name .. "*"
    equal({ name, help:find(tag, 1, true) ~= nil }, { name, true })
  end
end

return T
