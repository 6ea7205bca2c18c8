-- The main job with a real model: a small one that runs on this machine.

local harness = require("harness")

local T = MiniTest.new_set()
local equal = MiniTest.expect.equality

---@type vim.SystemObj?
local serving

T["a question is answered by a real model, streamed and read"] = MiniTest.new_set({
  hooks = {
    pre_case = function()
      local root = vim.fs.dirname(vim.fs.dirname(harness.plugin))
      local line, told = "", ""
      serving = vim.system({
        "python3",
        root .. "/src/cli/local_model.py",
        "serve",
        vim.env.BACKCHAT_TEST_LOCAL_MODEL,
      }, {
        stdin = true,
        text = true,
        stdout = function(_, data)
          line = line .. (data or "")
        end,
        stderr = function(_, data)
          told = told .. (data or "")
        end,
      })
      harness.wait("the local model serves", function()
        return line:find("\n") or told:find("rror")
      end)
      assert(line:find("\n"), told)
      local ready = vim.json.decode(line)
      harness.begin(harness.configuration(ready.base_url, ready.model))
    end,
    post_case = function()
      harness.finish()
      serving:kill("sigterm")
      serving:wait(10000)
    end,
  },
})

T["a question is answered by a real model, streamed and read"]["in the background"] = function()
  local path = harness.file("add.py", { "def add(a, b):", "    return a + b" })
  local child = harness.neovim({ args = { path } })
  child.wait_ready()
  child.cmd("1,2Backchat submit What does this function do?")
  local mark = child.wait_mark("📬")
  equal(mark.line, 1)
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  local text = table.concat(child.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  equal(#text > 10, true)
  child.wait_for('(require("backchat").counts() or {}).unread == 0')
end

return T
