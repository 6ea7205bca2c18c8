-- Finds the program `backchat`: by option, then on $PATH, then the build of the repository that
-- this plugin is part of.

local config = require("backchat.config")

local M = {}

--- The root of the repository that this file is in, symbolic links resolved, so that a plugin
--- that was linked into a package folder finds its build too.
---@return string
function M.repository()
  local source = debug.getinfo(1, "S").source:sub(2)
  source = vim.uv.fs_realpath(source) or source
  -- <repository>/editors/nvim/lua/backchat/binary.lua
  return vim.fs.normalize(vim.fn.fnamemodify(source, ":h:h:h:h:h"))
end

---@class backchat.Binary
---@field path string
---@field origin string where it was found, for people

--- How to get the program, in one sentence.
---@return string
function M.remedy()
  local root = M.repository()
  if vim.uv.fs_stat(root .. "/Cargo.toml") then
    return ("Build it: cargo build --release --manifest-path %s/Cargo.toml"):format(root)
  end
  return "Install it: cargo install --path THE-REPOSITORY-OF-BACKCHAT"
end

--- The program to start, or what is wrong and what to do about it.
---@return backchat.Binary?
---@return string? problem
function M.find()
  local option = config.get("binary")
  if option then
    local path = vim.fn.exepath(vim.fn.expand(option))
    if path ~= "" then
      return { path = path, origin = 'the option "binary"' }
    end
    return nil,
      ('The option "binary" names %s, which is no program that can be run. Correct the option, or leave it out.'):format(
        option
      )
  end
  local path = vim.fn.exepath("backchat")
  if path ~= "" then
    return { path = path, origin = "$PATH" }
  end
  local suffix = vim.fn.has("win32") == 1 and ".exe" or ""
  for _, profile in ipairs({ "release", "try", "debug" }) do
    path = ("%s/target/%s/backchat%s"):format(M.repository(), profile, suffix)
    if vim.fn.executable(path) == 1 then
      return { path = path, origin = "the repository's own build" }
    end
  end
  return nil, "The program backchat was not found. " .. M.remedy()
end

return M
