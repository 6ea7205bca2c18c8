-- Which document of the server a buffer is. The buffer of a file is kept in step by Neovim's own
-- client. A buffer without a file (unnamed, a terminal, a scratch buffer) has no URI that the
-- client could send, so it becomes an `untitled:` document that this module keeps in step. So it
-- does with a buffer whose 'fileformat' is "mac": Neovim's client would send its lines with a CR
-- between them, and the server is told that only a line feed ends a line.

local M = {}

---@class backchat.Kept a document that is kept in step here
---@field uri string
---@field version integer what the server has
---@field dirty boolean the buffer has changed since
---@field open boolean

---@type table<integer, backchat.Kept>
local kept = {}

--- Sends a notification to the server, when there is one; set by backchat.client.
---@type fun(method: string, params: table)
M.notify = function() end

--- A document is one thing to the server however its URI is spelled.
---@param uri string
---@return string
local function key(uri)
  if vim.startswith(uri, "file:") then
    local ok, name = pcall(vim.uri_to_fname, uri)
    return ok and name or uri
  end
  return uri
end

--- Whether a buffer has a name that the client can make a URI of.
---@param bufnr integer
---@return boolean
function M.is_named(bufnr)
  local kind = vim.bo[bufnr].buftype
  return vim.api.nvim_buf_get_name(bufnr) ~= ""
    and (kind == "" or kind == "help" or kind == "acwrite")
end

--- Whether a buffer was asked about when it had no file, and was not saved since.
---@param bufnr integer
---@return boolean
function M.is_untitled(bufnr)
  return kept[bufnr] ~= nil and vim.startswith(kept[bufnr].uri, "untitled:")
end

--- Whether a buffer is kept in step here, rather than by Neovim's own client.
---@param bufnr integer
---@return boolean
function M.is_kept_here(bufnr)
  return not M.is_named(bufnr) or vim.bo[bufnr].fileformat == "mac"
end

--- Whether a buffer is open as a document that is kept in step here.
---@param bufnr integer
---@return boolean
function M.is_kept(bufnr)
  return kept[bufnr] ~= nil
end

--- The window of the plugin itself are no documents.
---@param bufnr integer
---@return boolean
function M.is_own(bufnr)
  return vim.b[bufnr].backchat_own == true
    or vim.startswith(vim.api.nvim_buf_get_name(bufnr), "backchat://")
end

--- The URI of a buffer's document, or nil when it is none (yet).
---@param bufnr integer
---@return string?
function M.uri(bufnr)
  if kept[bufnr] and not M.is_named(bufnr) then
    return kept[bufnr].uri
  end
  return M.is_named(bufnr) and vim.uri_from_bufnr(bufnr) or nil
end

--- The loaded buffer of a document. A buffer that was named after it was asked about is found by
--- both of its URIs.
---@param uri string
---@return integer?
function M.buffer(uri)
  for bufnr, document in pairs(kept) do
    if document.uri == uri then
      return vim.api.nvim_buf_is_loaded(bufnr) and bufnr or nil
    end
  end
  local wanted = key(uri)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if
      vim.api.nvim_buf_is_loaded(bufnr)
      and M.is_named(bufnr)
      and key(vim.uri_from_bufnr(bufnr)) == wanted
    then
      return bufnr
    end
  end
end

--- The version that a range must be of, or newer, to be drawn as it is.
---@param uri string
---@param bufnr integer
---@return integer
function M.version(uri, bufnr)
  local document = kept[bufnr]
  if document and document.uri == uri then
    return document.version + (document.dirty and 1 or 0)
  end
  return vim.lsp.util.buf_versions[bufnr] or 0
end

---@param bufnr integer
---@param ending? string of a line
---@return string
local function text_of(bufnr, ending)
  ending = ending or "\n"
  local text = table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true), ending)
  return vim.bo[bufnr].eol and text .. ending or text
end

--- Whether a digest is that of the text that a buffer has now, as the server should have it.
---@param uri string
---@param bufnr integer
---@param digest string
---@return boolean
function M.has_digest(uri, bufnr, digest)
  local document = kept[bufnr]
  local is_kept = document and document.uri == uri
  local ending = not is_kept and vim.bo[bufnr].fileformat == "dos" and "\r\n" or "\n"
  -- A text with a NUL is a blob for Vim, and has no digest.
  local ok, own = pcall(vim.fn.sha256, text_of(bufnr, ending))
  return ok and own == digest
end

