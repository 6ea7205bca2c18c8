-- Buffers of every kind, and Neovims and servers that go away and come back.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = { "one", "two", "three", "four", "five", "six" }

local function open(name)
  local path = harness.file(name or "numbers.txt", LINES)
  local child = harness.neovim({ args = { path } })
  child.wait_ready()
  return child, path
end

T["a new Neovim shows the marks at their places, also those that came while it was away"] = function()
  harness.script({ match = "before", answer = "Answered before." })
  local child, path = open()
  child.cmd("4Backchat submit before the restart")
  child.wait_mark("📬")
  child.type_keys("gg", "O", "zero", "<Esc>")
  child.cmd("silent write")
  child.wait_for("not vim.bo.modified")
  child.stop()

  local again = harness.neovim({ args = { path } })
  local mark = again.wait_mark("📬 before the restart")
  equal(mark.line, 5)
  equal(again.below()[1], "│ Answered before.")
end

T["what Neovim left running is answered without it, and shows when it comes back"] = function()
  harness.script({ match = "left behind", answer = "Finished alone.", gate = true })
  local child, path = open()
  child.cmd("2Backchat submit left behind")
  child.wait_mark("running")
  child.stop()
  harness.release("left behind")
  local again = harness.neovim({ args = { path } })
  equal(again.wait_mark("📬 left behind").line, 2)
  equal(again.below()[1], "│ Finished alone.")
end

