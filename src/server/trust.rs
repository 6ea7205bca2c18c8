//! Which folders of the workspace the user trusts, as far as the client says.
//!
//! A client that says nothing trusts nothing. What a workspace's own files say of it never comes here: only
//! `initializationOptions` and `workspace/didChangeConfiguration`, which editors make from the user's
//! settings.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use serde::Deserialize as _;
use serde_json::Value;

use super::Server;
use crate::buffer_name;
use crate::protocol::ClientOptions;

/// What the client said last.
#[derive(Debug, Default)]
pub(super) struct Trust {
    workspace: bool,
    folders: Vec<PathBuf>,
}

impl Trust {
    /// Whether a folder of the workspace is trusted.
    pub fn covers(&self, folder: &Path) -> bool {
        self.workspace
            || self
                .folders
                .iter()
                .any(|trusted| folder.starts_with(trusted))
    }

    fn take(&mut self, options: ClientOptions) {
        if let Some(workspace) = options.workspace_trusted {
            self.workspace = workspace;
        }
        if let Some(folders) = options.trusted_folders {
            self.folders = folders
                .iter()
                .filter_map(|uri| buffer_name::path(uri))
                .collect();
        }
    }
}

/// Takes `initializationOptions`, or the settings of `workspace/didChangeConfiguration`: what concerns
/// Backchat is in them, or under its name. Options that can not be read trust nothing.
pub(super) fn take(server: &Server, options: &Value) {
    for options in [Some(options), options.get("backchat")]
        .into_iter()
        .flatten()
        .filter(|options| options.is_object())
    {
        match ClientOptions::deserialize(options) {
            Ok(options) => server
                .trust
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(options),
            Err(error) => tracing::warn!(%error, "the client's options are wrong and ignored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(options: Value) -> Trust {
        let mut trust = Trust::default();
        trust.take(serde_json::from_value(options).unwrap());
        trust
    }

    #[test]
    fn nothing_is_trusted_until_the_client_says_so() {
        assert!(!told(json!({})).covers(Path::new("/a")));
        assert!(!told(json!({"workspaceTrusted": null})).covers(Path::new("/a")));
        assert!(told(json!({"workspaceTrusted": true})).covers(Path::new("/a")));
    }

    #[test]
    fn a_trusted_folder_is_trusted_with_what_is_below_it() {
        let trust = told(json!({"trustedFolders": ["file:///a/b", "untitled:x"]}));
        assert!(trust.covers(Path::new("/a/b")) && trust.covers(Path::new("/a/b/c")));
        assert!(!trust.covers(Path::new("/a")) && !trust.covers(Path::new("/a/bc")));
    }

    #[test]
    fn what_is_absent_stays_and_what_is_there_replaces() {
        let mut trust = told(json!({"workspaceTrusted": true, "trustedFolders": ["file:///a"]}));
        trust.take(serde_json::from_value(json!({"workspaceTrusted": false})).unwrap());
        assert!(trust.covers(Path::new("/a")) && !trust.covers(Path::new("/b")));
        trust.take(serde_json::from_value(json!({"trustedFolders": []})).unwrap());
        assert!(!trust.covers(Path::new("/a")));
    }
}
