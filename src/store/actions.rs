//! What the user does to a request: take its response, cancel, retry, dismiss.

use rusqlite::{Connection, params};

use super::events::{self, EventKind};
use super::queue::end_request;
use super::record::{RequestRecord, UsageRecord};
use super::submit::by_id;
use super::transcript::{self, TurnRecord, with_response};
use super::{Result, Store, StoreError};
use crate::session::{RequestId, SessionId, State};

impl Store {
    /// Hands over the unread responses of a session, which are read from here on. Of two callers at
    /// the same moment, one gets each response.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSession`] when there is none of this id.
    pub async fn take_session(&self, session: &SessionId, now: i64) -> Result<Vec<TurnRecord>> {
        let session = session.clone();
        self.write(move |db| {
            let known: bool = db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?1)")?
                .query_row([&session.0], |row| row.get(0))?;
            if !known {
                return Err(StoreError::UnknownSession(session.0.clone()));
            }
            let mut statement = db.prepare_cached(
                "SELECT id FROM requests WHERE session_id = ?1 AND unread = 1 ORDER BY seq",
            )?;
            let ids = statement.query_map([&session.0], |row| row.get(0).map(RequestId))?;
            let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
            ids.iter()
                .map(|id| {
                    mark_read(db, id, now)?;
                    with_response(db, by_id(db, id)?)
                })
                .collect()
        })
        .await
    }

    /// Hands over the response of a request if it is unread; it is read from here on.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRequest`] when there is none of this id.
    pub async fn take_request(&self, id: &RequestId, now: i64) -> Result<Option<TurnRecord>> {
        let id = id.clone();
        self.write(move |db| {
            if !by_id(db, &id)?.unread {
                return Ok(None);
            }
            mark_read(db, &id, now)?;
            with_response(db, by_id(db, &id)?).map(Some)
        })
        .await
    }

    /// Ends a request that waits or runs; its text is kept. A finished one stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRequest`] when there is none of this id.
    pub async fn cancel(&self, id: &RequestId, now: i64) -> Result<RequestRecord> {
        let id = id.clone();
        self.write(move |db| {
            let request = by_id(db, &id)?;
            if request.state.is_final() {
                return Ok(request);
            }
            transcript::end_attempt(db, &id, "cancelled", None, UsageRecord::default(), now)?;
            end_request(db, &id, State::Cancelled, None, now)?;
            events::record(db, now, EventKind::Cancelled, &id, &request.session_id)?;
            by_id(db, &id)
        })
        .await
    }

    /// Queues a failed or cancelled request again, at once and with a clean record; a held one stops
    /// waiting, and is held again when it was for a secret that is still there. One that is queued or running stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongState`] for one that is done: an answer is never thrown away.
    pub async fn retry(&self, id: &RequestId, now: i64) -> Result<RequestRecord> {
        let (id, owner) = (id.clone(), self.owner().0.clone());
        self.write(move |db| {
            let request = by_id(db, &id)?;
            match request.state {
                State::Queued | State::Running => return Ok(request),
                State::Done => {
                    return Err(StoreError::WrongState {
                        id: id.0,
                        state: request.state.name(),
                        why: "its answer is stored; submit the prompt again to ask once more",
                    });
                }
                State::Failed | State::Cancelled | State::Held => {}
            }
            if request.state == State::Held && request.secrets.is_empty() {
                // The endpoint may be asked again at once; who else waits for it keeps its time.
                db.prepare_cached("DELETE FROM endpoints WHERE endpoint = ?1")?
                    .execute([&request.endpoint])?;
            }
            db.prepare_cached(
                "UPDATE requests SET state = 'queued', not_before = 0, hold_reason = NULL, secrets = NULL, faults = 0,
                     failure = NULL, finished_at = NULL, dismissed = 0, submitter = ?2
                 WHERE id = ?1",
            )?
            .execute(params![id.0, owner])?;
            events::record(db, now, EventKind::Submitted, &id, &request.session_id)?;
            by_id(db, &id)
        })
        .await
    }

    /// Takes a finished request out of the margin; it counts as read and stays in the session.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongState`] for one that is not finished.
    pub async fn dismiss(&self, id: &RequestId, now: i64) -> Result<RequestRecord> {
        let id = id.clone();
        self.write(move |db| {
            let request = by_id(db, &id)?;
            if !request.state.is_final() {
                return Err(StoreError::WrongState {
                    id: id.0,
                    state: request.state.name(),
                    why: "cancel it before it is dismissed",
                });
            }
            db.prepare_cached("UPDATE requests SET dismissed = 1, unread = 0 WHERE id = ?1")?
                .execute([&id.0])?;
            events::record(db, now, EventKind::Dismissed, &id, &request.session_id)?;
            by_id(db, &id)
        })
        .await
    }
}

fn mark_read(db: &Connection, id: &RequestId, now: i64) -> Result<()> {
    db.prepare_cached("UPDATE requests SET unread = 0 WHERE id = ?1")?
        .execute([&id.0])?;
    let session = by_id(db, id)?.session_id;
    events::record(db, now, EventKind::Read, id, &session)
}
