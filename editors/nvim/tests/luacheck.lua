-- Runs luacheck, which is written in Lua, inside Neovim, so that no Lua interpreter is needed:
--
--   nvim -l luacheck.lua FOLDER-OF-THE-TOOLS FILES-AND-OPTIONS…
--
-- Of the file system library that luacheck wants, Neovim has what it uses.

local tools = table.remove(arg, 1)
package.path = ("%s/usr/share/lua/5.1/?.lua;%s/usr/share/lua/5.1/?/init.lua;%s"):format(
  tools,
  tools,
  package.path
)

package.preload.lfs = function()
  return {
    _VERSION = "LuaFileSystem 1.8 (Neovim)",
    currentdir = vim.uv.cwd,
    mkdir = function(path)
      return vim.uv.fs_mkdir(path, 493)
    end,
    attributes = function(path, what)
      local stat = vim.uv.fs_stat(path)
      if not stat then
        return nil, path .. " does not exist"
      end
      local values = { mode = stat.type, modification = stat.mtime.sec }
      return values[what]
    end,
    dir = function(path)
      local names = { ".", ".." }
      for name in vim.fs.dir(path) do
        table.insert(names, name)
      end
      local index = 0
      return function()
        index = index + 1
        return names[index]
      end
    end,
  }
end

require("luacheck.main")
