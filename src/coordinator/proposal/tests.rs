//! Proposals, from what a model wrote to the text that is applied.

use proptest::prelude::*;

use super::*;

const BASE: &str = "fn a() {\n    1\n}\n\nfn b() {\n    2\n}\n";

fn make(response: &str, ours: &str, hunks: Option<Vec<u32>>) -> Proposal {
    let start = BASE.find("fn b").unwrap();
    Proposal::make(&asked(start), response, ours.to_owned(), hunks).unwrap()
}

/// A change from an offset on, by a model that was shown everything.
fn asked(start: usize) -> Asked<'static> {
    Asked {
        prompt: "triple it",
        base: BASE,
        span: Span::new(start, BASE.len()),
        shown: Span::new(0, BASE.len()),
    }
}

#[test]
fn what_was_typed_above_moves_the_proposal() {
    let ours = format!("// typed\n{BASE}");
    let proposal = make("```rust\nfn b() {\n    3\n}\n```", &ours, None);
    assert_eq!(proposal.merge.as_ref().unwrap().status, MergeStatus::Moved);
    assert_eq!(proposal.merged, ours.replace("    2\n", "    3\n"));
    assert_eq!((proposal.change.added, proposal.change.removed), (1, 1));
}

#[test]
fn what_was_typed_inside_is_a_conflict_and_stays() {
    let ours = BASE.replace("    2\n", "    22\n");
    let proposal = make("```rust\nfn b() {\n    3\n}\n```", &ours, None);
    assert_eq!(
        proposal.merge.as_ref().unwrap().status,
        MergeStatus::Conflict
    );
    assert_eq!(proposal.merged, ours);
    let marked = proposal.marked.unwrap();
    let section = "<<<<<<< yours\n    22\n=======\n    3\n>>>>>>> proposed\n";
    assert_eq!(marked.text, ours.replace("    22\n", section));
    assert_eq!(apply(&ours, &marked.edits), marked.text);
    // What was typed is left where it is; markers are put around it.
    let typed = ours.find("    22\n").unwrap();
    assert!(
        marked
            .edits
            .iter()
            .all(|edit| edit.span.end <= typed || typed < edit.span.start)
    );
}

#[test]
fn prose_proposes_nothing_and_says_why() {
    let proposal = make("It is fine as it is.", BASE, None);
    assert!(proposal.merge.unwrap_err().contains("no code"));
    assert_eq!(proposal.merged, BASE);
    assert!(proposal.edits.is_empty());
}

#[test]
fn hunks_are_chosen_by_number() {
    let blocks = "<<<<<<< SEARCH\n    1\n=======\n    10\n>>>>>>> REPLACE\n\n\
                  <<<<<<< SEARCH\n    2\n=======\n    20\n>>>>>>> REPLACE\n";
    let proposal = make(blocks, BASE, Some(vec![1]));
    assert_eq!(proposal.merge.as_ref().unwrap().edits.len(), 2);
    assert_eq!(proposal.merged, BASE.replace("    2\n", "    20\n"));
    let wrong = Proposal::make(&asked(0), blocks, BASE.to_owned(), Some(vec![7]));
    assert!(matches!(
        wrong,
        Err(Error::UnknownHunk { index: 7, count: 2 })
    ));
}

#[test]
fn a_comment_that_asked_for_a_change_goes_with_it() {
    let base = "fn a() {}\n\n// @backchat triple it\nfn b() {\n    2\n}\n";
    let start = base.find("fn b").unwrap();
    let asked = Asked {
        prompt: "triple it",
        base,
        span: Span::new(start, base.len() - 1),
        shown: Span::new(0, base.len()),
    };
    let changed = "fn a() {}\n\nfn b() {\n    6\n}\n";
    let comment = "// @backchat triple it\n";
    for response in [
        "```rust\nfn b() {\n    6\n}\n```".to_owned(),
        format!("```rust\n{comment}fn b() {{\n    6\n}}\n```"),
        format!("```rust\n{changed}```"),
        "<<<<<<< SEARCH\n    2\n=======\n    6\n>>>>>>> REPLACE".to_owned(),
    ] {
        let proposal = Proposal::make(&asked, &response, base.to_owned(), None).unwrap();
        assert_eq!(proposal.merged, changed, "{response}");
    }
    // What was typed into it meanwhile is the user's.
    let typed = base.replace("triple it", "triple it, and more");
    let response = "```rust\nfn b() {\n    6\n}\n```";
    let proposal = Proposal::make(&asked, response, typed.clone(), None).unwrap();
    assert!(proposal.merged.contains("and more"));
    // Another prompt about the same code leaves it.
    let other = Asked {
        prompt: "double it",
        ..asked
    };
    let proposal = Proposal::make(&other, response, base.to_owned(), None).unwrap();
    assert!(proposal.merged.contains(comment));
}

/// What models do that were told to give back the selected lines and nothing else.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Everything between the first and the last fence of the prompt.
    WholePrompt,
    /// The first fenced block of the prompt: the file, or a part of it.
    FirstBlock,
    /// The last fenced block of the prompt: the selection.
    LastBlock,
    /// That with a line in place of its middle.
    Marked(&'static str),
    /// Its first half, as if that were all.
    FirstHalf,
    /// The code without a fence.
    Bare,
    /// A search/replace block for one of its lines.
    SearchReplace,
}

