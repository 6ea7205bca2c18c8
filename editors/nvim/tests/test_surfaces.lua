-- The picker, the transcript, the statusline, events, the toast, health, completion; a missing and
-- a foreign program.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })
local equal = MiniTest.expect.equality

local LINES = { "one", "two", "three", "four" }

local function open(options)
  options = options or {}
  options.args = options.args or { harness.file("numbers.txt", LINES) }
  local child = harness.neovim(options)
  child.wait_ready()
  return child
end

T["the picker lists sessions with 📬 and goes to the anchor"] = function()
  local child = open()
  child.cmd("3Backchat submit where am I")
  child.wait_mark("📬")
  child.cmd("edit " .. harness.file("other.txt", LINES))
  child.lua([[vim.ui.select = function(items, options, callback)
    _G.labels = vim.tbl_map(options.format_item, items)
    _G.kind = options.kind
    callback(items[1])
  end]])
  child.cmd("Backchat sessions")
  child.wait_for('vim.fs.basename(vim.api.nvim_buf_get_name(0)) == "numbers.txt"')
  equal(child.api.nvim_win_get_cursor(0)[1], 3)
  equal(child.lua_get("_G.kind"), "backchat_session")
  local label = child.lua_get("_G.labels[1]")
  equal(label:gsub("%d+s$", "0s"), "📬 where am I — numbers.txt · done · 0s")
end

T["next goes to an unread answer elsewhere when the buffer has none"] = function()
  local child = open()
  child.cmd("4Backchat submit far away")
  child.wait_mark("📬")
  child.cmd("bwipeout")
  child.cmd("edit " .. harness.file("other.txt", LINES))
  child.cmd("Backchat next")
  child.wait_for('vim.fs.basename(vim.api.nvim_buf_get_name(0)) == "numbers.txt"')
  equal(child.api.nvim_win_get_cursor(0)[1], 4)
end

