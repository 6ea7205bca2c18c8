//! What an `edit` response proposes for the buffer as it is now.

use std::path::PathBuf;

use super::{Coordinator, Error, Result, target};
use crate::digest::sha256_hex;
use crate::prompt::{self, Question};
use crate::session::{Intent, RequestId, State};
use crate::store::{RequestRecord, StoreError};
use crate::text::{
    Buffer, LineChange, Merge, MergeStatus, PromptComment, Proposed, Replacement, Span,
    Undecodable, decode, merge,
};

/// A proposal, merged with what was typed meanwhile. All spans are those of the buffer now.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The merge, or why there is nothing to merge.
    pub merge: std::result::Result<Merge, String>,
    /// The buffer now.
    pub ours: String,
    /// The digest of the buffer now.
    pub digest: String,
    /// The chosen changes.
    pub edits: Vec<Replacement>,
    /// The buffer with the chosen changes in it.
    pub merged: String,
    /// What the chosen changes do, by lines.
    pub change: LineChange,
    /// All changes, with each conflict between markers; only when there are conflicts.
    pub marked: Option<Marked>,
}

/// The buffer with every change that fits in it, and each conflict between markers as git writes them.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The whole text.
    pub text: String,
    /// What leads to it from the buffer now.
    pub edits: Vec<Replacement>,
}

impl Marked {
    fn of(merged: &Merge, ours: &str) -> Self {
        let text = merged.with_markers("yours", "proposed");
        // Merging into the base itself finds the edits.
        let edits = merge(ours, ours, &text).edits;
        Self { text, edits }
    }
}

impl Coordinator {
    /// Merges the change that the response to `id` proposes into `ours`. Changes nothing.
    ///
    /// `hunks` chooses among the changes by their number. What cannot be decoded is no error: it is
    /// still an answer to be read. Nor is what may not be applied: outside of the workspace, whose folders
    /// are `roots`, to a read-only file, or where the text that was asked about is not known any more.
    ///
    /// # Errors
    ///
    /// For an unknown or an unfinished request, a request that asked for no change, a hunk that is not
    /// there, or when the store fails.
    pub async fn proposal(
        &self,
        id: &RequestId,
        ours: String,
        hunks: Option<Vec<u32>>,
        roots: Vec<PathBuf>,
    ) -> Result<Proposal> {
        let turn = self.store().turn(id).await?;
        if turn.request.intent != Intent::Edit {
            return Err(Error::NoProposal(
                "it asked for an answer, not for a change",
            ));
        }
        if turn.request.state != State::Done {
            return Err(Error::NoProposal("it is not done"));
        }
        let response = turn.response.unwrap_or_default();
        let base = match self.store().snapshot(&turn.request.snapshot).await {
            Err(StoreError::UnknownSnapshot) => {
                let reason = "the text that it was asked about is not in the store any more";
                return Ok(Proposal::refused(reason, ours));
            }
            base => base?,
        };
        let (start, end) = turn.request.span;
        let shown = match response.shown {
            Some((start, end)) => Span::new(start, end),
            None => self.surely_shown(&turn.request, &base).await?,
        };
        // The disk, and comparing large texts, take a while, which no other request should wait for.
        tokio::task::spawn_blocking(move || {
            if let Some(reason) = target::hindrance(&turn.request.uri, &roots) {
                return Ok(Proposal::refused(reason, ours));
            }
            let asked = Asked {
                prompt: &turn.request.prompt,
                base: &base,
                span: Span::new(start, end),
                shown,
            };
            Proposal::make(&asked, &response.text, ours, hunks)
        })
        .await
        .unwrap_or(Err(Error::NoProposal("the merge failed; see the log")))
    }

    /// What of its text a request of the first release has surely shown to its model.
    async fn surely_shown(&self, request: &RequestRecord, base: &str) -> Result<Span> {
        let turns = self.store().transcript(&request.session_id).await?;
        let earlier = turns.iter().filter(|turn| turn.request.seq < request.seq);
        let history = earlier.map(|turn| {
            let (start, end) = turn.request.span;
            let said = turn.response.as_ref().map_or(0, |said| said.text.len());
            turn.request.prompt.len() + (end - start) + said
        });
        let model = self.models().get(&request.model);
        let (context_tokens, max_output_tokens) = model.map_or((8_192, 2_048), |model| {
            (model.context_tokens, model.max_output_tokens)
        });
        let question = Question {
            prompt: &request.prompt,
            intent: request.intent,
            path: &request.uri,
            language: &request.language,
            text: base,
            span: request.span,
            rules: None,
            history: &[],
            context_tokens,
            max_output_tokens,
        };
        Ok(prompt::surely_shown(&question, history.sum()))
    }
}

