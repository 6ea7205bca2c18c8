//! A store in memory for simulations, and everything in it as plain rows.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::connection::{Inline, Thread};
use super::transcript::{TurnRecord, with_response};
use super::{Inner, Store, events, identity, liveness, schema, submit};
use crate::session::RequestId;

/// The database that simulated processes share.
pub(crate) struct SimulatedStore {
    connection: Arc<Mutex<Connection>>,
}

/// A request as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub id: String,
    pub session: String,
    pub seq: i64,
    pub lane: i64,
    pub model: String,
    pub endpoint: String,
    pub submitter: String,
    pub prompt: String,
    pub state: String,
    pub owner: Option<String>,
    pub lease_until: Option<i64>,
    pub not_before: i64,
    pub hold: Option<String>,
    pub attempt: u32,
    pub faults: u32,
    pub unread: bool,
    pub dismissed: bool,
    pub started_at: Option<i64>,
    /// The pieces of text of all attempts.
    pub pieces: u32,
    /// The latest event that tells of it.
    pub event: i64,
}

impl SimulatedStore {
    pub(crate) fn new() -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::keep_statements(&connection).unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        schema::migrate(&mut connection).unwrap();
        Self {
            connection: Arc::new(Mutex::new(connection)),
        }
    }

    /// Another process that opens the store.
    pub(crate) fn process(&self, directory: &Path) -> Store {
        let thread = || Thread::inline(Inline(Arc::clone(&self.connection)));
        Store {
            inner: Arc::new(Inner {
                directory: directory.to_owned(),
                identity: identity::Identity::none(),
                owner: liveness::Owner::register(directory).unwrap(),
                reader: thread(),
                writer: thread(),
            }),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A counter that grows with every change.
    pub(crate) fn changes(&self) -> u64 {
        self.connection().total_changes()
    }

    /// The last event and the last chunk so far.
    pub(crate) fn now_at(&self) -> (i64, i64) {
        events::now_at(&self.connection()).unwrap()
    }

    /// Every request, in the order of acceptance.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "SELECT id, session_id, seq, lane, model, endpoint, submitter, prompt, state, owner, lease_until,
                     not_before, hold_reason, attempt, faults, unread, dismissed, started_at,
                     (SELECT coalesce(sum(chunk_count), 0) FROM attempts WHERE request_id = requests.id),
                     (SELECT coalesce(max(seq), 0) FROM events WHERE request_id = requests.id)
                 FROM requests ORDER BY seq",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            Ok(Row {
                id: row.get(0)?,
                session: row.get(1)?,
                seq: row.get(2)?,
                lane: row.get(3)?,
                model: row.get(4)?,
                endpoint: row.get(5)?,
                submitter: row.get(6)?,
                prompt: row.get(7)?,
                state: row.get(8)?,
                owner: row.get(9)?,
                lease_until: row.get(10)?,
                not_before: row.get(11)?,
                hold: row.get(12)?,
                attempt: row.get(13)?,
                faults: row.get(14)?,
                unread: row.get(15)?,
                dismissed: row.get(16)?,
                started_at: row.get(17)?,
                pieces: row.get(18)?,
                event: row.get(19)?,
            })
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The endpoints that asked for a pause, and until when.
    pub(crate) fn paused(&self) -> Vec<(String, i64)> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT endpoint, blocked_until FROM endpoints")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// A request with what a user sees of its response.
    pub(crate) fn turn(&self, id: &str) -> TurnRecord {
        let connection = self.connection();
        let request = submit::by_id(&connection, &RequestId(id.to_owned())).unwrap();
        with_response(&connection, request).unwrap()
    }
}
