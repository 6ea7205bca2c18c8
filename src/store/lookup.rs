//! Finding a request or a session by a part of its id, as people type it.

use super::{Result, Store};
use crate::session::{RequestId, SessionId};

/// More than one is ambiguous already; a few can be named.
const MOST: u32 = 5;

impl Store {
    /// The requests whose id begins or ends with `part`, five at most.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn requests_named(&self, part: &str) -> Result<Vec<RequestId>> {
        let ids = self.named("SELECT id FROM requests", part).await?;
        Ok(ids.into_iter().map(RequestId).collect())
    }

    /// The sessions whose id begins or ends with `part`, five at most.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn sessions_named(&self, part: &str) -> Result<Vec<SessionId>> {
        let ids = self.named("SELECT id FROM sessions", part).await?;
        Ok(ids.into_iter().map(SessionId).collect())
    }

    async fn named(&self, of: &'static str, part: &str) -> Result<Vec<String>> {
        let part = part.to_lowercase();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "{of} WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1
                 ORDER BY id LIMIT {MOST}"
            ))?;
            let ids = statement.query_map([part], |row| row.get(0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}
