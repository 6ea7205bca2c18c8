//! What a client has sent, taken without the client: for measuring what a conversation costs.

use super::documents::Documents;
use super::framing::{Frame, Framer};
use super::notifications::Notification;
use super::transport::{Task, task};
use super::unsaved::Identity;
use crate::text::{Encoding, LineEnds};

/// Takes the bytes of one client through the code that the server takes them through: messages are found in
/// them, checked and taken apart, and buffers are opened, changed and closed. Nothing is answered or stored;
/// requests are read but not begun.
///
/// Positions are in UTF-16, as long as nobody has negotiated anything else.
#[derive(Default)]
pub struct Replay {
    framer: Framer,
    documents: Documents,
}

impl Replay {
    /// Takes the next bytes, which may end in mid-message. Gives back how many messages they complete that
    /// the server would act on.
    pub fn take(&mut self, mut bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(frame) = self.framer.next(&mut bytes) {
            if let Frame::Body(body) = frame {
                let task = task(&body);
                drop(body);
                taken += usize::from(self.act(task));
            }
        }
        taken
    }

    /// The text of an open buffer.
    #[must_use]
    pub fn text(&self, uri: &str) -> Option<String> {
        let snapshot = self.documents.snapshot(uri)?;
        Some(snapshot.buffer.text())
    }

    fn act(&self, task: Task) -> bool {
        match task {
            Task::Notification(Notification::Open(params)) => {
                let name = self
                    .documents
                    .open(&params.text_document, Identity::Uri, LineEnds::LSP);
                // No store has anchors for it, so edits need not be kept until they are found.
                if let Some(snapshot) = self.documents.wants_anchors(&name) {
                    self.documents.put_anchors(&snapshot, Vec::new());
                }
                true
            }
            Task::Notification(Notification::Change(params)) => {
                let (document, changes) = (params.text_document, params.content_changes);
                let uri = document.uri.as_str();
                let changed =
                    self.documents
                        .change(uri, document.version, &changes, Encoding::Utf16);
                changed.is_ok()
            }
            Task::Notification(Notification::Close(params)) => {
                self.documents.close(params.text_document.uri.as_str());
                true
            }
            Task::Notification(_) | Task::Call(_) | Task::Answer(_) => true,
            Task::Refuse(_) | Task::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn framed(message: &Value) -> Vec<u8> {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn notification(method: &str, params: &Value) -> Vec<u8> {
        framed(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    #[test]
    fn a_conversation_leaves_the_buffer_that_the_client_has() {
        let uri = "file:///a.rs";
        let open = json!({"textDocument": {"uri": uri, "languageId": "rust", "version": 1, "text": "fn é\n"}});
        let position = json!({"line": 0, "character": 4});
        let change = json!({
            "textDocument": {"uri": uri, "version": 2},
            "contentChanges": [{"range": {"start": position, "end": position}, "text": "()"}],
        });
        let hover =
            json!({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}});
        let bytes = [
            notification("textDocument/didOpen", &open),
            notification("textDocument/didChange", &change),
            framed(&hover),
            framed(&json!({"no": "message"})),
        ]
        .concat();
        for size in [1, 7, bytes.len()] {
            let mut replay = Replay::default();
            let taken: usize = bytes.chunks(size).map(|piece| replay.take(piece)).sum();
            assert_eq!(taken, 3);
            assert_eq!(replay.text(uri).as_deref(), Some("fn é()\n"));
        }
        let mut replay = Replay::default();
        replay.take(&bytes);
        let close = json!({"textDocument": {"uri": uri}});
        assert_eq!(
            replay.take(&notification("textDocument/didClose", &close)),
            1
        );
        assert_eq!(replay.text(uri), None);
    }
}
