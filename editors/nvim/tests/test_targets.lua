-- Which request a command means: the one in view, never another one in its place.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = { "one", "two", "three", "four", "five", "six" }

local function open()
  local child = harness.neovim({ args = { harness.file("numbers.txt", LINES) } })
  child.wait_ready()
  return child
end

--- The text of the screen, without what is drawn beside it.
local function screen(child)
  return tostring(child.get_screenshot()):match("^(.-)\n\n")
end

local function shows(child, text)
  return screen(child):find(text, 1, true) ~= nil
end

--- Lets a request fail at a line, which is answered when it is asked again.
local function failed(child, line, prompt)
  harness.script({ match = prompt, answer = "Asked again.", gate = true })
  harness.script({ match = prompt, status = 401, message = "no such key", times = 1 })
  child.cmd(("%dBackchat submit %s"):format(line, prompt))
  child.wait_mark("failed · " .. prompt)
end

local function count_asked(prompt)
  return #vim.tbl_filter(function(request)
    return request.prompt:find(prompt, 1, true) ~= nil
  end, harness.asked())
end

T["retry at a rate limit asks the limited request at once, not another one that failed"] = function()
  local child = open()
  failed(child, 1, "broken")
  harness.script({ match = "limited", answer = "After the limit." })
  local headers = { ["retry-after"] = "3000" }
  harness.script({ match = "limited", status = 429, headers = headers, times = 1 })
  child.cmd("3Backchat submit limited")
  child.wait_mark("held")
  child.cmd("3")
  child.cmd("Backchat retry")
  child.wait_mark("📬 limited")
  equal(count_asked("broken"), 1)
  equal(child.mark("broken").eol, " ✗ failed · broken")
end

T["a command that does not fit the request at the cursor says so, and does nothing elsewhere"] = function()
  local child = open()
  failed(child, 1, "broken")
  harness.script({ match = "slow", answer = "At last.", gate = true })
  child.cmd("3Backchat submit slow")
  child.wait_mark("running")

  child.cmd("3")
  child.cmd("Backchat retry")
  equal(#child.messages('retry: "slow" is being answered; :Backchat cancel ends it'), 1)
  child.cmd("Backchat dismiss")
  equal(#child.messages('dismiss: "slow" is being answered'), 1)
  child.cmd("1")
  child.cmd("Backchat cancel")
  equal(#child.messages('cancel: "broken" failed; :Backchat retry asks it again'), 1)
  equal(count_asked("broken"), 1)
  equal(child.mark("broken").eol, " ✗ failed · broken")
  equal(child.mark("slow").eol:find("running", 1, true) ~= nil, true)
  -- Where nothing is in view, the only one is meant.
  child.cmd("6")
  child.cmd("Backchat cancel")
  child.wait_mark("cancelled · slow")
end

T["apply at a change that is not there yet applies no other one"] = function()
  harness.script({ match = "shout", answer = "```\nONE\n```\n" })
  harness.script({ match = "whisper", answer = "```\nfive!\n```\n", gate = true })
  local child = open()
  child.cmd("1Backchat edit shout")
  child.wait_mark("✎ +1 −1 clean")
  child.cmd("5Backchat edit whisper")
  child.wait_mark("running")
  child.cmd("5")
  child.cmd("Backchat apply")
  equal(#child.messages('apply: "whisper" is being answered'), 1)
  equal(child.api.nvim_buf_get_lines(0, 0, -1, false), LINES)
end

T["after retry no line of the failure is on the screen"] = function()
  local child = open()
  failed(child, 2, "broken")
  equal(shows(child, "no such key"), true)
  child.cmd("2")
  child.cmd("Backchat retry")
  child.wait_mark("running")
  equal(child.below(), {})
  equal({ shows(child, "no such key"), shows(child, ":Backchat dismiss") }, { false, false })
  harness.release("broken")
  child.wait_mark("📬")
  equal({ shows(child, "Asked again."), shows(child, "no such key") }, { true, false })
end

T["retry in the reader asks again what it shows, and no line of the failure stays"] = function()
  local child = open()
  failed(child, 2, "broken")
  child.cmd("2")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  equal(shows(child, "no such key"), true)
  child.cmd("Backchat retry")
  child.wait_mark("running", 1)
  child.wait_for('vim.api.nvim_buf_get_lines(0, 0, -1, false)[1] == "● running"')
  equal(shows(child, "no such key"), false)
  harness.release("broken")
  child.wait_for('vim.api.nvim_buf_get_lines(0, 0, -1, false)[1] == "Asked again."')
  equal(shows(child, "no such key"), false)
end

T["what is gone to from the reader is not shown in its window"] = function()
  harness.script({ match = "why", answer = "Because." })
  local child = open()
  child.cmd("2Backchat submit why")
  child.wait_mark("📬 why")
  child.cmd("2")
  local function read()
    child.cmd("Backchat read")
    child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  end
  read()
  child.cmd("Backchat transcript")
  child.wait_for('vim.api.nvim_buf_get_name(0):find("^backchat://session/")')
  equal(#child.api.nvim_list_wins(), 1)

  child.cmd("edit " .. harness.file("other.txt", LINES))
  child.cmd("4Backchat submit what")
  child.wait_mark("📬 what")
  child.cmd("buffer numbers.txt")
  child.cmd("2")
  read()
  child.cmd("Backchat next")
  child.wait_for('vim.fs.basename(vim.api.nvim_buf_get_name(0)) == "other.txt"')
  equal(#child.api.nvim_list_wins(), 1)
end

T["in the transcript a command means the turn at the cursor"] = function()
  harness.script({ match = "well", answer = "All is well." })
  local child = open()
  failed(child, 2, "first broken")
  failed(child, 4, "second broken")
  child.cmd("6Backchat submit well")
  child.wait_mark("📬 well")
  child.cmd("Backchat transcript")
  child.wait_for([[vim.fn.search("^## second broken", "n") > 0]])
  child.fn.search("^## second broken")
  child.cmd("Backchat retry")
  child.wait_mark("attempt 2 · second broken", 1)
  harness.release("second broken")
  child.wait_for([[vim.fn.search("^Asked again", "n") > 0]])
  child.fn.search("^## well")
  child.cmd("Backchat retry")
  equal(#child.messages('retry: "well" is answered; :Backchat read shows it'), 1)
  equal(count_asked("first broken"), 1)
end

return T
