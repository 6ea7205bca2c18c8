//! Finding a request or a session by a part of its id, as people type it.

use super::{Result, Store};
use crate::session::{RequestId, SessionId};

/// More than one is ambiguous already; a few can be named.
const MOST: u32 = 5;

/// How many characters of an id people are shown: its last ones, as ids of one minute begin alike.
pub const SHORT_ID: usize = 8;

impl Store {
    /// The requests whose id is meant by `part`, five at most: it is the id or the short one, begins the short one,
    /// or begins or ends the id. Where something fits better than the rest, the rest is not meant.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn requests_named(&self, part: &str) -> Result<Vec<RequestId>> {
        let ids = self.named("SELECT id FROM requests", part).await?;
        Ok(ids.into_iter().map(RequestId).collect())
    }

    /// The sessions whose id is meant by `part`, five at most: it is the id or the short one, begins the short one,
    /// or begins or ends the id. Where something fits better than the rest, the rest is not meant.
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
                "SELECT id, CASE
                     WHEN id = ?1 OR substr(id, -{SHORT_ID}) = ?1 THEN 0
                     WHEN substr(id, -{SHORT_ID}, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1 THEN 1
                     WHEN substr(id, 1, length(?1)) = ?1 THEN 2
                 END AS fit
                 FROM ({of}) WHERE fit IS NOT NULL ORDER BY fit, id LIMIT {MOST}"
            ))?;
            let ids = statement.query_map([part], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let ids = ids.collect::<rusqlite::Result<Vec<(String, u32)>>>()?;
            let best = ids.first().map(|(_, fit)| *fit);
            Ok(ids
                .into_iter()
                .filter(|(_, fit)| Some(*fit) == best)
                .map(|(id, _)| id)
                .collect())
        })
        .await
    }
}
