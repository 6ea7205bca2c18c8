//! What the client can, and what the server offers in return.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::ls_types::{
    CodeActionProviderCapability, CodeLensOptions, ExecuteCommandOptions, HoverProviderCapability,
    InitializeParams, InitializeResult, OneOf, PositionEncodingKind, ServerCapabilities,
    ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use super::fallback::command;
use super::{Server, lifecycle, workspace};
use crate::protocol::PROTOCOL_VERSION;
use crate::text::{Encoding, LineEnds};

/// What matters of the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    /// The encoding of positions.
    pub encoding: Encoding,
    /// Whether the client speaks the custom methods, and so wants their notifications and none of the
    /// fallbacks.
    pub custom_methods: bool,
    /// `workspace/codeLens/refresh`.
    pub code_lens_refresh: bool,
    /// `window/workDoneProgress/create`.
    pub work_done_progress: bool,
    /// `window/showDocument`.
    pub show_document: bool,
    /// Edits that name the version that they are of.
    pub versioned_edits: bool,
    /// What ends a line in its buffers.
    pub line_ends: LineEnds,
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
    workspace::initialize(server, params);
    let offers = !features.custom_methods;
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
                    change_notifications: Some(OneOf::Left(true)),
                }),
                file_operations: Some(workspace::file_operations()),
            }),
            code_action_provider: offers.then_some(CodeActionProviderCapability::Simple(true)),
            code_lens_provider: offers.then_some(CodeLensOptions {
                resolve_provider: Some(false),
            }),
            hover_provider: offers.then_some(HoverProviderCapability::Simple(true)),
            execute_command_provider: offers.then(|| ExecuteCommandOptions {
                commands: command::ALL.map(str::to_owned).to_vec(),
                ..ExecuteCommandOptions::default()
            }),
            experimental: Some(json!({
                "backchat": { "protocolVersion": PROTOCOL_VERSION, "proposals": true }
            })),
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
    let workspace = params.capabilities.workspace.as_ref();
    let window = params.capabilities.window.as_ref();
    Features {
        encoding: if encodings.contains(&PositionEncodingKind::UTF8) {
            Encoding::Utf8
        } else {
            Encoding::Utf16
        },
        custom_methods: experimental
            .is_some_and(|experimental| experimental.get("backchat").is_some()),
        code_lens_refresh: workspace
            .and_then(|workspace| workspace.code_lens.as_ref()?.refresh_support)
            .unwrap_or(false),
        work_done_progress: window
            .and_then(|window| window.work_done_progress)
            .unwrap_or(false),
        show_document: window
            .and_then(|window| window.show_document.as_ref())
            .is_some_and(|show| show.support),
        versioned_edits: workspace
            .and_then(|workspace| workspace.workspace_edit.as_ref()?.document_changes)
            .unwrap_or(false),
        line_ends: line_ends(params.initialization_options.as_ref()),
    }
}

/// What ends a line, as the client's own options say; else what LSP says.
fn line_ends(options: Option<&Value>) -> LineEnds {
    let said = options
        .into_iter()
        .flat_map(|options| [Some(options), options.get("backchat")]);
    let said = said.flatten().find_map(|options| options.get("lineEnds"));
    let Some(said) = said else {
        return LineEnds::LSP;
    };
    let names: Result<Vec<String>, _> = Deserialize::deserialize(said);
    let ends = names.map_err(|error| error.to_string()).and_then(|names| {
        LineEnds::named(names.iter().map(String::as_str))
            .map_err(|unknown| format!("{unknown:?} ends no line"))
    });
    ends.unwrap_or_else(|error| {
        tracing::warn!(error, "the client's lineEnds are wrong and ignored");
        LineEnds::LSP
    })
}
