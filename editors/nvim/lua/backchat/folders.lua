-- The folders of the workspace: the one that Neovim was started in, and the repository, or the
-- folder, of each file that is opened outside of it. The server reads a project's rules and prompts in
-- these alone.

local M = {}

---@type string[]
local known = {}

---@param folder string
---@param path string
---@return boolean
local function holds(folder, path)
  return path == folder or vim.startswith(path, folder:gsub("/*$", "/"))
end

--- A server was started with one folder.
---@param folder string
function M.start(folder)
  known = { vim.fs.normalize(folder) }
end

--- The folder that has to be told to the server before it is told of this buffer, if there is one.
---@param bufnr integer
---@return lsp.WorkspaceFolder?
function M.add(bufnr)
  local path = vim.fs.normalize(vim.api.nvim_buf_get_name(bufnr))
  local folder = vim.fs.dirname(path)
  for _, other in ipairs(known) do
    if holds(other, folder) then
      return nil
    end
  end
  folder = vim.fs.root(path, ".git") or folder
  table.insert(known, folder)
  return { uri = vim.uri_from_fname(folder), name = vim.fs.basename(folder) }
end

return M
