//! What stands between a prompt and its endpoint: the search for secrets that the user has not allowed.

use std::sync::Arc;

use super::Tools;
use crate::buffer_name;
use crate::config::{HoldSecrets, Model};
use crate::llm::Prompt;
use crate::secrets::{AllowedPaths, Sources, survey};
use crate::store::{PromptParts, RequestRecord, SecretRecord};

/// Findings that are told in a hold's reason; the others are counted.
const TOLD: usize = 4;

/// A prompt, and everything that it was made from.
pub(super) struct Made {
    pub prompt: Arc<Prompt>,
    pub parts: PromptParts,
}

/// The secrets in the prompt that the user has not allowed to go to this model's endpoint; empty when it may
/// be sent. What stays on this machine is not looked through, unless the configuration says so.
pub(super) async fn secrets(
    tools: &Tools,
    request: &RequestRecord,
    model: &Model,
    made: &Arc<Made>,
) -> Vec<SecretRecord> {
    let catalog = tools.models.catalog();
    let looks = match catalog.config.hold_secrets.value {
        HoldSecrets::Remote => !model.is_loopback(),
        HoldSecrets::Always => true,
        HoldSecrets::Never => false,
    };
    if !looks {
        return Vec::new();
    }
    let patterns = catalog.config.secrets_allowed_in.value.clone();
    let (question, path) = (request.prompt.clone(), buffer_name::path(&request.uri));
    let searched = Arc::clone(made);
    // A large buffer takes a moment, and the files of patterns are on a disk.
    let search = tokio::task::spawn_blocking(move || {
        let path = path.as_deref();
        let is_allowed = path.is_some_and(|path| {
            AllowedPaths::new(&patterns).is_ok_and(|patterns| patterns.contain(path))
        });
        let sources = Sources {
            prompt: &question,
            buffer: (!is_allowed).then_some(searched.parts.text.as_str()),
            path,
            rules: searched.parts.rules.as_deref(),
            history: &searched.parts.history,
        };
        survey(&sources, &searched.prompt)
    });
    let findings = match search.await {
        Ok(findings) => findings,
        // Taken up by the attempt's own task, which ends the request with an error: nothing is sent.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    findings
        .into_iter()
        .filter(|finding| !made.parts.allowed_secrets.contains(&finding.fingerprint))
        .map(|finding| SecretRecord {
            kind: finding.kind,
            place: finding.place,
            line: finding.line,
            fingerprint: finding.fingerprint,
        })
        .collect()
}

/// Why a request is held, for people: what was found, where, and who would have got it.
pub(super) fn reason(secrets: &[SecretRecord], model: &Model) -> String {
    let told: Vec<String> = secrets
        .iter()
        .take(TOLD)
        .map(|secret| format!("{} ({})", secret.kind, secret.place))
        .collect();
    let more = match secrets.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{}{more} would be sent to {}; allow it, or cancel",
        told.join(", "),
        model.host()
    )
}
