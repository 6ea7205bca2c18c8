-- What `:help backchat` and the READMEs tell people to type, taken out of them, so that the tests run
-- the very words.

local harness = require("harness")

local M = {}

local HELP = harness.plugin .. "/doc/backchat.txt"

---@class Block
---@field id string the tag before it, and its number there
---@field tag string
---@field language string
---@field code string

--- The blocks of code of the help, in their order.
---@return Block[]
function M.blocks()
  local blocks, inside = {}, nil
  local tag, count = "", 0
  for _, line in ipairs(vim.fn.readfile(HELP)) do
    if inside and (line:sub(1, 1) == "<" or line:find("^%S")) then
      inside.code = table.concat(inside.lines, "\n")
      inside = nil
    elseif inside then
      table.insert(inside.lines, line)
    end
    if not inside then
      local found = line:match("%*([^%s*|]+)%*")
      if found then
        tag, count = found, 0
      end
      local language = line:match(" >(%l*)$")
      if language then
        count = count + 1
        inside = { id = tag .. " " .. count, tag = tag, language = language, lines = {} }
        table.insert(blocks, inside)
      end
    end
  end
  return blocks
end

--- The code of the block of this id.
---@param id string
---@return string
function M.block(id)
  for _, block in ipairs(M.blocks()) do
    if block.id == id then
      return block.code
    end
  end
  error(id .. " is no block of the help")
end

--- What `pattern` finds in the tags of the help.
---@param pattern string with one capture
---@return string[]
function M.tags(pattern)
  local found = {}
  for _, line in ipairs(vim.fn.readfile(HELP)) do
    for tag in line:gmatch("%*([^%s*|]+)%*") do
      table.insert(found, tag:match(pattern))
    end
  end
  return found
end

--- The lines of a section of the help.
---@param tag string of its heading
---@return string[]
function M.section(tag)
  local lines, inside = {}, false
  for _, line in ipairs(vim.fn.readfile(HELP)) do
    if line:find("*" .. tag .. "*", 1, true) then
      inside = true
    elseif inside and line:find("^====") then
      break
    elseif inside then
      table.insert(lines, line)
    end
  end
  return lines
end

--- A part of a README: the whole of the plugin's, or what is about Neovim in the repository's.
---@param name "plugin"|"repository"
---@return string
local function readme(name)
  local path = harness.plugin .. "/README.md"
  if name == "repository" then
    path = vim.fs.dirname(vim.fs.dirname(harness.plugin)) .. "/README.md"
  end
  local text = table.concat(vim.fn.readfile(path), "\n") .. "\n"
  return name == "plugin" and text or assert(text:match("\n(%*%*Neovim%*%*.-)\n%*%*VS Code%*%*"))
end

--- The blocks of code of a README.
---@param name "plugin"|"repository"
---@return { language: string, code: string }[]
function M.readme_blocks(name)
  local blocks = {}
  for language, code in readme(name):gmatch("```(%l+)\n(.-)\n```") do
    table.insert(blocks, { language = language, code = code })
  end
  return blocks
end

--- The Ex commands that a README tells people to type.
---@param name "plugin"|"repository"
---@return string[]
function M.readme_commands(name)
  local commands = {}
  for text in readme(name):gsub("```.-```", ""):gmatch("`:([^`]+)`") do
    table.insert(commands, text)
  end
  return commands
end

return M
