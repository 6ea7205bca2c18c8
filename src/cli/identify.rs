//! What the user means by an argument: a request, a session or a file.

use anyhow::{Context as _, bail};

use super::{inbox, location};
use crate::session::{RequestId, SessionId};
use crate::store::{SessionFilter, Store};

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

/// The request with this id, or the one whose id begins or ends so.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) async fn request(store: &Store, part: &str) -> anyhow::Result<RequestId> {
    if !may_be_id(part) {
        bail!(
            "{part:?} is no request's id: give the id that `backchat ask` or `backchat read --all` showed, or its last 8 characters"
        );
    }
    let ids = store.requests_named(part).await?;
    only(part, "requests", ids.iter().map(|id| id.0.as_str()))?;
    ids.into_iter().next().with_context(|| {
        format!("there is no request {part}: `backchat sessions` and `backchat read --all SESSION` show the ids")
    })
}

/// The request, the session or the session of the file that the argument names.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) async fn anything(store: &Store, argument: &str) -> anyhow::Result<Named> {
    if may_be_id(argument) {
        let requests = store.requests_named(argument).await?;
        let sessions = store.sessions_named(argument).await?;
        let ids = requests
            .iter()
            .map(|id| id.0.as_str())
            .chain(sessions.iter().map(|id| id.0.as_str()));
        only(argument, "requests or sessions", ids)?;
        if let Some(id) = requests.into_iter().next() {
            return Ok(Named::Request(id));
        }
        if let Some(id) = sessions.into_iter().next() {
            return Ok(Named::Session(id));
        }
    }
    let uri = location::uri(argument.as_ref())?;
    let filter = SessionFilter {
        uri: Some(uri),
        ..SessionFilter::default()
    };
    let page = store.sessions(filter).await?;
    match page.sessions.into_iter().next() {
        Some(session) => Ok(Named::Session(session.id)),
        None => bail!(
            "nothing was asked about {argument}, and no request or session has this id: `backchat sessions` lists what there is"
        ),
    }
}

fn may_be_id(part: &str) -> bool {
    part.len() >= FEWEST && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn only<'a>(part: &str, of: &str, ids: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let ids: Vec<&str> = ids.map(inbox::short).collect();
    if ids.len() > 1 {
        bail!(
            "{part} fits several {of}, among them {}: give more of the id",
            ids.join(", ")
        );
    }
    Ok(())
}
