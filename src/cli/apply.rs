//! `backchat apply`: a proposed change, merged into the file on disk.

mod text_file;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::inbox::{self, short};
use super::output::{BAD, BOLD, DIM, GOOD, WARN, paint, print, print_json, remark};
use super::results::{Applied, Outcome, Problem, Status};
use super::{identify, visible};
use crate::buffer_name;
use crate::coordinator::{Coordinator, Error, Proposal};
use crate::rules;
use crate::session::RequestId;
use crate::text::{LineChange, Merge, MergeStatus};
use text_file::TextFile;

/// Some of the changes conflict with what was typed meanwhile.
const CONFLICT: u8 = 3;

/// What is said of conflicts that were written into the file.
const MARKERS: &str = "conflicts are in the file, between markers: search for <<<<<<<";

/// How often a change is merged again because the file has changed in between.
const TRIES: usize = 3;

/// Arguments of `backchat apply`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 when the change was applied, or with --check can be; 3 when parts of it conflict \
                  with what was typed meanwhile; 1 when there is nothing that could be applied; 2 when the arguments are not understood.\n\n\
                  The file on disk is changed. An editor that has it open will load it again; where it has changes \
                  that were not saved, save them first, or apply the change there."
)]
pub(super) struct Apply {
    /// The request's id, or a part of it; or a session or a file, for the latest change that was proposed there.
    #[arg(value_name = "REQUEST|SESSION|FILE")]
    what: String,
    /// Write nothing; only say whether the change is clean, moved (clean, at lines that have moved) or a
    /// conflict.
    #[arg(long)]
    check: bool,
    /// Apply only this hunk, counted from 1. May be given several times.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    hunk: Vec<u32>,
    /// Write conflicts into the file too, both versions between markers as of git.
    #[arg(long, conflicts_with_all = ["hunk", "check"])]
    conflict_markers: bool,
    /// Print JSON: `apply` of src/cli/results.schema.json in the sources.
    #[arg(long)]
    json: bool,
}

impl Apply {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        let id = identify::change(coordinator.store(), &self.what).await?;
        let uri = coordinator.store().request(&id).await?.uri;
        let path = buffer_name::path(&uri).with_context(|| {
            let name = visible::line(&uri);
            format!("{name} is no file on disk: apply the change in the editor that has it open")
        })?;
        for _ in 0..TRIES {
            let file = TextFile::read(&path)?;
            let proposal = self.proposal(&coordinator, &id, &path, &file).await?;
            let merge = match &proposal.merge {
                Ok(merge) => merge,
                Err(reason) => bail!(
                    "nothing can be applied: {reason}; `backchat read --all {}` shows the answer",
                    short(&id.0)
                ),
            };
            let told = Told {
                id: &id,
                path: &path,
                merge,
                in_json: self.json,
            };
            if self.check {
                return told.checked(&proposal.change);
            }
            let conflicts = merge.status == MergeStatus::Conflict && self.hunk.is_empty();
            if conflicts && !self.conflict_markers {
                return told.refused(&proposal.change);
            }
            let text = match &proposal.marked {
                Some(marked) if conflicts => &marked.text,
                _ => &proposal.merged,
            };
            let change = LineChange::between(&proposal.ours, text);
            if *text == proposal.ours {
                return told.unchanged(&change);
            }
            if !file.replace(text)? {
                continue;
            }
            let code = told.applied(&uri, &change, conflicts)?;
            // Its change has been shown now.
            coordinator.take_request(&id).await?;
            return Ok(code);
        }
        bail!("{} keeps changing; nothing was written", path.display())
    }

    async fn proposal(
        &self,
        coordinator: &Coordinator,
        id: &RequestId,
        path: &Path,
        file: &TextFile,
    ) -> anyhow::Result<Proposal> {
        let roots: Vec<PathBuf> = path
            .parent()
            .map(|folder| rules::repository_of(folder).to_owned())
            .into_iter()
            .collect();
        let hunks =
            (!self.hunk.is_empty()).then(|| self.hunk.iter().map(|number| number - 1).collect());
        match coordinator
            .proposal(id, file.text.clone(), hunks, roots)
            .await
        {
            Err(Error::UnknownHunk { index, count }) => {
                bail!("there is no hunk {}; the proposal has {count}", index + 1)
            }
            proposal => Ok(proposal?),
        }
    }
}

