-- The reply line: one line below the reader in which the conversation is continued.

local config = require("backchat.config")

local M = {}

--- Opens the line below a window and gives it the cursor. `<CR>` sends what was typed, `<Esc>` in
--- normal mode or `<C-c>` leaves it.
---@param reader integer the window that is replied to
---@param callback fun(prompt: string)
function M.open(reader, callback)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.b[bufnr].backchat_own = true
  vim.bo[bufnr].bufhidden = "wipe"
  vim.bo[bufnr].filetype = "backchat-reply"
  local width = vim.api.nvim_win_get_width(reader)
  local height = vim.api.nvim_win_get_height(reader)
  -- Below the reader where there is room for a line and its border, else over its last line.
  local top = vim.fn.win_screenpos(reader)[1]
  local room = vim.o.lines - vim.o.cmdheight - (top + height + 1)
  local window = vim.api.nvim_open_win(bufnr, true, {
    relative = "win",
    win = reader,
    row = room >= 3 and height + 1 or math.max(0, height - 2),
    col = -1,
    width = width,
    height = 1,
    border = config.border(),
    style = "minimal",
    title = " reply ",
    zindex = 60,
  })
  vim.wo[window].wrap = false

  local function close()
    if vim.api.nvim_win_is_valid(window) then
      vim.cmd.stopinsert()
      vim.api.nvim_win_close(window, true)
    end
    if vim.api.nvim_win_is_valid(reader) then
      vim.api.nvim_set_current_win(reader)
    end
  end
  local function send()
    local prompt = table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), "\n")
    close()
    if prompt:match("%S") then
      callback(prompt)
    end
  end

  vim.keymap.set({ "n", "i" }, "<CR>", send, { buffer = bufnr, desc = "Send the reply" })
  vim.keymap.set("n", "<Esc>", close, { buffer = bufnr, desc = "Leave the reply" })
  vim.keymap.set("n", "q", close, { buffer = bufnr, desc = "Leave the reply" })
  vim.keymap.set("i", "<C-c>", close, { buffer = bufnr, desc = "Leave the reply" })
  vim.cmd.startinsert()
end

return M
