//! The workspace: its folders, and files that are renamed in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tower_lsp::ls_types::{
    DidChangeWorkspaceFoldersParams, FileOperationFilter, FileOperationPattern,
    FileOperationRegistrationOptions, InitializeParams, RenameFilesParams,
    WorkspaceFileOperationsServerCapabilities,
};

use super::{Server, text_sync, trust};
use crate::buffer_name;

/// Takes the folders that the client has open.
pub(super) fn initialize(server: &Server, params: &InitializeParams) {
    let folders = params.workspace_folders.iter().flatten();
    let mut roots: Vec<PathBuf> = folders
        .filter_map(|folder| buffer_name::path(folder.uri.as_str()))
        .collect();
    if roots.is_empty() {
        #[allow(deprecated, reason = "older clients name their one folder so")]
        let root = params.root_uri.as_ref();
        roots.extend(root.and_then(|uri| buffer_name::path(uri.as_str())));
    }
    *server.roots.lock().unwrap_or_else(PoisonError::into_inner) = roots;
    if let Some(options) = &params.initialization_options {
        trust::take(server, options);
    }
}

/// The folder that a file lies in, the innermost one.
pub(super) fn root_of(server: &Server, file: &Path) -> Option<PathBuf> {
    let roots = server.roots.lock().unwrap_or_else(PoisonError::into_inner);
    roots
        .iter()
        .filter(|root| file.starts_with(root))
        .max_by_key(|root| root.components().count())
        .cloned()
}

pub(super) fn did_change_folders(server: &Server, params: &DidChangeWorkspaceFoldersParams) {
    let path = |uri: &tower_lsp::ls_types::Uri| buffer_name::path(uri.as_str());
    let mut roots = server.roots.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in &params.event.removed {
        roots.retain(|root| Some(root) != path(&folder.uri).as_ref());
    }
    roots.extend(
        params
            .event
            .added
            .iter()
            .filter_map(|folder| path(&folder.uri)),
    );
}

/// The renames that the server wants to hear of: all.
pub(super) fn file_operations() -> WorkspaceFileOperationsServerCapabilities {
    let everything = FileOperationRegistrationOptions {
        filters: vec![FileOperationFilter {
            scheme: Some("file".to_owned()),
            pattern: FileOperationPattern {
                glob: "**".to_owned(),
                matches: None,
                options: None,
            },
        }],
    };
    WorkspaceFileOperationsServerCapabilities {
        did_rename: Some(everything),
        ..WorkspaceFileOperationsServerCapabilities::default()
    }
}

/// A renamed file takes its session along; a renamed folder those of all files in it.
pub(super) fn did_rename_files(server: &Arc<Server>, params: RenameFilesParams) {
    let renames: Vec<_> = params
        .files
        .iter()
        .map(|file| {
            (
                server.documents.name_of(&file.old_uri),
                buffer_name::canonical(&file.new_uri),
            )
        })
        .collect();
    let server = Arc::clone(server);
    tokio::spawn(async move { move_sessions(&server, renames).await });
}

/// Gives the sessions of buffers to other names, each from the one to the other.
pub(super) async fn move_sessions(server: &Arc<Server>, renames: Vec<(String, String)>) {
    let Ok(coordinator) = server.coordinator().await else {
        return;
    };
    for (old, new) in renames {
        match coordinator.rename(&old, &new).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "sessions went along with a renamed file"),
            Err(error) => {
                tracing::warn!(%error, "a session could not go along with its renamed file")
            }
        }
    }
    for name in server.documents.reload_anchors() {
        text_sync::load_anchors(server, &name).await;
    }
    server.anchors_moved.notify_one();
}
