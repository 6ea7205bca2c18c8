//! What happened, in order: how windows and worker hear of each other.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::connection::{Seen, Watch};
use super::{Result, Store, StoreError};
use crate::session::{RequestId, SessionId};

/// How long an event is kept for those who follow: far longer than anyone's poll, and who was away
/// for longer (a sleeping laptop) is told to look at everything anew.
const KEPT_MS: i64 = 60 * 60 * 1000;

/// How long the chunks of an ended attempt are kept for those who follow. Their text is in the
/// attempt as well.
const CHUNKS_KEPT_MS: i64 = 60 * 1000;

/// How many chunks one look brings, which bounds its memory; the rest comes with the next.
const CHUNKS: usize = 1000;

/// What kind of change an [`Event`] tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A request was accepted, or queued again by the user.
    Submitted,
    /// An attempt began.
    Claimed,
    /// An attempt ended in a fault, or its worker died; the request waits again.
    Requeued,
    /// The whole response is stored, unread.
    Done,
    /// It ended in an error.
    Failed,
    /// The user ended it.
    Cancelled,
    /// Its response was shown.
    Read,
    /// It was taken out of the margin.
    Dismissed,
    /// Its buffer has another name.
    Renamed,
}

impl EventKind {
    const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Claimed,
        Self::Requeued,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Read,
        Self::Dismissed,
        Self::Renamed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Claimed => "claimed",
            Self::Requeued => "requeued",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Read => "read",
            Self::Dismissed => "dismissed",
            Self::Renamed => "renamed",
        }
    }
}

/// One change of one request.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in the order.
    pub seq: i64,
    /// What happened. `None` for a kind that a newer program wrote.
    pub kind: Option<EventKind>,
    /// To which request.
    pub request_id: RequestId,
    /// Of which session.
    pub session_id: SessionId,
}

/// A piece of streamed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkRecord {
    /// Its place in the order of all chunks.
    pub id: i64,
    /// Of which request.
    pub request_id: RequestId,
    /// Of which attempt.
    pub attempt: u32,
    /// Its place in the attempt, from 0.
    pub seq: u32,
    /// The text; may be empty when only reasoning came.
    pub text: String,
}

/// What came since the last look.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// In order.
    pub events: Vec<Event>,
    /// In order.
    pub chunks: Vec<ChunkRecord>,
    /// Some events between were cleaned away: look at everything anew.
    pub missed: bool,
    /// There is more: look again at once.
    pub more: bool,
    /// Where to go on: the last event.
    pub last_event: i64,
    /// Where to go on: the last chunk.
    pub last_chunk: i64,
}

impl Followed {
    /// Nothing yet, after these.
    fn from(last_event: i64, last_chunk: i64) -> Self {
        Self {
            last_event,
            last_chunk,
            ..Self::default()
        }
    }

    fn read_events(&mut self, db: &Connection) -> Result<()> {
        let mut statement = db.prepare_cached(
            "SELECT seq, kind, request_id, session_id FROM events WHERE seq > ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query([self.last_event])?;
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            let name = row.get_ref(1)?.as_str().unwrap_or_default().to_owned();
            // The sequence has no gaps but those that the clean-up made.
            self.missed |= self.events.is_empty() && seq > self.last_event + 1;
            self.last_event = seq;
            self.events.push(Event {
                seq,
                kind: EventKind::ALL.into_iter().find(|kind| kind.name() == name),
                request_id: RequestId(row.get(2)?),
                session_id: SessionId(row.get(3)?),
            });
        }
        Ok(())
    }
}

