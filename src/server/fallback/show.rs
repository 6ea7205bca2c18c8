//! Showing a text in the editor: as a document when the client can open one, else as a message.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use tower_lsp::ls_types::{MessageType, ShowDocumentParams, Uri};

use super::super::Server;
use super::{PATIENCE, harmless, one_line};
use crate::buffer_name;
use crate::session::State;
use crate::store::{SessionRecord, Store, TurnRecord};
use crate::view;
use crate::visible;

/// How much of a text fits into a message.
const MESSAGE_CHARS: usize = 2000;

/// Writes `text` into a file of the state directory and asks the client to open it. Gives back whether the
/// text was shown.
pub(super) async fn document(server: &Arc<Server>, name: &str, text: String) -> bool {
    let can_show = server
        .features
        .get()
        .is_some_and(|features| features.show_document);
    if can_show && let Some(uri) = write(server, name, text.clone()).await {
        let shown = server.client.show_document(ShowDocumentParams {
            uri,
            external: Some(false),
            take_focus: Some(true),
            selection: None,
        });
        match tokio::time::timeout(PATIENCE, shown).await {
            Ok(Ok(true)) => return true,
            Ok(Ok(false)) => tracing::info!("the client did not show the document"),
            Ok(Err(error)) => tracing::warn!(%error, "the client could not show the document"),
            Err(_) => tracing::warn!("the client did not answer window/showDocument"),
        }
    }
    let message: String = text.chars().take(MESSAGE_CHARS).collect();
    server.client.show_message(MessageType::INFO, message).await;
    true
}

async fn write(server: &Server, name: &str, text: String) -> Option<Uri> {
    let directory: PathBuf = server.options.state_dir.join(Store::TRANSCRIPTS);
    let path = directory.join(format!("{name}.md"));
    let target = path.clone();
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&directory)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&target)?, text.as_bytes())
    });
    match written.await {
        Ok(Ok(())) => url::Url::from_file_path(path).ok()?.as_str().parse().ok(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a transcript could not be written");
            None
        }
        Err(_) => None,
    }
}

/// A session as Markdown.
pub(super) fn transcript(session: &SessionRecord, turns: &[TurnRecord]) -> String {
    let mut text = format!(
        "# {}\n\n{}\n",
        one_line(&session.title, 100),
        one_line(&buffer_name::short(&session.uri), 200)
    );
    for turn in turns {
        text.push('\n');
        text.push_str(&self::turn(turn));
    }
    text
}

/// One turn as Markdown.
pub(super) fn turn(turn: &TurnRecord) -> String {
    let request = &turn.request;
    let mut text = String::new();
    for line in visible::block(&request.prompt).lines() {
        let _ = writeln!(text, "> {line}");
    }
    text.push('\n');
    if let Some(response) = &turn.response {
        let _ = writeln!(text, "{}\n", harmless::markdown(response.text.trim_end()));
    }
    if let Some(notice) = view::notice(turn) {
        let _ = writeln!(text, "*{}*\n", harmless::markdown(&notice));
    }
    match (request.state, &request.failure) {
        (State::Done, _) => {}
        (State::Failed, Some(failure)) => {
            let _ = writeln!(text, "*Failed: {}*\n", one_line(&failure.message, 300));
        }
        (state, _) => {
            let _ = writeln!(text, "*{}*\n", state.name());
        }
    }
    text
}

/// The list of sessions as Markdown.
pub(super) fn sessions(sessions: &[SessionRecord]) -> String {
    let mut text = String::from("# Sessions\n\n");
    if sessions.is_empty() {
        text.push_str("Nothing was asked yet.\n");
    }
    for session in sessions {
        let mark = if session.unread > 0 { "📬 " } else { "" };
        let _ = writeln!(
            text,
            "- {mark}**{}** — {} — {}, {} requests, {} unread",
            one_line(&session.title, 60),
            one_line(&buffer_name::short(&session.uri), 200),
            session.state.name(),
            session.requests,
            session.unread
        );
    }
    text
}
