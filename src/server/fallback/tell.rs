//! What a client without the custom methods is told: progress while a request runs, fresh code lenses, and
//! one message when responses are ready.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use tower_lsp::ls_types::{MessageType, ProgressToken};

use super::super::Server;
use super::{PATIENCE, one_line};
use crate::buffer_name;
use crate::protocol::RequestInfo;
use crate::session::{RequestId, State};

/// What tokens of progress start with; the id of the request follows.
const TOKEN: &str = "backchat/";

/// What was told and goes on.
#[derive(Default)]
pub(crate) struct Fallback {
    progress: HashMap<RequestId, watch::Sender<State>>,
}

impl Fallback {
    /// Tells of changed requests, and of those that became ready.
    pub async fn tell(
        &mut self,
        server: &Arc<Server>,
        changed: &[RequestInfo],
        ready: &[RequestInfo],
    ) {
        let Some(features) = server.features.get() else {
            return;
        };
        if features.work_done_progress {
            for request in changed {
                self.report(server, request);
            }
        }
        if features.code_lens_refresh && !changed.is_empty() {
            let server = Arc::clone(server);
            tokio::spawn(async move {
                if tokio::time::timeout(PATIENCE, server.client.code_lens_refresh())
                    .await
                    .is_err()
                {
                    tracing::warn!("the client did not answer workspace/codeLens/refresh");
                }
            });
        }
        if let Some(message) = message(ready) {
            server.client.show_message(MessageType::INFO, message).await;
        }
    }

    fn report(&mut self, server: &Arc<Server>, request: &RequestInfo) {
        if let Some(progress) = self.progress.get(&request.id) {
            progress.send_replace(request.state);
            if request.state.is_final() {
                self.progress.remove(&request.id);
            }
        } else if request.state == State::Running {
            let (sender, states) = watch::channel(request.state);
            self.progress.insert(request.id.clone(), sender);
            tokio::spawn(progress(Arc::clone(server), request.clone(), states));
        }
    }
}

/// The request whose progress the user cancels.
pub(crate) fn cancelled(token: &ProgressToken) -> Option<RequestId> {
    match token {
        ProgressToken::String(token) => {
            token.strip_prefix(TOKEN).map(|id| RequestId(id.to_owned()))
        }
        ProgressToken::Number(_) => None,
    }
}

/// Shows the progress of one request from its first attempt to its end.
async fn progress(server: Arc<Server>, request: RequestInfo, mut states: watch::Receiver<State>) {
    let token = ProgressToken::String(format!("{TOKEN}{}", request.id));
    let created = server.client.create_work_done_progress(token.clone());
    if !matches!(tokio::time::timeout(PATIENCE, created).await, Ok(Ok(()))) {
        tracing::info!("the client takes no progress");
        return;
    }
    let title = format!("Backchat: {}", one_line(&request.prompt, 50));
    let progress = server
        .client
        .progress(token, title)
        .with_cancel_button()
        .begin()
        .await;
    loop {
        let state = *states.borrow_and_update();
        if state.is_final() {
            progress.finish_with_message(state.name()).await;
            return;
        }
        progress.report_with_message(state.name(), Some(true)).await;
        if states.changed().await.is_err() {
            progress.finish().await;
            return;
        }
    }
}

/// One message for all that became ready at once.
fn message(ready: &[RequestInfo]) -> Option<String> {
    let first = ready.first()?;
    let place = first
        .anchor
        .as_ref()
        .map_or(0, |anchor| anchor.range.start.line)
        + 1;
    Some(match ready.len() {
        1 => format!(
            "📬 {}:{place}: {}",
            buffer_name::short(&first.uri),
            one_line(&first.prompt, 60)
        ),
        count => format!("📬 {count} responses are ready"),
    })
}
