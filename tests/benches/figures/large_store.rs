//! A store of years: 100,000 requests in 10,000 sessions, beside an empty one.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::Setting;
use crate::client::Client;
use crate::figure::{Figure, Figures};
use crate::model::Answer;
use crate::samples::Summary;
use crate::server::Server;
use crate::source::{code, uri};

const SESSIONS: usize = 10_000;
const REQUESTS: usize = 100_000;
/// The session that is looked at has as many requests in both stores.
const IN_SESSION: usize = REQUESTS / SESSIONS;

pub fn measure(setting: &Setting, figures: &mut Figures) {
    setting.model.answer(Answer::after(Duration::ZERO));
    let empty = setting
        .ours
        .with_folder(setting.folder.path().join("empty"));
    let full = setting.ours.with_folder(setting.folder.path().join("full"));
    for server in [&empty, &full] {
        server.configure(&setting.model.base_url);
        // Both have the sessions that are measured; one has everything else beside them.
        let mut client = server.start(&setting.model.base_url);
        for _ in 0..IN_SESSION {
            ask(setting, server, &mut client, 0);
        }
    }
    fill(&setting.folder.path().join("full/state/backchat.db"));

    let mut rows: Vec<Row> = Vec::new();
    for (which, server) in [&empty, &full].into_iter().enumerate() {
        let mut client = server.start(&setting.model.base_url);
        client.open(&uri(0), &code(60));
        for (i, (id, what, samples)) in operations(setting, server, &mut client)
            .into_iter()
            .enumerate()
        {
            let summary = Summary::milliseconds(samples);
            match which {
                0 => rows.push(Row {
                    id,
                    what,
                    empty: summary,
                    full: summary,
                }),
                _ => rows[i].full = summary,
            }
        }
    }
    for row in rows {
        let met = row.full.median <= row.empty.median * 1.5;
        figures.add(
            Figure::new(
                row.id,
                format!("{}, 100,000 requests stored", row.what),
                "ms",
                row.full,
            )
            .beside("empty store", row.empty)
            .target("≤ 1.5×", met),
        );
    }
}

struct Row {
    id: &'static str,
    what: &'static str,
    empty: Summary,
    full: Summary,
}

type Operation = (&'static str, &'static str, Vec<Duration>);

fn operations(setting: &Setting, server: &Server, client: &mut Client) -> Vec<Operation> {
    let times = setting.samples(60);
    let (mut submits, mut claims, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..times {
        // Each with a text of its own: what a hundred thousand other questions were about is not this one's.
        client.open(&uri(50_000 + i), &format!("// {i}\n{}", code(60)));
        std::thread::sleep(Duration::from_millis(10));
        let (submitted, claimed, ended) = ask(setting, server, client, 50_000 + i);
        submits.push(submitted);
        claims.push(claimed);
        ends.push(ended);
    }
    let page = json!({"limit": 50});
    let of_buffer = json!({"textDocument": {"uri": uri(0)}});
    vec![
        ("store-submit", "submit", submits),
        ("store-claim", "submit → claimed, on the wire", claims),
        ("store-end", "last byte → `responseReady`", ends),
        (
            "store-sessions",
            "a page of sessions",
            repeat(client, times, "backchat/sessions", &page),
        ),
        (
            "store-requests",
            "the requests of a buffer",
            repeat(client, times, "backchat/requests", &of_buffer),
        ),
        (
            "store-status",
            "the counts of the inbox",
            repeat(client, times, "backchat/status", &json!(null)),
        ),
    ]
}

fn repeat(client: &mut Client, times: usize, method: &str, params: &Value) -> Vec<Duration> {
    client.request(method, params);
    (0..times)
        .map(|_| client.request(method, params).1)
        .collect()
}

/// Asks about a document: until the submit is acknowledged, until it is on the wire, and from the last
/// byte of the answer until that is told.
fn ask(
    setting: &Setting,
    server: &Server,
    client: &mut Client,
    document: usize,
) -> (Duration, Duration, Duration) {
    if document == 0 {
        client.open(&uri(0), &code(60));
    }
    let (method, params) = server.ask(&uri(document));
    let (id, sent) = client.send(method, &params);
    let acknowledged = client.answer(id);
    let asked = setting.model.asked(sent);
    let through = setting.model.through(asked);
    let told = client.wait_for("backchat/responseReady").at;
    (
        acknowledged.at - sent,
        asked - sent,
        told.saturating_duration_since(through),
    )
}

/// Multiplies the one session of the store into thousands.
///
/// By copying rows with whatever columns they have, so that the benchmark need not know the schema: only
/// what makes a row unique is made anew.
fn fill(path: &Path) {
    let begun = Instant::now();
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})",
        SESSIONS - 1
    );
    copy(
        &db,
        &numbers,
        "sessions",
        &[
            ("id", "id || '-' || i"),
            ("uri", "uri || '.' || i"),
            ("updated_at", "updated_at - i"),
            // Counted as the requests are copied.
            ("requests", "0"),
            ("unread", "0"),
            ("busy", "0"),
        ],
    );
    copy(
        &db,
        &numbers,
        "requests",
        &[
            ("seq", "NULL"),
            ("id", "id || '-' || i"),
            ("session_id", "session_id || '-' || i"),
            ("idempotency_key", "NULL"),
            // Most of what is old was read.
            ("unread", "i % 100 = 0"),
        ],
    );
    copy(
        &db,
        &numbers,
        "attempts",
        &[("request_id", "request_id || '-' || i")],
    );
    copy(
        &db,
        &numbers,
        "events",
        &[
            ("seq", "NULL"),
            ("request_id", "request_id || '-' || i"),
            ("session_id", "session_id || '-' || i"),
        ],
    );
    db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let stored: usize = db
        .query_row("SELECT count(*) FROM requests", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, REQUESTS, "the store was not filled");
    assert!(
        begun.elapsed() < Duration::from_secs(600),
        "filling the store never ends"
    );
}

fn copy(db: &Connection, numbers: &str, table: &str, new: &[(&str, &str)]) {
    let mut statement = db
        .prepare("SELECT name FROM pragma_table_info(?1)")
        .unwrap();
    let columns: Vec<String> = statement
        .query_map([table], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let values: Vec<&str> = columns
        .iter()
        .map(|column| {
            new.iter()
                .find(|(name, _)| name == column)
                .map_or(column.as_str(), |(_, value)| value)
        })
        .collect();
    let (names, values) = (columns.join(", "), values.join(", "));
    db.execute(
        &format!("INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM {table}, n"),
        [],
    )
    .unwrap();
}