impl Store {
    /// Tells of everything that happens after this call, in this process or another, in order and without
    /// waiting: `tell` runs on a thread of the store, and says whether anyone still cares.
    ///
    /// Changes of this process are told when they are committed, those of others when they are found: they
    /// are looked for `every` so often. A store has one such watch; a new one replaces it. Gives back the last
    /// event that it does not tell.
    ///
    /// # Errors
    ///
    /// When the database cannot be read. Later such failures are logged, and it is tried again.
    pub async fn watch<F>(&self, every: Duration, mut tell: F) -> Result<i64>
    where
        F: FnMut(Followed) -> bool + Send + 'static,
    {
        let (begin, mut last_chunk) = self.read(now_at).await?;
        let mut last_event = begin;
        let mut version = None;
        let look = move |db: &Connection, is_told: bool| {
            let looked = (|| {
                let now = data_version(db)?;
                if !is_told && version == Some(now) {
                    return Ok(None);
                }
                version = Some(now);
                let moment = db.unchecked_transaction()?;
                follow(&moment, last_event, last_chunk).map(Some)
            })();
            let followed: Followed = match looked {
                Ok(Some(followed)) => followed,
                Ok(None) => return Seen::All,
                Err(error) => {
                    // The next look is to try again, whatever the version is by then.
                    version = None;
                    let error: StoreError = error;
                    tracing::warn!(%error, "the store could not be followed");
                    return Seen::All;
                }
            };
            (last_event, last_chunk) = (followed.last_event, followed.last_chunk);
            let more = followed.more;
            let is_news =
                followed.missed || !followed.events.is_empty() || !followed.chunks.is_empty();
            if is_news && !tell(followed) {
                Seen::Enough
            } else if more {
                Seen::Some
            } else {
                Seen::All
            }
        };
        self.inner.reader.watch(Watch {
            every,
            look: Box::new(look),
        })?;
        Ok(begin)
    }

    /// The events after this one, without chunks: for who has lost some that a watch has told.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn events_after(&self, last_event: i64) -> Result<Followed> {
        let read = move |db: &Connection| {
            let mut followed = Followed::from(last_event, 0);
            followed.read_events(db)?;
            Ok(followed)
        };
        self.read(read).await
    }

    /// Where someone begins who wants to hear only what is yet to come.
    #[cfg(test)]
    pub(crate) async fn now_at(&self) -> Result<(i64, i64)> {
        self.read(now_at).await
    }

    /// The events and chunks after the given ones.
    #[cfg(test)]
    pub(crate) async fn follow(&self, last_event: i64, last_chunk: i64) -> Result<Followed> {
        self.read(move |db| follow(db, last_event, last_chunk))
            .await
    }
}

/// A counter that is different after any other connection, of this process or another, has committed a change.
///
/// Source: <https://www.sqlite.org/pragma.html#pragma_data_version>
fn data_version(db: &Connection) -> Result<i64> {
    Ok(db
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?)
}

/// The last event and the last chunk so far.
pub(super) fn now_at(db: &Connection) -> Result<(i64, i64)> {
    Ok(db.query_row(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// The events and chunks after the given ones.
fn follow(db: &Connection, last_event: i64, last_chunk: i64) -> Result<Followed> {
    let mut followed = Followed::from(last_event, last_chunk);
    followed.read_events(db)?;
    let mut statement = db.prepare_cached(
        "SELECT id, request_id, attempt, seq, text FROM chunks WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query((last_chunk, CHUNKS))?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        followed.last_chunk = id;
        followed.chunks.push(ChunkRecord {
            id,
            request_id: RequestId(row.get(1)?),
            attempt: row.get(2)?,
            seq: row.get(3)?,
            text: row.get(4)?,
        });
    }
    followed.more = followed.chunks.len() == CHUNKS;
    Ok(followed)
}

/// Writes an event down, in the transaction of the change that it tells of.
pub(super) fn record(
    db: &Connection,
    now: i64,
    kind: EventKind,
    request: &RequestId,
    session: &SessionId,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO events (at, kind, request_id, session_id) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![now, kind.name(), request.0, session.0])?;
    db.prepare_cached("UPDATE sessions SET updated_at = ?2 WHERE id = ?1")?
        .execute(params![session.0, now])?;
    Ok(())
}

/// Removes events and chunks that everyone has had the time to see.
pub(super) fn clean(db: &Connection, now: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM events WHERE at < ?1")?
        .execute([now - KEPT_MS])?;
    db.prepare_cached(
        "DELETE FROM chunks WHERE EXISTS (SELECT 1 FROM attempts a
         WHERE a.request_id = chunks.request_id AND a.number = chunks.attempt AND a.ended_at < ?1)",
    )?
    .execute([now - CHUNKS_KEPT_MS])?;
    Ok(())
}