T["the transcript shows the session, follows it, and reads it"] = function()
  harness.script({ match = "opening", answer = "Opened." })
  harness.script({ match = "later", answer = "Later answer." })
  local child = open()
  child.cmd("1Backchat submit opening question")
  child.wait_mark("📬")
  child.cmd("Backchat transcript")
  child.wait_for('vim.api.nvim_buf_get_name(0):find("^backchat://session/")')
  child.wait_for("vim.api.nvim_buf_line_count(0) > 5")
  local lines = child.api.nvim_buf_get_lines(0, 0, -1, false)
  equal(
    { lines[1], lines[3], lines[5] },
    { "# opening question", "numbers.txt", "## opening question" }
  )
  equal(lines[#lines], "Opened.")
  equal(child.bo.modifiable, false)
  child.wait_for('(require("backchat").counts() or {}).unread == 0')

  child.cmd("split #")
  child.cmd("2Backchat submit later question")
  child.wait_for([[vim.tbl_contains(vim.api.nvim_buf_get_lines(
    vim.fn.bufnr("backchat://session"), 0, -1, false), "Later answer.")]])
  child.cmd("wincmd p")
  child.cmd("normal! G")
  -- Its window shows it, so it is read.
  child.wait_for('(require("backchat").counts() or {}).unread == 0')
end

T["an answer without text, or one that was cut, says so wherever it is shown"] = function()
  harness.script({ match = "refuse", chunks = {}, finish = "content_filter" })
  harness.script({ match = "be long", answer = "Half of it", finish = "length" })
  local child = open()
  child.cmd("1Backchat submit refuse this")
  child.wait_mark("📬")
  local below = table.concat(child.below(), "\n")
  equal({ below, below:find("There is no answer", 1, true) ~= nil }, { below, true })
  child.cmd("Backchat read")
  child.wait_for(
    [[table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    :find("There is no answer: the model, or a filter of its provider, refused", 1, true) ~= nil]]
  )
  child.type_keys("q")
  child.cmd("3Backchat submit be long")
  child.wait_for('(require("backchat").counts() or {}).unread == 1')
  child.cmd("Backchat transcript")
  child.wait_for([[table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    :find("Half of it\n\nThe answer is cut", 1, true) ~= nil]])
end

T["the transcript reads what it has shown, and nothing else"] = function()
  local answer = {}
  for number = 1, 12 do
    answer[number] = "Line " .. number
  end
  harness.script({ match = "long", answer = table.concat(answer, "\n") })
  local child = open()
  for number = 1, 6 do
    child.cmd(("1Backchat submit long %d"):format(number))
  end
  child.wait_for('(require("backchat").counts() or {}).unread == 6')
  child.cmd("Backchat transcript")
  child.wait_for("vim.api.nvim_buf_line_count(0) > 90")
  -- One answer and the beginning of a second one fit the screen.
  child.wait_for('(require("backchat").counts() or {}).unread == 5')
  local function unread()
    return child.lua([[return vim.tbl_map(function(request)
      return request.prompt
    end, require("backchat.requests").list(function(request) return request.unread end))]])
  end
  equal(unread(), { "long 2", "long 3", "long 4", "long 5", "long 6" })
  -- The end of the last one is not the whole of it.
  child.type_keys("G")
  child.wait_for('(require("backchat").counts() or {}).unread == 4')
  equal(unread(), { "long 2", "long 3", "long 4", "long 5" })
  -- Its other half: an answer is read when every line of it was shown, at once or not.
  child.type_keys("gg", "<C-f>")
  child.wait_for('(require("backchat").counts() or {}).unread < 4')
  equal(vim.tbl_contains(unread(), "long 2"), false)
  equal(vim.tbl_contains(unread(), "long 5"), true)
end

T["User autocommands tell other configuration"] = function()
  local child = open()
  child.lua([[
    _G.ready, _G.changed = {}, 0
    vim.api.nvim_create_autocmd("User", { pattern = "BackchatReady", callback = function(args)
      table.insert(_G.ready, { prompt = args.data.request.prompt, bufnr = args.data.bufnr, unread = args.data.unread })
    end })
    vim.api.nvim_create_autocmd("User", { pattern = "BackchatChanged", callback = function()
      _G.changed = _G.changed + 1
    end })
  ]])
  child.cmd("2Backchat submit tell them")
  child.wait_for("#_G.ready == 1")
  equal(child.lua_get("_G.ready"), { { prompt = "tell them", bufnr = 1, unread = 1 } })
  equal(child.lua_get("_G.changed > 1"), true)
  child.wait_for('require("backchat").status() == "📬 1"')
end

T["one toast when the queue drained without the focus, and none with it"] = function()
  harness.script({ match = "toast", answer = "Done.", gate = true })
  local child = open()
  child.cmd("doautocmd FocusLost")
  for line = 1, 3 do
    child.cmd(line .. "Backchat submit toast " .. line)
  end
  harness.release("toast")
  child.wait_for('(require("backchat").counts() or {}).unread == 3')
  harness.wait("the toast came", function()
    return #child.messages("answers are ready") > 0
  end)
  equal(child.messages("answers are ready")[1].message, "Backchat: 📬 3 answers are ready")
  equal(#child.messages("ready"), 1)

  child.cmd("doautocmd FocusGained")
  child.cmd("4Backchat submit with the focus")
  child.wait_for('(require("backchat").counts() or {}).unread == 4')
  equal(#child.messages("ready"), 1)
end

T["checkhealth finds everything in order"] = function()
  local child = open()
  child.cmd("checkhealth backchat")
  child.wait_for("vim.bo.filetype == 'checkhealth'")
  local report = table.concat(child.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  for _, expected in ipairs({
    "OK Neovim",
    "OK options",
    "OK backchat 0.",
    "OK the server is running",
    "OK protocol 1",
    "OK the store answers",
    "OK model scripted (selected)",
  }) do
    equal(
      { expected, report:find(expected, 1, true) ~= nil and expected or report },
      { expected, expected }
    )
  end
  equal(report:find("ERROR", 1, true), nil)
end

T["a missing program gets one clear message, on a command only"] = function()
  local child = harness.neovim({
    args = { harness.file("numbers.txt", LINES) },
    before = [[vim.g.backchat = { binary = "/nowhere/backchat" }]],
  })
  equal(child.messages(), {})
  child.cmd("2Backchat submit is there anyone")
  harness.wait("the message came", function()
    return #child.messages() > 0
  end)
  local messages = child.messages()
  equal(#messages, 1)
  equal(messages[1].message:find("/nowhere/backchat", 1, true) ~= nil, true)
  equal(child.marks(), {})
  -- The prompt is not lost.
  equal(child.fn.histget("input", -1), "is there anyone")

  child.cmd("checkhealth backchat")
  local report = table.concat(child.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  equal(report:find("ERROR", 1, true) ~= nil, true)
end

T["a program that ends at once is told, and nothing waits for it"] = function()
  local child = harness.neovim({
    args = { harness.file("numbers.txt", LINES) },
    before = [[vim.g.backchat = { binary = "false", autostart = false }]],
  })
  child.cmd("2Backchat submit hello")
  child.cmd("3Backchat submit hello again")
  harness.wait("both are told", function()
    return #child.messages("the server ended as soon as it was started (exit code 1)") == 2
  end)
  equal(child.marks(), {})
end

T["a program that speaks another protocol is refused, with the remedy"] = function()
  local program = harness.folder() .. "/backchat-of-tomorrow"
  vim.fn.writefile({
    "#!/usr/bin/env node",
    "let text = '';",
    "process.stdin.on('data', (data) => {",
    "  text += data;",
    '  const id = /"id":(\\d+)/.exec(text);',
    "  if (!id) return;",
    "  text = '';",
    "  const capabilities = { experimental: { backchat: { protocolVersion: 0 } } };",
    "  const body = JSON.stringify({ jsonrpc: '2.0', id: Number(id[1]), result: { capabilities } });",
    "  process.stdout.write(`Content-Length: ${body.length}\\r\\n\\r\\n${body}`);",
    "});",
    "process.stdin.on('end', () => process.exit(0));",
  }, program)
  vim.fn.setfperm(program, "rwxr-xr-x")
  local child = harness.neovim({
    args = { harness.file("numbers.txt", LINES) },
    before = ("vim.g.backchat = { binary = %q, autostart = false }"):format(program),
  })
  child.cmd("2Backchat submit hello")
  harness.wait("the message came", function()
    return #child.messages("too old") > 0
  end)
  equal(child.messages("too old")[1].message:find("cargo build", 1, true) ~= nil, true)
  equal(child.marks(), {})
end

T["a wrong option is named at the first use, and does no harm"] = function()
  local child = open({ before = [[vim.g.backchat = { autostrat = true }]] })
  harness.wait("the message came", function()
    return #child.messages("autostrat") > 0
  end)
  equal(child.messages("autostrat")[1].message:find('"autostart"', 1, true) ~= nil, true)
  child.cmd("2Backchat submit still works")
  child.wait_mark("📬 still works")
end

T["wrong commands are named"] = function()
  local child = open()
  child.cmd("Backchat sumbit this")
  equal(#child.messages('"Backchat sumbit" is not known') + #child.messages("sumbit"), 1)
  child.cmd("1,2Backchat read")
  equal(#child.messages(":Backchat read takes no range"), 1)
  child.cmd("Backchat cancel")
  equal(#child.messages("nothing waits or runs in this buffer"), 1)
end

T["completion offers verbs and models"] = function()
  local child = open()
  equal(child.fn.getcompletion("Backchat re", "cmdline"), { "read", "retry" })
  child.wait_completion("Backchat model ", { "scripted" })
  equal(#child.fn.getcompletion("Backchat ", "cmdline"), 20)
  equal(child.fn.getcompletion("Backchat ap", "cmdline"), { "apply", "apply!" })
end

T["the start of Neovim loads nothing of it"] = function()
  local child = open({
    before = [[
      vim.api.nvim_create_autocmd("VimEnter", { callback = function()
        _G.loaded = vim.tbl_filter(function(name)
          return name:find("^backchat") ~= nil
        end, vim.tbl_keys(package.loaded))
        _G.has_command = vim.fn.exists(":Backchat")
      end })
    ]],
  })
  equal(child.lua_get("_G.loaded"), {})
  equal(child.lua_get("_G.has_command"), 2)
end

return T