T["a server that is killed is started again, and what ran is shown again"] = function()
  harness.script({ match = "survive", answer = "It goes on.", gate = true })
  local child = open()
  child.cmd("3Backchat submit survive this")
  child.wait_mark("running")
  local servers = harness.servers(child)
  equal(#servers, 1)
  vim.uv.kill(servers[1], "sigkill")
  harness.wait("another server runs", function()
    local now = harness.servers(child)
    return #now == 1 and now[1] ~= servers[1]
  end)
  child.wait_ready()
  equal(#child.messages("it is started again"), 1)
  child.type_keys("gg", "O", "above", "<Esc>")
  harness.release("survive")
  local mark = child.wait_mark("📬")
  equal(mark.line, 4)
  equal(#child.messages("it is started again"), 1)
end

T["a submit that the server did not live to answer reaches the next one, once"] = function()
  local child = open()
  local server = harness.servers(child)[1]
  vim.uv.kill(server, "sigstop")
  child.cmd("2Backchat submit asked of a dying server")
  child.wait_mark("sending")
  vim.uv.kill(server, "sigkill")
  child.wait_mark("📬 asked of a dying server")
  equal(#child.marks(), 2)
  equal(#harness.asked(), 1)
end

T["a mark is at its code after a filter over the buffer, and after its undo"] = function()
  harness.script({ match = "where", answer = "Here." })
  local child = open()
  child.cmd("4Backchat submit where is it")
  equal(child.wait_mark("📬").line, 4)
  for _, command in ipairs({ "silent %!cat", "silent undo", "silent %!cat" }) do
    child.cmd(command)
    harness.wait(("after :%s the mark is at its code"):format(command), function()
      local mark = child.mark("📬")
      return mark and mark.line == 4
    end)
  end
end

T["two buffers at once, each with its own answers"] = function()
  harness.script({ match = "slow one", answer = "Slow answer.", gate = true })
  harness.script({ match = "quick one", answer = "Quick answer." })
  local child, first = open("first.txt")
  local second = harness.file("second.txt", LINES)
  child.cmd("2Backchat submit slow one")
  child.wait_mark("slow one")
  child.cmd("edit " .. second)
  child.cmd("5Backchat submit quick one")
  child.wait_mark("📬 quick one")
  equal(child.below()[1], "│ Quick answer.")
  equal(child.mark("slow"), nil)
  local first_buffer = child.fn.bufnr(first)
  child.wait_mark("running", first_buffer)
  harness.release("slow one")
  equal(child.wait_mark("📬 slow one", first_buffer).line, 2)
end

T["a file outside of any project"] = function()
  local path = harness.folder() .. "/elsewhere/ä b%20.txt"
  vim.fn.mkdir(vim.fs.dirname(path), "p")
  vim.fn.writefile(LINES, path)
  local child = harness.neovim({ args = { path } })
  child.wait_ready()
  child.cmd("2Backchat submit outside")
  equal(child.wait_mark("📬 outside").line, 2)
end

T["an unnamed buffer, which keeps its marks when it gets a name"] = function()
  harness.script({ match = "unnamed", answer = "It works.", gate = true })
  local child = harness.neovim()
  child.type_keys("i", "some<CR>text<CR>here", "<Esc>")
  child.cmd("2Backchat submit unnamed")
  child.wait_mark("running")
  child.type_keys("gg", "O", "above", "<Esc>")
  harness.release("unnamed")
  equal(child.wait_mark("📬 unnamed").line, 3)
  local said = vim.json.encode(harness.asked()[1].messages)
  equal(said:find("text", 1, true) ~= nil, true)

  child.cmd("silent write " .. harness.folder() .. "/project/named.txt")
  child.cmd("1Backchat submit now it has a name")
  equal(child.wait_mark("📬 now it has a name").line, 1)
  equal(child.mark("📬 unnamed").line, 3)
  child.cmd("3")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(child.api.nvim_buf_get_lines(0, 0, -1, false), { "It works." })
end

T["a buffer that was saved has its answers under its file's name"] = function()
  local path = harness.folder() .. "/project/saved later.txt"
  local child = harness.neovim()
  child.type_keys("i", "some<CR>text<CR>here", "<Esc>")
  child.cmd("2Backchat submit saved later")
  child.wait_mark("📬 saved later")
  child.type_keys("gg", "O", "above", "<Esc>")
  child.cmd("silent write " .. vim.fn.fnameescape(path))
  child.wait_for(
    ('(require("backchat.requests").list()[1] or {}).uri == %q'):format(vim.uri_from_fname(path))
  )
  equal(child.wait_mark("📬 saved later").line, 3)
  child.type_keys("gg", "O", "and more", "<Esc>")
  equal(child.wait_mark("📬 saved later").line, 4)
  child.cmd("silent write")
  local later = harness.neovim({ args = { path } })
  equal(later.wait_mark("📬 saved later").line, 4)
end

T["a scratch buffer can be asked about too"] = function()
  local child = harness.neovim()
  child.lua([[
    vim.cmd.enew()
    vim.bo.buftype = "nofile"
    vim.api.nvim_buf_set_lines(0, 0, -1, false, { "scratch", "text" })
  ]])
  child.cmd("1Backchat submit scratched")
  equal(child.wait_mark("📬 scratched").line, 1)
end

T["a buffer that is wiped while its request runs loses nothing"] = function()
  harness.script({ match = "wiped", answer = "Still here.", gate = true })
  local child, path = open()
  child.cmd("3Backchat submit wiped")
  child.wait_mark("running")
  child.cmd("bwipeout!")
  harness.release("wiped")
  child.wait_for('(require("backchat").counts() or {}).unread == 1')
  child.cmd("edit " .. path)
  equal(child.wait_mark("📬 wiped").line, 3)
end

T["a file that is read again keeps its marks"] = function()
  local child, path = open()
  child.cmd("4Backchat submit reread")
  child.wait_mark("📬 reread")
  local lines = vim.list_extend({ "new first", "new second" }, LINES)
  vim.fn.writefile(lines, path)
  child.cmd("edit!")
  harness.wait("the mark is at its code", function()
    local mark = child.mark("📬 reread")
    return mark and mark.line == 6
  end)
end

T["undo takes the mark back along with the text"] = function()
  local child = open()
  child.cmd("4Backchat submit undone")
  child.wait_mark("📬 undone")
  child.type_keys("gg", "dj")
  equal(child.mark("undone").line, 2)
  child.type_keys("u")
  harness.wait("the mark is back", function()
    local mark = child.mark("undone")
    return mark and mark.line == 4
  end)
end

T["b:backchat and the option attach keep it away from a buffer"] = function()
  harness.file("no.txt", LINES)
  local child = harness.neovim({
    args = { harness.file("yes.txt", LINES) },
    before = [[vim.g.backchat = { attach = function(bufnr)
      return not vim.api.nvim_buf_get_name(bufnr):find("no.txt", 1, true)
    end }]],
  })
  child.wait_ready()
  child.cmd("edit no.txt")
  child.cmd("edit " .. harness.file("third.txt", LINES))
  child.wait_for('require("backchat.client").is_attached(vim.fn.bufnr("third.txt"))')
  equal(child.lua_get('require("backchat.client").is_attached(vim.fn.bufnr("no.txt"))'), false)
  equal(child.lua_get('require("backchat.client").is_attached(vim.fn.bufnr("yes.txt"))'), true)
end

return T
