-- Neovim 0.12 decodes a JSON null as `vim.NIL`, which is true in a condition; earlier ones leave
-- it out. What is absent is nil to this plugin, whichever Neovim it runs in.

local M = {}

--- Takes the nulls out of a decoded value, in place.
---@param value any
---@return any
function M.strip(value)
  if value == vim.NIL then
    return nil
  end
  if type(value) == "table" then
    for key, inner in pairs(value) do
      if inner == vim.NIL then
        value[key] = nil
      elseif type(inner) == "table" then
        M.strip(inner)
      end
    end
  end
  return value
end

return M
