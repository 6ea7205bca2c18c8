---@meta
-- The shapes of the wire contract (PROTOCOL.md) as Neovim decodes them, and the words that the
-- modules of the plugin share. Instants are milliseconds since the Unix epoch.

---@alias backchat.Intent "ask"|"edit"
---@alias backchat.Mode "auto"|"foreground"|"background"
---@alias backchat.State "queued"|"running"|"held"|"done"|"failed"|"cancelled"
---@alias backchat.AnchorStatus "exact"|"moved"|"changed"|"gone"|"ambiguous"

---@class backchat.Anchor
---@field range lsp.Range
---@field version? integer the version of the document that `range` is of
---@field status backchat.AnchorStatus
---@field original? string the code that was asked about, when it changed or is gone

---@class backchat.Hold
---@field reason string
---@field until? integer
---@field secrets? backchat.HeldSecret[] only while it waits for the user to allow them

---@class backchat.HeldSecret
---@field kind string
---@field place string
---@field line? integer

---@class backchat.Failure
---@field kind string
---@field message string
---@field remedy? string

---@class backchat.Usage
---@field inputTokens? integer
---@field outputTokens? integer

---@class backchat.Request
---@field id string
---@field sessionId string
---@field uri string
---@field prompt string
---@field intent backchat.Intent
---@field lane "foreground"|"background"
---@field model string
---@field state backchat.State
---@field attempt integer
---@field place? integer
---@field hold? backchat.Hold
---@field failure? backchat.Failure
---@field anchor? backchat.Anchor
---@field preview? string
---@field notice? string what is to be said of the response beside its text
---@field unread boolean
---@field dismissed boolean
---@field usage? backchat.Usage
---@field createdAt integer
---@field startedAt? integer
---@field finishedAt? integer

---@class backchat.Response
---@field text string
---@field reasoning? string
---@field partial boolean
---@field finish? string
---@field attempt integer
---@field nextSeq integer

---@class backchat.Turn
---@field request backchat.Request
---@field response? backchat.Response

---@class backchat.Session
---@field id string
---@field uri string
---@field title string
---@field unread integer
---@field requests integer
---@field queued integer
---@field running integer
---@field held integer
---@field failed integer
---@field state backchat.State
---@field updatedAt integer
---@field createdAt integer

---@class backchat.Status
---@field queued integer
---@field running integer
---@field held integer
---@field hold? backchat.Hold
---@field unread integer
---@field model? string
---@field problem? string
---@field version string
---@field protocolVersion integer

---@class backchat.Model
---@field name string
---@field format string
---@field model string
---@field baseUrl string
---@field origin string
---@field keyName? string
---@field problem? string

---@class backchat.Delta
---@field requestId string
---@field attempt integer
---@field seq integer
---@field text string

---@alias backchat.ProposalStatus "clean"|"moved"|"conflict"|"none"

---@class backchat.Hunk
---@field index integer from 0
---@field range lsp.Range
---@field oldText string
---@field newText string

---@class backchat.Conflict
---@field range lsp.Range
---@field base string
---@field theirs string

---@class backchat.Proposal
---@field requestId string
---@field uri string
---@field status backchat.ProposalStatus
---@field reason? string
---@field version integer the version of the document that ranges and edits are of
---@field digest? string of the text that they are of, in SHA-256; absent from an older server
---@field edits lsp.TextEdit[]
---@field hunks backchat.Hunk[]
---@field conflicts backchat.Conflict[]
---@field added integer
---@field removed integer
---@field preview string a unified diff
---@field merged string
---@field marked? string with conflict markers; only when the status is "conflict"
---@field markedEdits? lsp.TextEdit[] what leads there; present when `marked` is

--- A piece of a buffer: 0-based rows and byte columns, the end exclusive.
---@class backchat.Selection
---@field start_row integer
---@field start_col integer
---@field end_row integer
---@field end_col integer

--- Text with a highlight group, as extmarks want it.
---@alias backchat.Chunk [string, string]
