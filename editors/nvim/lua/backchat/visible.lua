-- What a model said is untrusted text. Before it is shown, everything in it that a terminal or a
-- reader could be deceived by is made visible: control characters, and the marks that reorder
-- text. Nothing of it is ever run.

local M = {}

---@param byte integer
---@return string
local function control_picture(byte)
  if byte == 0x7f then
    return "␡"
  end
  return vim.fn.nr2char(0x2400 + byte, true)
end

--- One line, safe to show: no control character, no mark that reorders or hides text.
---@param line string
---@return string
function M.line(line)
  line = line:gsub("[%z\1-\8\10-\31\127]", function(char)
    return control_picture(char:byte())
  end)
  -- C1 controls: U+0080 to U+009F.
  line = line:gsub("\xc2([\x80-\x9f])", function(char)
    return ("<U+%04X>"):format(char:byte())
  end)
  -- U+200B (zero width space), U+200E, U+200F, U+202A to U+202E (direction).
  line = line:gsub("\xe2\x80([\x8b\x8e\x8f\xaa-\xae])", function(char)
    return ("<U+%04X>"):format(0x2000 + char:byte() - 0x80)
  end)
  -- U+2060 to U+206F (invisible operators, isolates).
  line = line:gsub("\xe2\x81([\xa0-\xaf])", function(char)
    return ("<U+%04X>"):format(0x2040 + char:byte() - 0x80)
  end)
  line = line:gsub("\xef\xbb\xbf", "<U+FEFF>")
  return line
end

--- A text as lines that are safe to show. Line breaks may be of any kind.
---@param text string
---@return string[]
function M.lines(text)
  text = text:gsub("\r\n?", "\n")
  local lines = vim.split(text, "\n", { plain = true })
  for index, line in ipairs(lines) do
    lines[index] = M.line(line)
  end
  return lines
end

--- A text on one line, runs of white space as one blank.
---@param text string
---@return string
function M.single(text)
  return vim.trim(M.line((text:gsub("%s+", " "))))
end

--- Cuts a line to a width, with an ellipsis where something was cut.
---@param line string
---@param width integer in cells
---@return string
function M.cut(line, width)
  if vim.fn.strdisplaywidth(line) <= width then
    return line
  end
  local kept = ""
  local used = 0
  for _, char in ipairs(vim.fn.split(line, "\\zs")) do
    local cells = vim.fn.strdisplaywidth(char, used)
    if used + cells > width - 1 then
      break
    end
    kept = kept .. char
    used = used + cells
  end
  return kept .. "…"
end

--- The beginning of a text on one line, cut to a width. Costs the same however long the text is.
---@param text string
---@param width integer in cells
---@return string
function M.beginning(text, width)
  local first = text:find("%S")
  if not first then
    return ""
  end
  -- Enough for as many characters, of several bytes each, with blanks between them.
  local limit = first + 16 * width
  if #text <= limit then
    return M.cut(M.single(text:sub(first)), width)
  end
  local kept = text:sub(first, limit + vim.str_utf_start(text, limit + 1))
  return M.cut(M.single(kept) .. " …", width)
end

--- Breaks one line into lines that fit a width, at blanks where there are any. A continuation
--- keeps the line's own indent.
---@param line string
---@param width integer in cells, at least 8
---@return string[]
function M.wrap(line, width)
  width = math.max(8, width)
  line = line:gsub("\t", "    ")
  if vim.fn.strdisplaywidth(line) <= width then
    return { line }
  end
  local indent = line:match("^ *")
  if #indent > width / 2 then
    indent = ""
  end
  local lines = {}
  local current = ""
  local used = 0
  local function flush()
    table.insert(lines, (current:gsub("%s+$", "")))
    current, used = indent, #indent
  end
  for word, blanks in line:gmatch("(%S*)(%s*)") do
    local cells = vim.fn.strdisplaywidth(word)
    if used + cells > width and current:match("%S") then
      flush()
    end
    if used + cells > width then
      -- A word wider than the line is cut where it must be.
      for _, char in ipairs(vim.fn.split(word, "\\zs")) do
        local char_cells = vim.fn.strdisplaywidth(char)
        if used + char_cells > width then
          flush()
        end
        current, used = current .. char, used + char_cells
      end
    else
      current, used = current .. word, used + cells
    end
    current, used = current .. blanks, used + #blanks
  end
  if current:match("%S") then
    flush()
  end
  return lines
end

return M
