-- What Neovim reads at its start: the command, the mappings to map to, and the hooks that attach
-- buffers later. Nothing of the plugin is loaded here, so that starting Neovim costs nothing.

if vim.g.loaded_backchat then
  return
end
vim.g.loaded_backchat = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.schedule(function()
    vim.notify("backchat.nvim needs Neovim 0.10 or newer", vim.log.levels.ERROR)
  end)
  return
end

vim.api.nvim_create_user_command("Backchat", function(command)
  require("backchat.commands").run(command)
end, {
  nargs = "*",
  range = true,
  desc = "Ask an LLM about this buffer; the answer arrives where you asked",
  complete = function(lead, line)
    return require("backchat.commands").complete(lead, line)
  end,
})

---@param modes string|string[]
---@param name string
---@param run fun(backchat: table): string?
---@param options? vim.keymap.set.Opts
local function plug(modes, name, run, options)
  vim.keymap.set(modes, "<Plug>(backchat-" .. name .. ")", function()
    return run(require("backchat"))
  end, options)
end

for _, action in ipairs({ "ask", "submit", "edit" }) do
  plug({ "n", "x" }, action, function(backchat)
    backchat[action]()
  end, { desc = "Backchat: " .. action })
  plug("n", action .. "-motion", function(backchat)
    return backchat.operator(action)
  end, { expr = true, desc = "Backchat: " .. action .. " about the text of a motion" })
end
for _, action in ipairs({
  "read",
  "next",
  "prev",
  "sessions",
  "transcript",
  "cancel",
  "retry",
  "allow",
  "dismiss",
  "apply",
  "preview",
  "diff",
}) do
  plug("n", action, function(backchat)
    backchat[action]()
  end, { desc = "Backchat: " .. action })
end

local group = vim.api.nvim_create_augroup("backchat.start", {})

-- Answers that came while Neovim was away show as soon as their file is open, so a file's buffer
-- is attached by itself; after the first screen was drawn, never during the start.
vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile", "BufFilePost" }, {
  group = group,
  desc = "Attach Backchat to the buffer of a file",
  callback = function(args)
    if vim.v.vim_did_enter == 1 then
      vim.schedule(function()
        require("backchat.attach").automatically(args.buf)
      end)
    end
  end,
})
vim.api.nvim_create_autocmd("VimEnter", {
  group = group,
  once = true,
  desc = "Attach Backchat to the files that Neovim was started with",
  callback = function()
    vim.schedule(function()
      require("backchat.attach").all()
    end)
  end,
})
if vim.v.vim_did_enter == 1 then
  vim.schedule(function()
    require("backchat.attach").all()
  end)
end

vim.api.nvim_create_autocmd("BufReadCmd", {
  group = group,
  pattern = "backchat://*",
  desc = "Show the transcript of a Backchat session",
  callback = function(args)
    require("backchat.transcript").load(args.buf)
  end,
})
