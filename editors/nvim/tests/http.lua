-- The little HTTP that the tests need to talk to the scripted model, on Neovim's own event loop.

local M = {}

--- Sends a request to a port of this machine and waits for the answer.
---@param port integer
---@param method string
---@param path string
---@param body? table sent as JSON
---@return any decoded from JSON
function M.json(port, method, path, body)
  local text = body and vim.json.encode(body) or ""
  local socket = assert(vim.uv.new_tcp())
  local received, finished, problem = {}, false, nil
  socket:connect("127.0.0.1", port, function(connect_problem)
    if connect_problem then
      problem, finished = connect_problem, true
      return
    end
    socket:write(
      ("%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"):format(
        method,
        path,
        #text,
        text
      )
    )
    socket:read_start(function(read_problem, data)
      problem = problem or read_problem
      if data then
        table.insert(received, data)
      else
        finished = true
      end
    end)
  end)
  vim.wait(10000, function()
    return finished
  end, 5)
  socket:close()
  assert(finished and not problem, ("%s %s: %s"):format(method, path, problem or "no answer"))
  local response = table.concat(received)
  local head, content = response:match("^(.-)\r\n\r\n(.*)$")
  if head:lower():find("transfer-encoding: chunked", 1, true) then
    content = content:gsub("%x+\r\n(.-)\r\n", "%1")
  end
  assert(head:match("^HTTP/1.1 2%d%d"), ("%s %s: %s"):format(method, path, response))
  return vim.json.decode(content)
end

return M
