-- Finds the buffer and the place of a request, wherever the request was seen, and goes there when
-- the user said so.

local attach = require("backchat.attach")
local client = require("backchat.client")
local documents = require("backchat.documents")
local marks = require("backchat.marks")
local positions = require("backchat.positions")
local subjects = require("backchat.subjects")

local M = {}

--- The loaded buffer of a document; a file that is not open is loaded, without a window.
---@param uri string
---@return integer? bufnr
---@return string? problem
function M.buffer(uri)
  local bufnr = documents.buffer(uri)
  if bufnr then
    return bufnr
  end
  if not vim.startswith(uri, "file:") then
    return nil, "its buffer had no file and is gone; :Backchat transcript shows what was said"
  end
  local name = vim.uri_to_fname(uri)
  if not vim.uv.fs_stat(name) then
    return nil, vim.fn.fnamemodify(name, ":~:.") .. " does not exist any more"
  end
  bufnr = vim.fn.bufadd(name)
  vim.fn.bufload(bufnr)
  vim.bo[bufnr].buflisted = true
  return bufnr
end

--- The buffer and the place of a request as they are now.
---@param request backchat.Request
---@param callback fun(problem: string?, bufnr: integer?, place: backchat.Selection?)
function M.request(request, callback)
  local bufnr, place = marks.find(request.id)
  if bufnr and place then
    return callback(nil, bufnr, place)
  end
  local problem
  bufnr, problem = M.buffer(request.uri)
  if not bufnr then
    return callback(problem)
  end
  attach.open(bufnr, function(refusal)
    if refusal then
      return callback(refusal)
    end
    client.request(
      "backchat/requests",
      { textDocument = { uri = request.uri } },
      function(err, result)
        if err then
          return callback(err)
        end
        local range
        for _, found in ipairs(result.requests) do
          if found.id == request.id and found.anchor then
            range = found.anchor.range
          end
        end
        range = range or (request.anchor and request.anchor.range)
        if not range then
          return callback(nil, bufnr, { start_row = 0, start_col = 0, end_row = 0, end_col = 0 })
        end
        callback(nil, bufnr, positions.to_selection(bufnr, range, client.encoding()))
      end,
      bufnr
    )
  end)
end

--- Shows a buffer in the current window, with the cursor at a place. The place that was left is in
--- the jump list.
---@param bufnr integer
---@param place backchat.Selection
function M.go(bufnr, place)
  subjects.leave()
  vim.cmd.normal({ "m'", bang = true })
  if vim.api.nvim_get_current_buf() ~= bufnr then
    vim.api.nvim_set_current_buf(bufnr)
    vim.bo[bufnr].buflisted = true
  end
  local row = math.min(place.start_row, vim.api.nvim_buf_line_count(bufnr) - 1)
  vim.api.nvim_win_set_cursor(0, { row + 1, place.start_col })
  vim.cmd.normal({ "zv", bang = true })
end

return M
