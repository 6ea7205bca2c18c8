-- Runs the tests that minit.lua collects and ends Neovim with the exit code that says how it went.
-- Sourced by `-c luafile`, as the tests want Neovim's event loop.

local started, problem = pcall(MiniTest.run)
if not started then
  io.stdout:write(problem .. "\n")
  vim.cmd.cquit({ count = 1 })
end
vim.wait(20 * 60 * 1000, function()
  return not MiniTest.is_executing()
end, 50)

local failed = 0
for _, case in ipairs(MiniTest.current.all_cases or {}) do
  if type(case.exec) ~= "table" or not vim.startswith(case.exec.state, "Pass") then
    failed = failed + 1
  end
end
local total = #(MiniTest.current.all_cases or {})
io.stdout:write(("\n%d tests, %d failed\n"):format(total, failed))
vim.cmd.cquit({ count = (failed > 0 or total == 0) and 1 or 0 })