/// Tells what became of a change.
struct Told<'a> {
    id: &'a RequestId,
    path: &'a Path,
    merge: &'a Merge,
    in_json: bool,
}

impl Told<'_> {
    fn checked(&self, change: &LineChange) -> anyhow::Result<ExitCode> {
        let (word, style, code) = match self.merge.status {
            MergeStatus::Clean => ("clean", GOOD, 0),
            MergeStatus::Moved => ("moved", GOOD, 0),
            MergeStatus::Conflict => ("conflict", WARN, CONFLICT),
        };
        if self.in_json {
            let problem = (code == CONFLICT).then(|| self.conflict());
            return self.json(Outcome::Checked, change, problem);
        }
        let LineChange { added, removed, .. } = change;
        print(&format!(
            "{}  +{added} −{removed}\n",
            paint(style.bold(), word)
        ))?;
        Ok(ExitCode::from(code))
    }

    fn refused(&self, change: &LineChange) -> anyhow::Result<ExitCode> {
        if self.in_json {
            return self.json(Outcome::Refused, change, Some(self.conflict()));
        }
        remark(&advice(self.merge));
        Ok(ExitCode::from(CONFLICT))
    }

    fn unchanged(&self, change: &LineChange) -> anyhow::Result<ExitCode> {
        if self.in_json {
            return self.json(Outcome::Unchanged, change, None);
        }
        remark("the file has the proposed change already");
        Ok(ExitCode::SUCCESS)
    }

    fn applied(
        &self,
        uri: &str,
        change: &LineChange,
        with_markers: bool,
    ) -> anyhow::Result<ExitCode> {
        if self.in_json {
            return if with_markers {
                let problem = Problem {
                    message: MARKERS.to_owned(),
                    exit_code: CONFLICT,
                };
                self.json(Outcome::AppliedWithMarkers, change, Some(problem))
            } else {
                self.json(Outcome::Applied, change, None)
            };
        }
        print(&diff(uri, change))?;
        if with_markers {
            remark(MARKERS);
            return Ok(ExitCode::from(CONFLICT));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn conflict(&self) -> Problem {
        Problem {
            message: advice(self.merge),
            exit_code: CONFLICT,
        }
    }

    fn json(
        &self,
        outcome: Outcome,
        change: &LineChange,
        error: Option<Problem>,
    ) -> anyhow::Result<ExitCode> {
        let code = error.as_ref().map_or(0, |error| error.exit_code);
        print_json(&Applied {
            request: self.id.clone(),
            path: self.path.display().to_string(),
            status: match self.merge.status {
                MergeStatus::Clean => Status::Clean,
                MergeStatus::Moved => Status::Moved,
                MergeStatus::Conflict => Status::Conflict,
            },
            outcome,
            added: change.added,
            removed: change.removed,
            diff: change.unified.clone(),
            error,
        })?;
        Ok(ExitCode::from(code))
    }
}

fn advice(merge: &Merge) -> String {
    let conflicts = merge.conflicts.len();
    let others = if merge.edits.is_empty() {
        String::new()
    } else {
        format!(
            "--hunk N applies one of the {} that do not, and ",
            merge.edits.len()
        )
    };
    format!(
        "nothing was written: {conflicts} of the changes conflict with what was typed meanwhile; \
         {others}--conflict-markers writes both versions into the file"
    )
}

/// The change as a unified diff.
fn diff(uri: &str, change: &LineChange) -> String {
    let name = inbox::name(uri);
    let mut text = paint(BOLD, format!("--- {name}\n+++ {name}")) + "\n";
    for line in visible::block(&change.unified).lines() {
        let shown = match line.as_bytes().first() {
            Some(b'+') => paint(GOOD, line),
            Some(b'-') => paint(BAD, line),
            Some(b'@') => paint(DIM, line),
            _ => line.to_owned(),
        };
        text.push_str(&shown);
        text.push('\n');
    }
    text
}
