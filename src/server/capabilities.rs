//! What the client can, and what the server offers in return.

use serde_json::json;
use tower_lsp::ls_types::{
    InitializeParams, InitializeResult, PositionEncodingKind, ServerCapabilities, ServerInfo,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use super::{Server, lifecycle};
use crate::protocol::PROTOCOL_VERSION;
use crate::text::Encoding;

/// What matters of the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    /// The encoding of positions.
    pub encoding: Encoding,
    /// Whether the client speaks the custom methods, and so wants their notifications.
    pub custom_methods: bool,
}

/// Answers `initialize`.
pub(super) fn initialize(server: &Server, params: &InitializeParams) -> InitializeResult {
    let features = features(params);
    // A second `initialize` is refused by the framework.
    let _ = server.features.set(features);
    if let Some(parent) = params.process_id {
        lifecycle::watch_parent(server.options.parent_gone.clone(), parent);
    }
    if let Some(client) = &params.client_info {
        tracing::info!(
            name = client.name,
            version = client.version,
            ?features,
            "initialized by"
        );
    }
    InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(match features.encoding {
                Encoding::Utf8 => PositionEncodingKind::UTF8,
                Encoding::Utf16 | Encoding::Utf32 => PositionEncodingKind::UTF16,
            }),
            text_document_sync: Some(TextDocumentSyncCapability::Options(
                TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::INCREMENTAL),
                    ..TextDocumentSyncOptions::default()
                },
            )),
            workspace: Some(WorkspaceServerCapabilities {
                workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                    supported: Some(true),
                    change_notifications: None,
                }),
                ..WorkspaceServerCapabilities::default()
            }),
            experimental: Some(json!({ "backchat": { "protocolVersion": PROTOCOL_VERSION } })),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo {
            name: "backchat".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        ..InitializeResult::default()
    }
}

fn features(params: &InitializeParams) -> Features {
    let encodings = params
        .capabilities
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref())
        .unwrap_or_default();
    let experimental = params.capabilities.experimental.as_ref();
    Features {
        encoding: if encodings.contains(&PositionEncodingKind::UTF8) {
            Encoding::Utf8
        } else {
            Encoding::Utf16
        },
        custom_methods: experimental
            .is_some_and(|experimental| experimental.get("backchat").is_some()),
    }
}
