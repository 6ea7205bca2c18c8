//! What windows show of the whole inbox, and of some requests in it, as of one moment.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::submit::by_id;
use super::transcript::{TurnRecord, with_response};
use super::{Result, Store, StoreError};
use crate::session::{RequestId, SessionId};

/// The setting that holds the name of the selected model.
const SELECTED_MODEL: &str = "model";

/// The state of the whole inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxStatus {
    /// Requests that wait for a worker.
    pub queued: u32,
    /// Requests that run.
    pub running: u32,
    /// Requests that wait for something they name.
    pub held: u32,
    /// The hold that ends first: its reason and its end.
    pub hold: Option<(String, i64)>,
    /// Unread responses.
    pub unread: u32,
    /// The name of the model that was selected for all windows.
    pub selected_model: Option<String>,
}

/// What a window is told, all of it as of one moment.
#[derive(Clone, Debug)]
pub struct News {
    /// The requests that wait: see [`Store::waiting`].
    pub waiting: Vec<RequestId>,
    /// The requests that were asked for and exist, with what the model has said to each.
    pub turns: Vec<TurnRecord>,
    /// How many responses of the sessions of these requests are unread.
    pub unread: HashMap<SessionId, u32>,
    /// The state of the inbox.
    pub status: InboxStatus,
}

impl Store {
    /// The news about the inbox and some requests. `pick` is given the requests that wait, and says which
    /// requests are asked for; it runs on a thread of the store.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn news<F>(&self, pick: F) -> Result<News>
    where
        F: FnOnce(&[RequestId]) -> Vec<RequestId> + Send + 'static,
    {
        self.read(move |db| {
            let waiting = waiting(db)?;
            let mut turns = Vec::new();
            let mut unread = HashMap::new();
            for id in pick(&waiting) {
                let request = match by_id(db, &id) {
                    Ok(request) => request,
                    Err(StoreError::UnknownRequest(_)) => continue,
                    Err(error) => return Err(error),
                };
                if !unread.contains_key(&request.session_id) {
                    let session = request.session_id.clone();
                    unread.insert(session, unread_of(db, &request.session_id)?);
                }
                turns.push(with_response(db, request)?);
            }
            Ok(News {
                waiting,
                turns,
                unread,
                status: status(db)?,
            })
        })
        .await
    }

    /// The requests whose response came since then and is unread, in the order in which they came.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn ready_since(&self, since: i64) -> Result<Vec<RequestId>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT id FROM requests WHERE unread = 1 AND finished_at >= ?1 ORDER BY finished_at, seq",
            )?;
            let ids = statement.query_map([since], |row| row.get(0).map(RequestId))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The requests that wait, in the order in which they would be claimed if all were free to run.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn waiting(&self) -> Result<Vec<RequestId>> {
        self.read(waiting).await
    }

    /// The state of the whole inbox.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn status(&self) -> Result<InboxStatus> {
        self.read(status).await
    }

    /// The name of the model that was selected for all windows.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn selected_model(&self) -> Result<Option<String>> {
        self.read(selected_model).await
    }

    /// Selects a model for all windows; `None` selects none.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn select_model(&self, name: Option<String>) -> Result<()> {
        self.write(move |db| {
            match name {
                Some(name) => db.execute(
                    "INSERT INTO settings (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    [SELECTED_MODEL, &name],
                )?,
                None => db.execute("DELETE FROM settings WHERE name = ?1", [SELECTED_MODEL])?,
            };
            Ok(())
        })
        .await
    }
}

fn waiting(db: &Connection) -> Result<Vec<RequestId>> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM requests WHERE state = 'queued' AND hold_reason IS NULL ORDER BY lane, seq",
    )?;
    let ids = statement.query_map([], |row| row.get(0).map(RequestId))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn unread_of(db: &Connection, session: &SessionId) -> Result<u32> {
    Ok(db
        .prepare_cached("SELECT unread FROM sessions WHERE id = ?1")?
        .query_row([&session.0], |row| row.get(0))?)
}

fn selected_model(db: &Connection) -> Result<Option<String>> {
    Ok(db
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([SELECTED_MODEL], |row| row.get(0))
        .optional()?)
}

fn status(db: &Connection) -> Result<InboxStatus> {
    let mut status = db
        .prepare_cached(
            "SELECT (SELECT count(*) FROM requests WHERE state = 'queued' AND hold_reason IS NULL),
                    (SELECT count(*) FROM requests WHERE state = 'running'),
                    (SELECT count(*) FROM requests WHERE state = 'queued' AND hold_reason IS NOT NULL),
                    (SELECT count(*) FROM requests WHERE unread = 1)",
        )?
        .query_row([], |row| {
            Ok(InboxStatus {
                queued: row.get(0)?,
                running: row.get(1)?,
                held: row.get(2)?,
                unread: row.get(3)?,
                ..InboxStatus::default()
            })
        })?;
    let mut statement = db.prepare_cached(
        "SELECT hold_reason, not_before FROM requests WHERE state = 'queued' AND hold_reason IS NOT NULL
         ORDER BY not_before LIMIT 1",
    )?;
    let mut holds = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    status.hold = holds.next().transpose()?;
    status.selected_model = selected_model(db)?;
    Ok(status)
}
