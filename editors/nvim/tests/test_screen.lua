-- What a user sees, compared with the screens in tests/screens.

local harness = require("harness")

local T = MiniTest.new_set({ hooks = harness.hooks() })

--- A Neovim without a server, in which requests are drawn as the server would tell them.
local function staged()
  local child = harness.neovim({
    before = [[
      vim.g.backchat = { autostart = false }
      vim.o.laststatus, vim.o.ruler, vim.o.showcmd = 0, false, false
      vim.env.TZ = "UTC"
    ]],
  })
  child.cmd("edit " .. harness.file("stage.lua", {
    "local function first()",
    "  return 1",
    "end",
    "",
    "local function second()",
    "  return 2",
    "end",
    "",
    "return first() + second()",
  }))
  child.lua([[
    require("backchat.attach")
    _G.tell = function(fields)
      _G.count = (_G.count or 0) + 1
      local first, last = fields.first, fields.last
      fields.first, fields.last = nil, nil
      require("backchat.requests").update(vim.tbl_extend("force", {
        id = "r" .. _G.count, sessionId = "s", uri = vim.uri_from_bufnr(0), prompt = "why?",
        intent = "ask", lane = "background", model = "scripted", state = "queued", attempt = 1,
        unread = false, dismissed = false, createdAt = _G.count,
        anchor = {
          status = "exact",
          range = { start = { line = first, character = 0 }, ["end"] = { line = last, character = 99 } },
        },
      }, fields))
    end
  ]])
  return child
end

T["waiting and running"] = function()
  local child = staged()
  child.lua([[
    tell({ first = 0, last = 0, state = "queued", place = 3, prompt = "what does this return?" })
    tell({ first = 1, last = 1, state = "held", prompt = "and this?",
      hold = { reason = "rate limit of localhost", ["until"] = 4102496520000 } })
    tell({ first = 4, last = 6, state = "running", lane = "foreground", startedAt = os.time() * 1000 + 900 })
    require("backchat.streams").append({ requestId = "r3", attempt = 1, seq = 0,
      text = "The first line.\nIt returns 2" })
    tell({ first = 8, last = 8, state = "cancelled", prompt = "never mind" })
  ]])
  child.expect_screen("waiting-and-running")
end

T["answered, failed and read"] = function()
  local child = staged()
  child.lua([[
    tell({ first = 0, last = 2, state = "done", unread = true, prompt = "what does this return?",
      preview = "It returns the number **1**, whatever it is called with, because the "
        .. "function takes no arguments and has no state.\n\nNothing else happens." })
    tell({ first = 4, last = 6, state = "failed", unread = true, prompt = "and this?",
      failure = { kind = "authentication", message = "localhost refused the key of the model scripted (401).",
        remedy = "Set SCRIPTED_KEY to a valid key." } })
    local last = { line = 8, character = 0 }
    tell({ first = 8, last = 8, state = "done", prompt = "is the sum right?",
      anchor = { status = "changed", range = { start = last, ["end"] = last } } })
  ]])
  child.expect_screen("answered-failed-read")
end

T["the reader, a reply in it, and the answer to that"] = function()
  harness.script({
    match = "explain it",
    answer = "It returns **1**.\n\n```lua\nreturn 1\n```\n\nThat is all.",
  })
  harness.script({ match = "and twice", answer = "It returns **1** again." })
  local child = harness.neovim({
    before = "vim.o.laststatus, vim.o.ruler, vim.o.showcmd = 0, false, false",
  })
  -- How long the model took is no part of the picture.
  child.lua('require("backchat.answer").facts = function() return "scripted" end')
  child.cmd("edit " .. harness.file("one.lua", { "local function first()", "  return 1", "end" }))
  child.cmd("2Backchat submit explain it")
  child.wait_mark("📬")
  child.cmd("2")
  child.cmd("Backchat read")
  child.wait_for("vim.api.nvim_win_get_config(0).relative ~= ''")
  child.wait_mark("✓", 1)
  child.expect_screen("reader")
  child.type_keys("r", "and twice?")
  child.expect_screen("reader-reply")
  child.type_keys("<CR>")
  child.wait_mark("✓ and twice?", 1)
  child.wait_for([[vim.api.nvim_buf_get_lines(0, -2, -1, false)[1] == "It returns **1** again."]])
  child.expect_screen("reader-replied")
end

return T
