//! Agreement with other merges: `git merge-file`, where git is installed, and the crate diffy.
//!
//! Where all lines differ from each other there is one way to pair those of two texts, and all must
//! agree. Where lines repeat there are several, and each diff has its own rules of thumb for choosing:
//! that, and nothing else, may make a difference, and seldom.

use std::path::Path;
use std::process::Command;

use super::*;

/// A text of lines, each one of `kinds`; with 0 kinds each is unlike all others.
fn document(rng: &mut fastrand::Rng, kinds: usize) -> Vec<String> {
    let len = rng.usize(..16);
    let line = |i| match kinds {
        0 => format!("line {i}\n"),
        _ => format!("kind {}\n", rng.usize(..kinds)),
    };
    (0..len).map(line).collect()
}

/// The lines with up to three edits. Now and then both sides write the same lines.
fn edited(rng: &mut fastrand::Rng, base: &[String], kinds: usize, side: &str) -> Vec<String> {
    let mut lines = base.to_vec();
    for edit in 0..rng.usize(..4) {
        let at = rng.usize(..=lines.len());
        let removed = rng.usize(..4).min(lines.len() - at);
        let shared = rng.u8(..3) == 0;
        let new: Vec<_> = (0..rng.usize(..4))
            .map(|i| match kinds {
                0 if shared => format!("shared {at} {i}\n"),
                0 => format!("{side} {edit} {i}\n"),
                _ => format!("kind {}\n", rng.usize(..kinds)),
            })
            .collect();
        lines.splice(at..at + removed, new);
    }
    lines
}

/// A generated case: base, ours, theirs.
struct Case {
    base: Vec<String>,
    ours: Vec<String>,
    theirs: Vec<String>,
}

fn generated(seed: u64, count: usize, kinds: usize) -> impl Iterator<Item = Case> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..count).map(move |_| {
        let base = document(&mut rng, kinds);
        let ours = edited(&mut rng, &base, kinds, "ours");
        let theirs = edited(&mut rng, &base, kinds, "theirs");
        Case { base, ours, theirs }
    })
}

impl Case {
    /// Whether there is more than one way to pair the lines of the base with those of a side: a
    /// line that both have is more than once in one of them.
    fn has_choice(&self) -> bool {
        let count = |lines: &[String], line| lines.iter().filter(|other| *other == line).count();
        [&self.ours, &self.theirs].into_iter().any(|side| {
            let mut lines = self.base.iter();
            lines.any(|line| {
                count(side, line) > 0 && count(side, line) + count(&self.base, line) > 2
            })
        })
    }
}

/// The merged text, conflicts resolved in favour of ours, and whether there were any.
type Outcome = (String, bool);

fn by_git(dir: &Path, case: &Case) -> Outcome {
    let sides = [
        ("base", &case.base),
        ("ours", &case.ours),
        ("theirs", &case.theirs),
    ];
    for (name, lines) in sides {
        std::fs::write(dir.join(name), lines.concat()).unwrap();
    }
    let run = |option: &[&str]| {
        let out = Command::new("git")
            .current_dir(dir)
            .args(["merge-file", "-p", "-q", "--diff-algorithm=histogram"])
            .args(option)
            .args(["ours", "base", "theirs"])
            .output()
            .unwrap();
        assert!(
            out.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        (
            String::from_utf8(out.stdout).unwrap(),
            out.status.code() != Some(0),
        )
    };
    match run(&[]) {
        (_, true) => (run(&["--ours"]).0, true),
        clean => clean,
    }
}

fn by_us(case: &Case) -> Outcome {
    let merge = merge(
        &case.base.concat(),
        &case.ours.concat(),
        &case.theirs.concat(),
    );
    (merge.text, !merge.conflicts.is_empty())
}

/// How many of the cases differ; each must have a choice of alignments.
fn differences(
    cases: impl Iterator<Item = Case>,
    other: impl Fn(&Case, &Outcome) -> bool,
) -> usize {
    let mut differing = 0;
    for case in cases {
        let merged = by_us(&case);
        if !other(&case, &merged) {
            assert!(
                case.has_choice(),
                "base {:?}\nours {:?}\ntheirs {:?}\nmerged {merged:?}",
                case.base,
                case.ours,
                case.theirs
            );
            differing += 1;
        }
    }
    differing
}

#[test]
fn git_agrees() {
    let installed = Command::new("git").args(["merge-file", "-h"]).output();
    let help = installed.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    if !help.is_ok_and(|help| help.contains("--diff-algorithm")) {
        // Without a git that can be asked for the same diff, diffy below is the one to agree with.
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let same = |case: &Case, merged: &Outcome| by_git(dir.path(), case) == *merged;
    assert_eq!(differences(generated(1, 1000, 0), same), 0);
    let differing =
        differences(generated(2, 500, 8), same) + differences(generated(3, 500, 3), same);
    assert!(differing <= 30, "{differing} of 1000 differ");
}

#[test]
fn diffy_agrees() {
    let same = |case: &Case, merged: &Outcome| {
        let texts = [&case.base, &case.ours, &case.theirs].map(|lines| lines.concat());
        let theirs = diffy::merge(&texts[0], &texts[1], &texts[2]);
        match theirs {
            Ok(text) => (text, false) == *merged,
            Err(_) => merged.1,
        }
    };
    assert_eq!(differences(generated(4, 5000, 0), same), 0);
    let differing =
        differences(generated(5, 2500, 8), same) + differences(generated(6, 2500, 3), same);
    assert!(differing <= 150, "{differing} of 5000 differ");
}
