std = "luajit"
read_globals = { "vim" }
-- Options and variables are set through these fields.
globals = { "vim.g", "vim.b", "vim.o", "vim.bo", "vim.wo", "vim.env", "vim.ui", "vim.notify" }
max_line_length = 140
files["tests"] = { read_globals = { "MiniTest", "child" } }
