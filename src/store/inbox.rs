//! The inbox: sessions, the requests of a buffer, anchors.

use rusqlite::{Row, ToSql};

use super::record::{REQUEST_COLUMNS, RequestRecord, SessionRecord, StoredAnchor, state_from};
use super::transcript::{TurnRecord, with_response};
use super::{Result, Store, StoreError};
use crate::session::{RequestId, SessionId};

/// Which sessions to list.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Only this one.
    pub id: Option<SessionId>,
    /// Only the session of this buffer.
    pub uri: Option<String>,
    /// Only sessions with an unread response.
    pub unread_only: bool,
    /// Only sessions whose title or buffer contains this text.
    pub query: Option<String>,
    /// At most so many; `None` for all.
    pub limit: Option<u32>,
    /// Skip so many.
    pub offset: u32,
}

/// A page of sessions.
#[derive(Clone, Debug)]
pub struct SessionPage {
    /// Unread first, then busy, then by their last change.
    pub sessions: Vec<SessionRecord>,
    /// How many match on all pages.
    pub total: u32,
}

const SESSION_COLUMNS: &str = "s.id, s.uri, s.title, s.created_at, s.updated_at,
    s.unread, s.requests,
    (SELECT count(*) FROM requests r WHERE r.session_id = s.id AND r.state = 'queued') AS queued,
    (SELECT count(*) FROM requests r WHERE r.session_id = s.id AND r.state = 'running') AS running,
    (SELECT count(*) FROM requests r WHERE r.session_id = s.id AND r.state = 'queued' AND r.hold_reason IS NOT NULL)
        AS held,
    (SELECT count(*) FROM requests r WHERE r.session_id = s.id AND r.state = 'failed' AND r.dismissed = 0) AS failed,
    (SELECT CASE WHEN r.state = 'queued' AND r.hold_reason IS NOT NULL THEN 'held' ELSE r.state END
     FROM requests r WHERE r.session_id = s.id ORDER BY r.seq DESC LIMIT 1) AS state";

fn session_from(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        id: SessionId(row.get(0)?),
        uri: row.get(1)?,
        title: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        unread: row.get(5)?,
        requests: row.get(6)?,
        queued: row.get(7)?,
        running: row.get(8)?,
        held: row.get(9)?,
        failed: row.get(10)?,
        state: state_from(row, 11)?,
    })
}

impl Store {
    /// The sessions that match.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn sessions(&self, filter: SessionFilter) -> Result<SessionPage> {
        self.read(move |db| {
            let id = filter.id.map(|id| id.0);
            let query = filter.query.as_deref().map(like_pattern);
            let limit = filter.limit.map_or(-1, i64::from);
            let mut params: Vec<(&str, &dyn ToSql)> = Vec::new();
            // A condition that is not asked for is left out, so that what remains is in the index.
            let mut conditions = Vec::new();
            if let Some(id) = &id {
                conditions.push("s.id = :id");
                params.push((":id", id));
            }
            if let Some(uri) = &filter.uri {
                conditions.push("s.uri = :uri");
                params.push((":uri", uri));
            }
            if let Some(query) = &query {
                conditions
                    .push("(s.title LIKE :query ESCAPE '\\' OR s.uri LIKE :query ESCAPE '\\')");
                params.push((":query", query));
            }
            if filter.unread_only {
                conditions.push("s.unread > 0");
            }
            let matching = match conditions.as_slice() {
                [] => String::new(),
                conditions => format!("WHERE {}", conditions.join(" AND ")),
            };
            let total = db
                .prepare_cached(&format!("SELECT count(*) FROM sessions s {matching}"))?
                .query_row(params.as_slice(), |row| row.get(0))?;
            params.push((":limit", &limit));
            params.push((":offset", &filter.offset));
            let mut statement = db.prepare_cached(&page_of_sessions(&matching))?;
            let sessions = statement.query_map(params.as_slice(), session_from)?;
            Ok(SessionPage {
                sessions: sessions.collect::<rusqlite::Result<_>>()?,
                total,
            })
        })
        .await
    }

    /// One session.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSession`] when there is none of this id.
    pub async fn session(&self, id: &SessionId) -> Result<SessionRecord> {
        let id = id.clone();
        self.read(move |db| {
            db.prepare_cached(&format!(
                "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = ?1"
            ))?
            .query_row([&id.0], session_from)
            .map_err(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => StoreError::UnknownSession(id.0.clone()),
                error => error.into(),
            })
        })
        .await
    }

    /// The requests of a buffer that were not dismissed, in the order of acceptance, each with what
    /// the model has said.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn requests_of(&self, uri: &str) -> Result<Vec<TurnRecord>> {
        let uri = uri.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {REQUEST_COLUMNS} FROM requests r JOIN sessions s ON s.id = r.session_id
                 WHERE s.uri = ?1 AND r.dismissed = 0 ORDER BY r.seq"
            ))?;
            let requests = statement.query_map([&uri], RequestRecord::from_row)?;
            requests
                .map(|request| with_response(db, request?))
                .collect()
        })
        .await
    }

    /// The anchors of a buffer's requests that were not dismissed.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn anchors_of(&self, uri: &str) -> Result<Vec<(RequestId, StoredAnchor)>> {
        let uri = uri.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT r.id, r.anchor FROM requests r JOIN sessions s ON s.id = r.session_id
                 WHERE s.uri = ?1 AND r.dismissed = 0 ORDER BY r.seq",
            )?;
            let mut rows = statement.query([&uri])?;
            let mut anchors = Vec::new();
            while let Some(row) = rows.next()? {
                anchors.push((
                    RequestId(row.get(0)?),
                    serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())?,
                ));
            }
            Ok(anchors)
        })
        .await
    }

    /// Notes where anchors are now. No event: the windows that have the buffer open know.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn save_anchors(&self, anchors: Vec<(RequestId, StoredAnchor)>) -> Result<()> {
        self.write_relaxed(move |db| {
            let mut statement =
                db.prepare_cached("UPDATE requests SET anchor = ?2 WHERE id = ?1")?;
            for (id, anchor) in anchors {
                statement.execute([&id.0, &serde_json::to_string(&anchor)?])?;
            }
            Ok(())
        })
        .await
    }
}

/// The query for a page of the sessions that match: unread first, then busy, then by their last change.
pub(super) fn page_of_sessions(matching: &str) -> String {
    format!(
        "SELECT {SESSION_COLUMNS} FROM sessions s {matching}
         ORDER BY s.unread > 0 DESC, s.busy > 0 DESC, s.updated_at DESC, s.id DESC
         LIMIT :limit OFFSET :offset"
    )
}

/// A `LIKE` pattern for "contains", with the pattern's own signs taken literally.
fn like_pattern(query: &str) -> String {
    let escaped = query
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}