fn manners() -> impl Strategy<Value = Manner> {
    let marker = [
        "[… 4711 bytes left out …]",
        "// [… 4711 bytes left out …]",
        "/* 4711 bytes left out */",
    ];
    prop_oneof![
        Just(Manner::WholePrompt),
        Just(Manner::FirstBlock),
        Just(Manner::LastBlock),
        proptest::sample::select(marker.to_vec()).prop_map(Manner::Marked),
        Just(Manner::FirstHalf),
        Just(Manner::Bare),
        Just(Manner::SearchReplace),
    ]
}

/// The code blocks of a prompt, each as its lines.
fn code_blocks(said: &str) -> Vec<Vec<&str>> {
    let parts: Vec<_> = said.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2);
    blocks
        .map(|block| block.lines().skip(1).collect())
        .collect()
}

fn answer(manner: Manner, said: &str) -> String {
    let blocks = code_blocks(said);
    let (first, last) = (blocks.first().cloned(), blocks.last().cloned());
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let doubled = |lines: &[&str]| {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| line.replace("value", "doubled"))
            .collect();
        lines.join("\n")
    };
    let fenced = |code: String| format!("Sure:\n\n```rust\n{code}\n```\n");
    match manner {
        Manner::WholePrompt => fenced(doubled(&blocks.concat())),
        Manner::FirstBlock => fenced(doubled(&first)),
        Manner::LastBlock => fenced(doubled(&last)),
        Manner::Marked(marker) => {
            let third = last.len() / 3;
            let (head, tail) = (&last[..third], &last[last.len() - third..]);
            fenced([head, &[marker], tail].concat().join("\n"))
        }
        Manner::FirstHalf => fenced(doubled(&last[..last.len() / 2])),
        Manner::Bare => doubled(&last),
        Manner::SearchReplace => {
            let line = first.first().copied().unwrap_or_default();
            format!("<<<<<<< SEARCH\n{line}\n=======\nnew\n>>>>>>> REPLACE\n")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    /// Whatever the window, the selection and the model: what was left out of the prompt is in the result, and
    /// so is what was typed meanwhile.
    #[test]
    fn what_was_left_out_of_the_prompt_is_in_the_result(
        count in 1..400usize,
        selected in (0.0..1.0f64, 0.0..1.0f64),
        columns in (0..30usize, 0..30usize),
        context_tokens in 700..6_000u32,
        turns in 0..4usize,
        manner in manners(),
        typed in any::<(bool, bool)>(),
        only_first in any::<bool>(),
    ) {
        let lines: Vec<_> = (0..count).map(|n| format!("    let value_{n} = compute({n});\n")).collect();
        let base = lines.concat();
        let at = |(part, column): (f64, usize)| {
            let line = (part * count as f64) as usize;
            (lines[..line].concat().len() + column).min(base.len())
        };
        let (one, other) = (at((selected.0, columns.0)), at((selected.1, columns.1)));
        let span = Span::new(one.min(other), one.max(other));
        let earlier = crate::store::HistoryTurn {
            prompt: "earlier".to_owned(),
            code: String::new(),
            response: "x".repeat(900),
        };
        let built = prompt::build(&Question {
            prompt: "double it",
            intent: Intent::Edit,
            path: "src/main.rs",
            language: "rust",
            text: &base,
            span: (span.start, span.end),
            rules: None,
            history: &vec![earlier; turns],
            context_tokens,
            max_output_tokens: 256,
        });
        let Ok(built) = built else {
            return Ok(());
        };
        let said = &built.prompt.turns.last().unwrap().text;
        let asked = Asked {
            prompt: "double it", base: &base, span, shown: built.shown.unwrap() };
        let (above, below) = (["", "// above\n"], ["", "// below\n"]);
        let (above, below) = (above[usize::from(typed.0)], below[usize::from(typed.1)]);
        let ours = format!("{above}{base}{below}");
        let response = answer(manner, said);
        let made = Proposal::make(&asked, &response, ours.clone(), None).unwrap();
        let hunks = made.merge.as_ref().map_or(0, |merge| merge.edits.len());
        let made = match only_first && hunks > 1 {
            true => Proposal::make(&asked, &response, ours, Some(vec![0])).unwrap(),
            false => made,
        };
        prop_assert!(made.merged.starts_with(above) && made.merged.ends_with(below));
        let mut start = 0;
        for line in &lines {
            let end = start + line.len();
            // Of a line in which the selection begins or ends, a part may have been sent.
            let is_cut = [span.start, span.end].iter().any(|&at| start < at && at < end);
            let is_kept = said.contains(line.trim()) || made.merged.contains(line.as_str());
            prop_assert!(is_cut || is_kept, "{manner:?} lost {line}");
            start = end;
        }
        // By bytes as well: what is above and below what was shown stands there as it did.
        let (head, tail) = (&base[..asked.shown.start], &base[asked.shown.end..]);
        let (head, tail) = (above.to_owned() + head, tail.to_owned() + below);
        prop_assert!(made.merged.starts_with(&head) && made.merged.ends_with(&tail));
    }
}
