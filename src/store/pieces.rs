//! Streamed text, piece by piece: appended and never rewritten.

use rusqlite::{Connection, params};

use super::queue::fence;
use super::{Result, Store, StoreError};
use crate::session::RequestId;

/// A piece of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What the model says.
    pub text: String,
    /// What it thinks.
    pub reasoning: String,
    /// Of a response that can be taken up again: how that goes before this piece, and how behind it.
    pub resume: Option<(String, String)>,
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

impl Store {
    /// Adds a piece to a running attempt, behind all others. With [`Piece::resume`] the attempt is taken up
    /// again behind it from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this attempt's any more, or when this piece is stored
    /// already: the attempt was taken up again by someone else meanwhile.
    pub async fn append(&self, id: &RequestId, attempt: u32, piece: Piece) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write_relaxed(move |db| {
            fence(db, &owner, &id, attempt)?;
            add(db, &id, attempt, &piece)
        })
        .await
    }
}

/// Adds a piece to an attempt, behind all others.
pub(super) fn add(db: &Connection, id: &RequestId, attempt: u32, piece: &Piece) -> Result<()> {
    if let Some((from, to)) = &piece.resume {
        // An attempt that runs twice has the same number both times, so that alone lets both through.
        let moved = db
            .prepare_cached(
                "UPDATE attempts SET resume = ?4 WHERE request_id = ?1 AND number = ?2 AND resume = ?3",
            )?
            .execute(params![id.0, attempt, from, to])?;
        if moved == 0 {
            return Err(StoreError::Fenced(id.0.clone()));
        }
    }
    let seq: u32 = db
        .prepare_cached(
            "UPDATE attempts SET chunk_count = chunk_count + 1 WHERE request_id = ?1 AND number = ?2
             RETURNING chunk_count - 1",
        )?
        .query_row(params![id.0, attempt], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO chunks (request_id, attempt, seq, text, reasoning) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id.0, attempt, seq, piece.text, piece.reasoning])?;
    Ok(())
}
