-- The Neovim of the picture: the plugin, a statusline that shows it, and nothing else.

vim.o.termguicolors = true
vim.o.swapfile = false
vim.o.shada = ""
vim.o.laststatus = 2
vim.o.statusline = " %t%m%= %{v:lua.require'backchat'.status()}  %l:%c "
vim.o.guicursor = "n-v-c:block"
vim.o.fillchars = "eob: "
vim.opt.runtimepath:prepend(vim.env.BACKCHAT_PICTURE_PLUGIN)
