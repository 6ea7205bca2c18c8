//! What one durable commit costs on this disk: nothing that is durable can be faster.

use std::path::Path;
use std::time::{Duration, Instant};

/// Commits a row of the size of a prompt, so many times, with the settings of the store.
pub fn commits(folder: &Path, times: usize) -> Vec<Duration> {
    let path = folder.join("commits.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE commits (id INTEGER PRIMARY KEY, text TEXT NOT NULL);",
    )
    .unwrap();
    let text = "x".repeat(2_000);
    let commit = || {
        let begun = Instant::now();
        db.execute("INSERT INTO commits (text) VALUES (?1)", [&text])
            .unwrap();
        let took = begun.elapsed();
        // As far apart as submits are, so that neither disk nor processor is still awake from the last.
        std::thread::sleep(Duration::from_millis(10));
        took
    };
    (0..times).map(|_| commit()).collect()
}
