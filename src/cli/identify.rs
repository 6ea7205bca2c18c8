//! What the user means by an argument: a request, a session or a file.

use anyhow::bail;

use super::inbox::{self, short};
use super::location::{self, Location};
use super::visible;
use crate::buffer_name;
use crate::session::{Intent, RequestId, SessionId, State};
use crate::store::{SessionFilter, SessionRecord, Store, TurnRecord};

/// Fewer characters of an id are too few to mean one.
const FEWEST: usize = 4;

/// What was meant.
#[derive(Debug)]
pub(super) enum Named {
    /// One prompt.
    Request(RequestId),
    /// The conversation of a buffer.
    Session(SessionId),
}

/// The request with this id, or the one that is meant by a part of it.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) async fn request(store: &Store, argument: &str) -> anyhow::Result<RequestId> {
    let Some(part) = part_of_an_id(argument) else {
        bail!(
            "{argument:?} is no request's id: give the id that `backchat ask` or `backchat read --all` showed, or its last 8 characters"
        );
    };
    match &*store.requests_named(part).await? {
        [id] => Ok(id.clone()),
        [] if store.sessions_named(part).await?.is_empty() => bail!(
            "there is no request {part}: `backchat sessions` and `backchat read --all SESSION` show the ids"
        ),
        [] => bail!(
            "{part} is a session, and this is done to one request: `backchat read --all {part}` shows the ids of its requests"
        ),
        several => Err(ambiguous(store, part, several, &[]).await?),
    }
}

/// The request for a change that is meant: by its id, else the latest one of the session or the file that is named.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) async fn change(store: &Store, argument: &str) -> anyhow::Result<RequestId> {
    let session = match anything(store, argument).await? {
        Named::Request(id) => return Ok(id),
        Named::Session(session) => session,
    };
    let turns = store.transcript(&session).await?;
    let is_change = |turn: &&TurnRecord| {
        turn.request.intent == Intent::Edit && turn.request.state == State::Done
    };
    match turns.iter().rev().find(is_change) {
        Some(turn) => Ok(turn.request.id.clone()),
        None => bail!(
            "no change was proposed in {argument}: `backchat ask --edit FILE PROMPT` asks for one"
        ),
    }
}

/// The request, the session or the session of the file that the argument names.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) async fn anything(store: &Store, argument: &str) -> anyhow::Result<Named> {
    if let Some(part) = part_of_an_id(argument) {
        let requests = store.requests_named(part).await?;
        let sessions = store.sessions_named(part).await?;
        match (&*requests, &*sessions) {
            ([id], []) => return Ok(Named::Request(id.clone())),
            ([], [id]) => return Ok(Named::Session(id.clone())),
            ([], []) => {}
            (requests, sessions) => return Err(ambiguous(store, part, requests, sessions).await?),
        }
    }
    // `src/main.rs:3-7`, as places are shown, is the file.
    let location = Location::parse(argument, |path| path.exists());
    let path = location.map_or_else(|_| argument.into(), |location| location.path);
    let filter = SessionFilter {
        uri: Some(location::uri(&path)?),
        ..SessionFilter::default()
    };
    if let Some(session) = store.sessions(filter).await?.sessions.into_iter().next() {
        return Ok(Named::Session(session.id));
    }
    // The end of a path, as editors show it.
    let end = path.to_string_lossy();
    let filter = SessionFilter {
        query: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
        ..SessionFilter::default()
    };
    let mut sessions = store.sessions(filter).await?.sessions;
    sessions.retain(|session| {
        buffer_name::path(&session.uri).is_some_and(|whole| whole.ends_with(&*end))
            || buffer_name::short(&session.uri) == end
    });
    match &*sessions {
        [session] => Ok(Named::Session(session.id.clone())),
        [] => bail!(
            "nothing was asked about {argument}, and no request or session has this id: `backchat sessions` lists what there is"
        ),
        several => {
            let lines: Vec<String> = several.iter().map(session_line).collect();
            bail!(
                "{argument} fits several files; give the whole path, or the session's id:\n{}",
                lines.join("\n")
            )
        }
    }
}

/// The argument as a part of an id, if it may be one. Where a terminal has cut an id, `…` stands at its end.
fn part_of_an_id(argument: &str) -> Option<&str> {
    let part = argument.trim_end_matches('…');
    let is_of_an_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    (part.len() >= FEWEST && part.chars().all(is_of_an_id)).then_some(part)
}

/// Says what a part of an id may mean, a line each.
async fn ambiguous(
    store: &Store,
    part: &str,
    requests: &[RequestId],
    sessions: &[SessionId],
) -> anyhow::Result<anyhow::Error> {
    let mut lines = Vec::new();
    for turn in store.turns(requests.to_vec()).await? {
        let info = inbox::request_of(&turn);
        let prompt = visible::line(info.prompt.trim());
        let prompt: String = prompt.chars().take(40).collect();
        lines.push(format!(
            "  {}  request  {}  {prompt}",
            short(&info.id.0),
            inbox::place(&info)
        ));
    }
    for session in sessions {
        lines.push(session_line(&store.session(session).await?));
    }
    let of = match (requests, sessions) {
        (_, []) => "requests",
        ([], _) => "sessions",
        _ => "requests or sessions",
    };
    Ok(anyhow::anyhow!(
        "{part} fits several {of}; give more of the id:\n{}",
        lines.join("\n")
    ))
}

fn session_line(session: &SessionRecord) -> String {
    format!(
        "  {}  session  {}",
        short(&session.id.0),
        inbox::name(&session.uri)
    )
}
