-- Version 1. Instants are milliseconds since the Unix epoch.

-- The conversation of one buffer.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    uri        TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Counted by the triggers at the end of this file, so that a page of sessions costs the same
    -- however many others there are.
    requests   INTEGER NOT NULL DEFAULT 0,
    unread     INTEGER NOT NULL DEFAULT 0,
    busy       INTEGER NOT NULL DEFAULT 0       -- queued or running
) STRICT;
-- The order of the inbox. No session is without a request.
CREATE INDEX sessions_by_rank ON sessions (unread > 0, busy > 0, updated_at, id);
CREATE INDEX sessions_by_update ON sessions (updated_at);

-- The texts that requests were asked about, each stored once.
CREATE TABLE snapshots (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

-- One submitted prompt. `seq` is the order of acceptance.
CREATE TABLE requests (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    session_id      TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    idempotency_key TEXT,
    prompt          TEXT NOT NULL,
    intent          TEXT NOT NULL,
    lane            INTEGER NOT NULL,           -- 0 foreground, 1 background
    model           TEXT NOT NULL,              -- its name in the configuration
    endpoint        TEXT NOT NULL,              -- what limits are counted by
    language        TEXT NOT NULL,
    snapshot        TEXT NOT NULL REFERENCES snapshots (hash),
    rules           TEXT REFERENCES snapshots (hash), -- the project's rules that go along
    span_start      INTEGER NOT NULL,           -- bytes in the snapshot
    span_end        INTEGER NOT NULL,
    code            TEXT NOT NULL,              -- the text between them; empty for a whole buffer
    anchor          TEXT NOT NULL,              -- JSON: where it is now, and how to find it again
    state           TEXT NOT NULL,              -- queued, running, done, failed, cancelled
    not_before      INTEGER NOT NULL DEFAULT 0,
    hold_reason     TEXT,
    secrets         TEXT,                       -- JSON: what it is held for until the user allows it
    attempt         INTEGER NOT NULL DEFAULT 0, -- attempts begun
    faults          INTEGER NOT NULL DEFAULT 0, -- attempts since the last explicit (re)try that ended in a fault
    submitter       TEXT NOT NULL,              -- the process that accepted it
    owner           TEXT,                       -- the process that runs it
    lease_until     INTEGER,
    failure         TEXT,                       -- JSON
    unread          INTEGER NOT NULL DEFAULT 0,
    dismissed       INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    finished_at     INTEGER
) STRICT;
CREATE INDEX requests_of_session ON requests (session_id, seq);
CREATE INDEX requests_active ON requests (session_id, seq) WHERE state IN ('queued', 'running');
CREATE INDEX requests_queue ON requests (lane, seq) WHERE state = 'queued';
CREATE INDEX requests_with_secrets ON requests (session_id, seq) WHERE secrets IS NOT NULL;
CREATE INDEX requests_running ON requests (endpoint) WHERE state = 'running';
CREATE INDEX requests_unread ON requests (session_id) WHERE unread = 1;
CREATE INDEX requests_failed ON requests (session_id) WHERE state = 'failed' AND dismissed = 0;
CREATE INDEX requests_by_snapshot ON requests (snapshot);
CREATE INDEX requests_by_rules ON requests (rules) WHERE rules IS NOT NULL;
CREATE UNIQUE INDEX requests_by_key ON requests (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX requests_by_end ON requests (finished_at) WHERE finished_at IS NOT NULL;

-- What the model said in one attempt at a request. `text` is filled when the attempt ends; until
-- then the text is in `chunks`.
CREATE TABLE attempts (
    request_id    TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    outcome       TEXT,                         -- done, failed, cancelled, fault, lost
    text          TEXT,
    reasoning     TEXT,
    finish        TEXT,
    input_tokens  INTEGER,
    output_tokens INTEGER,
    chunk_count   INTEGER NOT NULL DEFAULT 0,
    -- How the model's client takes the response up again behind the last chunk, in its own words; null
    -- where it cannot. Such an attempt stays open while its request is queued. In an attempt that has
    -- ended: the provider is still to be told.
    resume        TEXT,
    PRIMARY KEY (request_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_to_let_go ON attempts (ended_at) WHERE resume IS NOT NULL AND ended_at IS NOT NULL;

-- Streamed text of attempts that run, or have just ended, in pieces, so that appending costs the
-- same however long the response has become.
CREATE TABLE chunks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    attempt    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    text       TEXT NOT NULL,
    reasoning  TEXT NOT NULL,
    UNIQUE (request_id, attempt, seq)
) STRICT;

-- What happened, in order: how the windows hear of each other.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    session_id TEXT NOT NULL
) STRICT;

-- Secrets that the user has allowed to go to an endpoint, by their fingerprints.
CREATE TABLE allowed_secrets (
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint    TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (session_id, endpoint, fingerprint)
) STRICT, WITHOUT ROWID;

-- Endpoints that asked for a pause.
CREATE TABLE endpoints (
    endpoint      TEXT PRIMARY KEY,
    blocked_until INTEGER NOT NULL,
    reason        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Settings that all windows share.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER requests_counted_in AFTER INSERT ON requests BEGIN
    UPDATE sessions SET requests = requests + 1, unread = unread + NEW.unread,
        busy = busy + (NEW.state IN ('queued', 'running'))
    WHERE id = NEW.session_id;
END;
CREATE TRIGGER requests_counted_out AFTER DELETE ON requests BEGIN
    UPDATE sessions SET requests = requests - 1, unread = unread - OLD.unread,
        busy = busy - (OLD.state IN ('queued', 'running'))
    WHERE id = OLD.session_id;
END;
CREATE TRIGGER requests_counted_anew AFTER UPDATE OF session_id, state, unread ON requests
WHEN (OLD.session_id, OLD.state, OLD.unread) IS NOT (NEW.session_id, NEW.state, NEW.unread) BEGIN
    UPDATE sessions SET requests = requests - 1, unread = unread - OLD.unread,
        busy = busy - (OLD.state IN ('queued', 'running'))
    WHERE id = OLD.session_id;
    UPDATE sessions SET requests = requests + 1, unread = unread + NEW.unread,
        busy = busy + (NEW.state IN ('queued', 'running'))
    WHERE id = NEW.session_id;
END;
