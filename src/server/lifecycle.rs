//! From the first byte to the exit code.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::MessageType;

use super::{Server, errors, outbox, service, stdio, transport};
use crate::coordinator::{self, Coordinator};
use crate::llm;
use crate::models::Models;
use crate::signals;
use crate::store::Store;

/// How often a server looks whether its editor is alive. The end of its input usually tells first.
const PARENT_POLL: Duration = Duration::from_secs(3);

/// The longest that the end of a server waits for its store, which may wait for another process.
const CLOSING: Duration = Duration::from_secs(5);

/// What the server is started with.
#[derive(Clone)]
pub struct Options {
    /// The state directory.
    pub state_dir: std::path::PathBuf,
    /// Cancelled when the editor is found dead.
    pub parent_gone: CancellationToken,
    /// Something that the user must be shown when the editor is there.
    pub warning: Option<&'static str>,
}

/// How many threads do what is not the conversation with the client: calls of models, their streams, what
/// handlers do behind their first wait. Little of it is computing.
const WORKERS: usize = 1;

/// Serves one client over standard input and output until it goes: by `exit`, by the end of its
/// output, or by its death; or until what it sends can not be understood any more. What runs is left to
/// a detached worker.
///
/// The conversation runs on the runtime of the caller, which should have one thread; everything else has
/// threads of its own. The exit code is the one that LSP asks for: 0 after `shutdown`, else 1.
///
/// # Errors
///
/// When these threads cannot be started.
pub async fn serve(options: Options) -> io::Result<ExitCode> {
    let elsewhere = runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("backchat-work")
        .enable_all()
        .build()?;
    let parent_gone = options.parent_gone.clone();
    let (service, socket) = service(options);
    let server = Arc::clone(&service.inner().0);
    let conversation = transport::run(
        stdio::input(),
        stdio::output(),
        service,
        socket,
        elsewhere.handle().clone(),
    );
    tokio::select! {
        () = conversation => tracing::info!("the client has gone"),
        () = parent_gone.cancelled() => tracing::warn!("the editor has died"),
        () = signals::asked_to_end() => tracing::info!("the system asks the server to end"),
    }
    let was_shut_down = server.shut_down.load(Ordering::SeqCst);
    shutdown(&server).await;
    // A client that did not wait for the end of its `shutdown`.
    close_store(&server).await;
    elsewhere.shutdown_background();
    Ok(if was_shut_down {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// After `initialized`: opens the store, so that the inbox is there before it is asked for.
pub(super) fn begin(server: &Arc<Server>) {
    let server = Arc::clone(server);
    tokio::spawn(async move {
        if let Some(warning) = server.options.warning {
            let message = format!("Backchat: {warning}");
            server
                .client
                .show_message(MessageType::WARNING, message)
                .await;
        }
        if let Ok(coordinator) = server.coordinator().await {
            coordinator.models().discover_local().await;
            server.anchors_moved.notify_one();
        }
    });
}

/// Ends the work of this process: places are stored, and what runs goes back into the queue.
pub(super) async fn shutdown(server: &Arc<Server>) {
    if server.shut_down.swap(true, Ordering::SeqCst) {
        return;
    }
    if let Some(coordinator) = server.coordinator.get() {
        outbox::save(server, server.documents.take_moved()).await;
        coordinator.close().await;
        // Some clients kill their servers right after the answer.
        close_store(server).await;
    }
}

async fn close_store(server: &Server) {
    if let Some(coordinator) = server.coordinator.get() {
        let closed = coordinator.store().close();
        if tokio::time::timeout(CLOSING, closed).await.is_err() {
            tracing::warn!("the store could not be closed in time; nothing in it is lost");
        }
    }
}

/// Cancels `gone` when the process `parent` does not exist any more.
pub(super) fn watch_parent(gone: CancellationToken, parent: u32) {
    let Some(pid) = i32::try_from(parent)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return;
    };
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PARENT_POLL).await;
            if rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
                gone.cancel();
                return;
            }
        }
    });
}

impl Server {
    /// The coordinator, started when it is first needed. A store that cannot be opened is an error
    /// of this request; the next one tries again.
    pub(super) async fn coordinator(self: &Arc<Self>) -> jsonrpc::Result<&Coordinator> {
        self.coordinator
            .get_or_try_init(|| async {
                let directory = self.options.state_dir.clone();
                let store = tokio::task::spawn_blocking(move || Store::open(&directory)).await;
                let store = store
                    .map_err(|_| errors::panicked())?
                    .map_err(|error| errors::from_use_case(&coordinator::Error::Store(error)))?;
                let client = llm::Client::new();
                let models = Models::load(client.clone());
                let coordinator = Coordinator::start(store, models, client)
                    .await
                    .map_err(|error| errors::from_use_case(&error))?;
                outbox::start(Arc::clone(self), coordinator.clone());
                Ok(coordinator)
            })
            .await
            .inspect_err(|error: &jsonrpc::Error| tracing::error!(message = %error.message, "the coordinator could not be started"))
    }
}
