-- What is drawn for each state of a request, as a function of the request alone.

local T = MiniTest.new_set()
local equal = MiniTest.expect.equality

local function request(fields)
  return vim.tbl_extend("force", {
    id = "r1",
    sessionId = "s1",
    uri = "file:///x",
    prompt = "why is this slow?",
    intent = "ask",
    lane = "background",
    model = "scripted",
    state = "queued",
    attempt = 0,
    unread = false,
    dismissed = false,
    createdAt = 1000,
  }, fields)
end

local function draw(fields, more)
  local inline = require("backchat.inline")
  local drawing = inline.draw(
    request(fields),
    vim.tbl_extend("force", { now = 13000, width = 40, indent = 2 }, more or {}),
    more and more.sending
  )
  if not drawing then
    return nil
  end
  local function text(chunks)
    return table.concat(vim.tbl_map(function(chunk)
      return chunk[1]
    end, chunks))
  end
  return { eol = text(drawing.eol), lines = vim.tbl_map(text, drawing.lines) }
end

T["waiting"] = function()
  equal(draw({}, { sending = true }).eol, " ◌ sending · why is this slow?")
  equal(draw({ place = 2 }).eol, " ◌ queued, place 2 · why is this slow?")
  local until_time = os.time({ year = 2100, month = 1, day = 2, hour = 14, min = 32 })
  local held = draw({
    state = "held",
    hold = { reason = "rate limit of localhost", ["until"] = until_time * 1000 },
  })
  equal(held.eol, " ‖ held: rate limit of localhost, until 2100-01-02 14:32 · why is this slow?")
end

T["held for a secret, with what the user can do"] = function()
  local reason = "GitHub token (line 2) would be sent to example.com; allow it, or cancel"
  local held = draw({
    state = "held",
    hold = { reason = reason, secrets = { { kind = "GitHub token", place = "line 2", line = 2 } } },
  })
  equal(held.eol:find("GitHub token (line 2)", 1, true) ~= nil, true)
  equal(held.lines[#held.lines], "  │ :Backchat allow · :Backchat cancel")
end

T["running"] = function()
  local running = { state = "running", attempt = 1, startedAt = 1000 }
  equal(draw(running).eol, " ● running 12s · why is this slow?")
  equal(
    draw(running, { stream = { bytes = 13, line = "two three" } }).eol,
    " ● running 12s · ≈4 tokens · why is this slow?"
  )
  running.lane = "foreground"
  equal(
    draw(running, { stream = { bytes = 14, line = "two \27three" } }).eol,
    " ● running 12s · ≈4 tokens · two ␛three"
  )
  running.attempt = 2
  running.usage = { outputTokens = 7 }
  equal(draw(running).eol, " ● running 12s · 7 tokens · attempt 2")
end

T["an unread answer shows its first lines"] = function()
  local done = draw({
    state = "done",
    unread = true,
    preview = "The loop compares each pair, so it is quadratic in the number of lines.\n\nSort first, then scan once.",
  })
  equal(done.eol, " 📬 why is this slow?")
  equal(done.lines, {
    "  │ The loop compares each pair, so it",
    "  │ is quadratic in the number of",
    "  │ lines. …",
    "  │ :Backchat read",
  })
end

T["what an edit proposes"] = function()
  local proposal = { status = "clean", added = 12, removed = 3, hunks = 2, conflicts = 0 }
  local function eol(changes, fields)
    local summary = vim.tbl_extend("force", proposal, changes)
    local edit = vim.tbl_extend("force", { intent = "edit", state = "done" }, fields or {})
    return draw(edit, { proposal = summary }).eol
  end
  equal(
    eol({}, { unread = true }),
    " 📬 ✎ +12 −3 clean · :Backchat apply · why is this slow?"
  )
  equal(
    eol({ status = "conflict", conflicts = 2 }),
    " ✓ ✎ +12 −3 conflict: you typed over 2 places · :Backchat preview · :Backchat apply! · why is this slow?"
  )
  equal(
    eol({ status = "conflict", conflicts = 2, marked = true }),
    " ✓ ✎ +12 −3 conflict: resolve the conflict markers, <<<<<<< · :Backchat preview · why is this slow?"
  )
  equal(eol({ hunks = 0 }), " ✓ ✎ in the buffer · why is this slow?")
  equal(
    eol({ status = "none", hunks = 0, reason = "the response\nhas no code" }),
    " ✓ ✎ no change: the response has no code · why is this slow?"
  )
  -- One that is asked again proposes nothing yet.
  equal(eol({}, { state = "queued" }), " ◌ queued · why is this slow?")
end

T["a read answer leaves a quiet mark, a dismissed one none"] = function()
  equal(draw({ state = "done", preview = "text" }), { eol = " ✓ why is this slow?", lines = {} })
  equal(draw({ state = "done", dismissed = true }), nil)
end

T["a failure says what failed and what to do"] = function()
  local failed = draw({
    state = "failed",
    unread = true,
    failure = { kind = "authentication", message = "401 from localhost", remedy = "Set the key." },
  })
  equal(failed.eol, " ✗ failed · why is this slow?")
  equal(failed.lines, {
    "  │ 401 from localhost",
    "  │ Set the key.",
    "  │ :Backchat retry · :Backchat dismiss",
  })
  equal(draw({ state = "cancelled" }).eol, " ⊘ cancelled · why is this slow?")
end

T["a doubtful place is told"] = function()
  local range = { start = { line = 0, character = 0 }, ["end"] = { line = 0, character = 0 } }
  local gone = draw({ state = "done", anchor = { range = range, status = "gone" } })
  equal(gone.eol, " ✓ why is this slow? · its code is not here any more")
end

T["a change that was applied does not say that its code has changed"] = function()
  local range = { start = { line = 0, character = 0 }, ["end"] = { line = 0, character = 0 } }
  local function eol(status, proposal)
    return draw({
      intent = "edit",
      state = "done",
      anchor = { range = range, status = status },
    }, {
      proposal = vim.tbl_extend(
        "force",
        { status = "clean", added = 1, removed = 1, hunks = 1, conflicts = 0 },
        proposal
      ),
    }).eol
  end
  local applied = { added = 0, removed = 0, hunks = 0 }
  equal(eol("changed", applied), " ✓ ✎ in the buffer · why is this slow?")
  -- A change that takes its code away leaves none to be found.
  equal(eol("gone", applied), " ✓ ✎ in the buffer · why is this slow?")
  -- Of several hunks one was applied.
  equal(eol("changed", {}), " ✓ ✎ +1 −1 clean · :Backchat apply · why is this slow?")
  local none = { status = "none", hunks = 0, added = 0, removed = 0, reason = "no code" }
  equal(
    eol("changed", none),
    " ✓ ✎ no change: no code · why is this slow? · its code has changed since"
  )
end

T["durations as people say them"] = function()
  local inline = require("backchat.inline")
  equal(
    vim.tbl_map(inline.duration, { -5, 999, 59999, 61000, 3600000, 86400000 * 3 }),
    { "0s", "0s", "59s", "1m 01s", "1h 00m", "3d" }
  )
end

return T
