-- From a prompt to an accepted request: asks for the prompt when there is none, marks the place at
-- once, sends, and never loses what was typed.

local attach = require("backchat.attach")
local client = require("backchat.client")
local config = require("backchat.config")
local marks = require("backchat.marks")
local notify = require("backchat.notify")
local positions = require("backchat.positions")
local requests = require("backchat.requests")
local selection = require("backchat.selection")

local M = {}

---@class backchat.Submit
---@field bufnr integer
---@field selection? backchat.Selection nil: the whole buffer
---@field prompt string
---@field library_prompt? string the name of a prompt of the library, which `prompt` follows
---@field intent? backchat.Intent nil: as the prompt of the library says
---@field mode backchat.Mode
---@field on_accepted? fun(request: backchat.Request)

--- What each verb means to the server.
---@type table<string, { intent: backchat.Intent, mode: backchat.Mode, question: string }>
M.VERBS = {
  ask = { intent = "ask", mode = "auto", question = "Ask: " },
  submit = { intent = "ask", mode = "background", question = "Ask in the background: " },
  edit = { intent = "edit", mode = "background", question = "Change in the background: " },
}

---@type table<string, boolean>
local mine = {}

--- Whether this Neovim submitted a request.
---@param id string
---@return boolean
function M.was_submitted_here(id)
  return mine[id] == true
end

---@return string
local function idempotency_key()
  return (vim.uv.random(16):gsub(".", function(char)
    return ("%02x"):format(char:byte())
  end))
end

--- For each buffer the submits that wait until the one before them was answered: a server may
--- take two that come at once in either order, and a session is a conversation.
---@type table<integer, fun(done: fun())[]>
local lines = {}

---@param bufnr integer
---@param send fun(done: fun())
local function in_line(bufnr, send)
  local line = lines[bufnr]
  if line then
    table.insert(line, send)
    -- A server that gave up is what they wait for: asking starts it again.
    return client.ensure(function() end)
  end
  line = {}
  lines[bufnr] = line
  local function next_one()
    local following = table.remove(line, 1)
    if following then
      following(next_one)
    else
      lines[bufnr] = nil
    end
  end
  send(next_one)
end

--- Submits. The place is marked at once and moves with what is typed until the server has it.
---@param submit backchat.Submit
function M.send(submit)
  if not submit.library_prompt and not submit.prompt:match("%S") then
    return notify.warn("the prompt is empty; nothing was submitted")
  end
  local bufnr = submit.bufnr
  local key = idempotency_key()
  local whole = submit.selection == nil
  local place = submit.selection or { start_row = 0, start_col = 0, end_row = 0, end_col = 0 }
  marks.show_sending(key, bufnr, {
    id = key,
    prompt = submit.library_prompt or submit.prompt,
    state = "queued",
    createdAt = os.time() * 1000,
    unread = false,
    dismissed = false,
  } --[[@as backchat.Request]], place)

  ---@param problem string
  local function failed(problem)
    marks.remove(key)
    -- What was typed is one <Up> away when it is asked for again.
    if submit.prompt ~= "" then
      vim.fn.histadd("input", submit.prompt)
    end
    notify.error(problem)
  end
  ---@param request backchat.Request
  local function accepted(request)
    mine[request.id] = true
    local heard = requests.get(request.id)
    marks.accept(key, request.id)
    -- A notification that was faster knows more than the answer.
    requests.update(heard or request)
    if submit.on_accepted then
      submit.on_accepted(requests.get(request.id))
    end
  end

  in_line(bufnr, function(done)
    attach.open(bufnr, function(problem, uri)
      if problem or not uri then
        failed(problem or "the buffer has no document")
        return done()
      end
      client.request_surely("backchat/submit", function()
        local now = marks.place(key)
        if not now then
          return nil
        end
        return {
          textDocument = { uri = uri },
          range = not whole and positions.to_range(bufnr, now, client.encoding()) or nil,
          prompt = submit.prompt,
          libraryPrompt = submit.library_prompt,
          intent = submit.intent,
          mode = submit.mode,
          model = config.get("model"),
          idempotencyKey = key,
        }
      end, function(refusal, result)
        if refusal then
          failed(refusal)
        else
          accepted(result.request)
        end
        done()
      end, bufnr)
    end)
  end)
end

---@param place backchat.Selection
---@return boolean
local function is_empty(place)
  return place.start_row == place.end_row and place.start_col == place.end_col
end

--- Holds a place while something is waited for and the buffer may change. What it returns is called
--- once, and gives the place as it is then, or says what has become of it.
---@param bufnr integer
---@param place? backchat.Selection nil: the whole buffer
---@return fun(): backchat.Selection?, string?
function M.hold(bufnr, place)
  local id = place
    and vim.api.nvim_buf_set_extmark(bufnr, marks.namespace, place.start_row, place.start_col, {
      end_row = place.end_row,
      end_col = place.end_col,
      end_right_gravity = false,
    })
  return function()
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return place, "the buffer was closed"
    end
    if not id or not place then
      return nil
    end
    local found = vim.api.nvim_buf_get_extmark_by_id(bufnr, marks.namespace, id, { details = true })
    vim.api.nvim_buf_del_extmark(bufnr, marks.namespace, id)
    local now = {
      start_row = found[1],
      start_col = found[2],
      end_row = found[3].end_row,
      end_col = found[3].end_col,
    }
    if is_empty(now) and not is_empty(place) then
      return nil, "the text that it is about was deleted"
    end
    return now
  end
end

--- Asks for a prompt where none was given, and submits.
---@param verb "ask"|"submit"|"edit"
---@param options? { prompt?: string, selection?: backchat.Selection, on_prompt?: fun(prompt: string) }
function M.run(verb, options)
  options = options or {}
  local meaning = assert(M.VERBS[verb], verb)
  local bufnr = vim.api.nvim_get_current_buf()
  local function send(prompt, place)
    M.send({
      bufnr = bufnr,
      selection = place,
      prompt = prompt,
      intent = meaning.intent,
      mode = meaning.mode,
    })
  end
  if options.prompt and options.prompt:match("%S") then
    return send(options.prompt, options.selection)
  end

  local release = M.hold(bufnr, options.selection)
  vim.ui.input({ prompt = meaning.question }, function(prompt)
    local place, problem = release()
    if not prompt or not prompt:match("%S") then
      return
    end
    if problem then
      vim.fn.histadd("input", prompt)
      return notify.error(problem .. " while the prompt was typed; nothing was submitted")
    end
    if options.on_prompt then
      options.on_prompt(prompt)
    end
    send(prompt, place)
  end)
end

---@type { verb: "ask"|"submit"|"edit", prompt: string? }
local repeated = { verb = "ask" }

--- The right side of an operator mapping. `.` submits the same prompt about the next text.
---@param verb "ask"|"submit"|"edit"
---@return string keys
function M.operator(verb)
  repeated = { verb = verb }
  vim.o.operatorfunc = "v:lua.require'backchat.submit'.operate"
  return "g@"
end

--- Called by Neovim when the motion was made, or made again by `.`.
---@param kind "line"|"char"|"block"
function M.operate(kind)
  local operation = repeated
  M.run(operation.verb, {
    selection = selection.of_motion(kind),
    prompt = operation.prompt,
    on_prompt = function(prompt)
      operation.prompt = prompt
    end,
  })
end

return M