---@param bufnr integer
---@param document backchat.Kept
local function send_open(bufnr, document)
  document.open = true
  document.dirty = false
  document.version = document.version + 1
  M.notify("textDocument/didOpen", {
    textDocument = {
      uri = document.uri,
      languageId = vim.bo[bufnr].filetype ~= "" and vim.bo[bufnr].filetype or "plaintext",
      version = document.version,
      text = text_of(bufnr),
    },
  })
end

--- Tells the server what was typed since into a document that is kept here. Done before each request.
---@param bufnr integer
function M.flush(bufnr)
  local document = kept[bufnr]
  if document and document.open and document.dirty and vim.api.nvim_buf_is_loaded(bufnr) then
    document.dirty = false
    document.version = document.version + 1
    M.notify("textDocument/didChange", {
      textDocument = { uri = document.uri, version = document.version },
      contentChanges = { { text = text_of(bufnr) } },
    })
  end
end

--- Opens a buffer as a document that is kept in step here. Without a file it is an untitled one, whose
--- URI is its own for ever, so that a new unnamed buffer is never taken for an earlier one.
---@param bufnr integer
---@return string uri
function M.open(bufnr)
  local document = kept[bufnr]
  if not document then
    document = {
      uri = M.is_named(bufnr) and vim.uri_from_bufnr(bufnr)
        or ("untitled:Untitled-%x-%d"):format(vim.uv.hrtime() + os.time() * 1e9, bufnr),
      version = 0,
      dirty = false,
      open = false,
    }
    kept[bufnr] = document
    local pending = false
    vim.api.nvim_buf_attach(bufnr, false, {
      on_lines = function()
        if kept[bufnr] ~= document then
          return true
        end
        document.dirty = true
        if not pending then
          pending = true
          vim.defer_fn(function()
            pending = false
            M.flush(bufnr)
          end, 150)
        end
      end,
      on_detach = function()
        if kept[bufnr] == document then
          kept[bufnr] = nil
          vim.schedule(function()
            -- Unless the file was only read again.
            if not (kept[bufnr] and kept[bufnr].uri == document.uri) then
              M.notify("textDocument/didClose", { textDocument = { uri = document.uri } })
            end
          end)
        end
      end,
    })
  end
  if not document.open then
    send_open(bufnr, document)
  end
  return document.uri
end

--- A buffer that had no file was written to one: from here on it is that file's document alone, and
--- what was asked about it goes along.
---@param bufnr integer
function M.saved(bufnr)
  local document = kept[bufnr]
  if not M.is_untitled(bufnr) or not document.open or not M.is_named(bufnr) then
    return
  end
  M.flush(bufnr)
  kept[bufnr] = nil
  M.notify("workspace/didRenameFiles", {
    files = { { oldUri = document.uri, newUri = vim.uri_from_bufnr(bufnr) } },
  })
  M.notify("textDocument/didClose", { textDocument = { uri = document.uri } })
end

--- Closes the document of a file that is kept in step here.
---@param bufnr integer
function M.close(bufnr)
  local document = kept[bufnr]
  if document and document.uri == vim.uri_from_bufnr(bufnr) then
    kept[bufnr] = nil
    M.notify("textDocument/didClose", { textDocument = { uri = document.uri } })
  end
end

--- Sends the whole text of a document that is kept here anew.
---@param bufnr integer
function M.reopen(bufnr)
  local document = kept[bufnr]
  if document then
    M.notify("textDocument/didClose", { textDocument = { uri = document.uri } })
    send_open(bufnr, document)
  end
end

--- A new server knows nothing: every document that is kept here is opened there again.
function M.reopen_all()
  for bufnr, document in pairs(kept) do
    send_open(bufnr, document)
  end
end

--- All documents of a buffer: its file and, when it was asked about before it had a name, the
--- untitled one.
---@param bufnr integer
---@return string[]
function M.uris(bufnr)
  local uris = {}
  if M.is_named(bufnr) then
    table.insert(uris, vim.uri_from_bufnr(bufnr))
  end
  if kept[bufnr] and kept[bufnr].uri ~= uris[1] then
    table.insert(uris, kept[bufnr].uri)
  end
  return uris
end

--- The end of a URI, for people: a path relative to the working directory, or the buffer's kind.
---@param uri string
---@return string
function M.label(uri)
  if vim.startswith(uri, "file:") then
    return vim.fn.fnamemodify(vim.uri_to_fname(uri), ":~:.")
  end
  if vim.startswith(uri, "untitled:") then
    return "[No Name]"
  end
  return uri
end

return M
