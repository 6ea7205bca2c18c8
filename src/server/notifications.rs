//! The notifications that must be handled before anything that comes after them is read: text
//! synchronisation, which buffer is in front, where the workspace's files are, and whether it is trusted.
//!
//! They do not go through the framework's router. It would take their parameters apart twice, which a
//! buffer of megabytes pays for in memory and in time, and it would drop without a word those that do
//! not fit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tower_lsp::ls_types::notification::{
    DidChangeConfiguration, DidChangeTextDocument, DidChangeWorkspaceFolders, DidCloseTextDocument,
    DidOpenTextDocument, DidRenameFiles, Notification as _,
};
use tower_lsp::ls_types::{
    DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, RenameFilesParams,
};

use super::framing::message::{Params, Unfit};
use super::{Server, text_sync, trust, workspace};
use crate::protocol::{DidFocusParams, DidOpenParams, method};

/// A notification with its parameters.
pub(super) enum Notification {
    Open(DidOpenParams),
    Change(DidChangeTextDocumentParams),
    Close(DidCloseTextDocumentParams),
    Focus(DidFocusParams),
    ChangeFolders(DidChangeWorkspaceFoldersParams),
    RenameFiles(RenameFilesParams),
    ChangeConfiguration(DidChangeConfigurationParams),
}

impl Notification {
    /// The notification of this name; `None` when it is not one of these.
    pub fn parse(name: &str, params: Params<'_>) -> Option<Result<Self, Unfit>> {
        Some(match name {
            DidOpenTextDocument::METHOD => params.parse().map(Self::Open),
            DidChangeTextDocument::METHOD => params.parse().map(Self::Change),
            DidCloseTextDocument::METHOD => params.parse().map(Self::Close),
            method::DID_FOCUS => params.parse().map(Self::Focus),
            DidChangeWorkspaceFolders::METHOD => params.parse().map(Self::ChangeFolders),
            DidRenameFiles::METHOD => params.parse().map(Self::RenameFiles),
            DidChangeConfiguration::METHOD => params.parse().map(Self::ChangeConfiguration),
            _ => return None,
        })
    }

    /// Does what it says. Not async, so that changes are applied in the order in which they came.
    ///
    /// Before `initialize` and after `shutdown` it is ignored, as LSP asks for; a panic is logged.
    pub fn handle(self, server: &Arc<Server>) {
        let is_served = server.features.get().is_some() && !server.shut_down.load(Ordering::SeqCst);
        if !is_served {
            tracing::warn!("a notification before initialize or after shutdown is ignored");
            return;
        }
        let handled = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Open(params) => text_sync::did_open(server, &params),
            Self::Change(params) => text_sync::did_change(server, params),
            Self::Close(params) => text_sync::did_close(server, params),
            Self::Focus(params) => text_sync::did_focus(server, params),
            Self::ChangeFolders(params) => workspace::did_change_folders(server, &params),
            Self::RenameFiles(params) => workspace::did_rename_files(server, params),
            Self::ChangeConfiguration(params) => trust::take(server, &params.settings),
        }));
        if handled.is_err() {
            tracing::error!("a notification could not be handled: Backchat itself failed at it");
        }
    }
}