/// What a change was asked of.
struct Asked<'a> {
    /// What was asked.
    prompt: &'a str,
    /// The text at submit.
    base: &'a str,
    /// The part of it that is to be changed.
    span: Span,
    /// The part of it that the model has seen.
    shown: Span,
}

impl Asked<'_> {
    /// The text at submit with the change of a response in it, and without the comment that asked for it, if one
    /// did: it has done its work.
    fn decode(&self, response: &str) -> std::result::Result<String, Undecodable> {
        let decoded = || decode(response, self.base, self.span, self.shown);
        let Some((comment, lines)) = self.comment() else {
            return decoded().map(|proposed| proposed.text);
        };
        let bare = [&self.base[..lines.start], &self.base[lines.end..]].concat();
        let offset = |at: usize| at - (at.clamp(lines.start, lines.end) - lines.start);
        let within = |span: Span| Span::new(offset(span.start), offset(span.end));
        match decode(response, &bare, within(self.span), within(self.shown)) {
            // Most leave the comment out; some repeat it, or change it by name.
            Ok(proposed) if !proposed.text.contains(comment.trim()) => Ok(proposed.text),
            _ => decoded().map(|proposed| without(lines, proposed, self.base)),
        }
    }

    /// The comment that asked for the change, and where its lines are.
    fn comment(&self) -> Option<(&str, Span)> {
        let comment = PromptComment::about(&Buffer::new(self.base), self.span)?;
        let lines = comment.lines?;
        let is_it = comment.prompt == self.prompt.trim();
        is_it.then(|| (&self.base[lines.start..lines.end], lines))
    }
}

/// The proposed text without lines of the base, unless the proposal has changed them.
fn without(lines: Span, proposed: Proposed, base: &str) -> String {
    let touches = |hunk: &Replacement| hunk.span.start < lines.end && lines.start < hunk.span.end;
    let mut edits = proposed.hunks;
    if edits.iter().any(touches) {
        return proposed.text;
    }
    let at = edits.partition_point(|hunk| hunk.span.start < lines.start);
    let removal = Replacement {
        span: lines,
        text: String::new(),
    };
    edits.insert(at, removal);
    apply(base, &edits)
}

impl Proposal {
    /// One that may not be applied.
    fn refused(reason: &str, ours: String) -> Self {
        Self {
            merge: Err(reason.to_owned()),
            edits: Vec::new(),
            merged: ours.clone(),
            digest: sha256_hex(&ours),
            ours,
            change: LineChange::default(),
            marked: None,
        }
    }

    /// Makes the proposal of a response.
    fn make(
        asked: &Asked<'_>,
        response: &str,
        ours: String,
        hunks: Option<Vec<u32>>,
    ) -> Result<Self> {
        let merge = asked
            .decode(response)
            .map(|theirs| merge(asked.base, &ours, &theirs))
            .map_err(|undecodable| undecodable.to_string());
        let all = merge
            .as_ref()
            .map(|merge| merge.edits.clone())
            .unwrap_or_default();
        let edits = match hunks {
            None => all,
            Some(chosen) => {
                let count = all.len();
                if let Some(unknown) = chosen.iter().find(|index| **index as usize >= count) {
                    return Err(Error::UnknownHunk {
                        index: *unknown,
                        count,
                    });
                }
                (0..)
                    .zip(all)
                    .filter(|(index, _)| chosen.contains(index))
                    .map(|(_, edit)| edit)
                    .collect()
            }
        };
        let merged = apply(&ours, &edits);
        let marked = merge
            .as_ref()
            .ok()
            .filter(|merge| merge.status == MergeStatus::Conflict)
            .map(|merge| Marked::of(merge, &ours));
        Ok(Self {
            marked,
            change: LineChange::between(&ours, &merged),
            merge,
            digest: sha256_hex(&ours),
            ours,
            edits,
            merged,
        })
    }
}

/// The text with disjoint edits in their order.
fn apply(text: &str, edits: &[Replacement]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        result.push_str(&text[from..edit.span.start]);
        result.push_str(&edit.text);
        from = edit.span.end;
    }
    result.push_str(&text[from..]);
    result
}

#[cfg(test)]
mod tests;
