//! Opening, editing and closing buffers, with the versions that LSP wants counted.

use std::str::FromStr;

use backchat::protocol::{DidFocusParams, method};
use serde_json::{Value, json};
use tower_lsp::ls_types::{Position, Range, TextDocumentIdentifier, Uri};

use super::Editor;

/// A position, as in LSP: both from 0.
pub const fn at(line: u32, character: u32) -> Position {
    Position { line, character }
}

/// The lines from `first` up to but not including `end`, both from 0.
pub const fn lines(first: u32, end: u32) -> Range {
    Range {
        start: at(first, 0),
        end: at(end, 0),
    }
}

/// The identifier of a buffer.
pub fn document(uri: &str) -> TextDocumentIdentifier {
    TextDocumentIdentifier {
        uri: Uri::from_str(uri).unwrap(),
    }
}

impl Editor {
    /// Opens a buffer with this text.
    pub fn open(&self, uri: &str, text: &str) {
        self.versions.lock().unwrap().insert(uri.into(), 1);
        let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        self.notify("textDocument/didOpen", &json!({"textDocument": document}));
    }

    /// Opens a buffer without a file that has an identity of its own.
    pub fn open_unsaved(&self, uri: &str, identity: &str, text: &str) {
        self.versions.lock().unwrap().insert(uri.into(), 1);
        let document = json!({
            "uri": uri, "languageId": "rust", "version": 1, "text": text, "identity": identity,
        });
        self.notify("textDocument/didOpen", &json!({"textDocument": document}));
    }

    /// Replaces a range of the buffer, as typing does.
    pub fn edit(&self, uri: &str, range: Range, text: &str) {
        self.change(uri, &json!([{"range": range, "text": text}]));
    }

    /// Replaces the whole text of the buffer.
    pub fn replace(&self, uri: &str, text: &str) {
        self.change(uri, &json!([{"text": text}]));
    }

    fn change(&self, uri: &str, changes: &Value) {
        let version = {
            let mut versions = self.versions.lock().unwrap();
            let version = versions.get_mut(uri).expect("the buffer is open");
            *version += 1;
            *version
        };
        let document = json!({"uri": uri, "version": version});
        self.notify(
            "textDocument/didChange",
            &json!({"textDocument": document, "contentChanges": changes}),
        );
    }

    /// Closes the buffer.
    pub fn close(&self, uri: &str) {
        self.versions.lock().unwrap().remove(uri);
        self.notify(
            "textDocument/didClose",
            &json!({"textDocument": {"uri": uri}}),
        );
    }

    /// Puts the buffer in front.
    pub fn focus(&self, uri: &str) {
        self.notify(
            method::DID_FOCUS,
            &DidFocusParams {
                text_document: Some(document(uri)),
            },
        );
    }
}
