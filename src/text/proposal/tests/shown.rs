//! Models that were shown a part of the text, and what they do to the rest: nothing.

use super::*;

/// How a model answers that was told to give back the selected lines and nothing else.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// All that it was shown, as if it were the file.
    Everything,
    /// The selected lines.
    Selection,
    /// What it was shown of the selection.
    ShownSelection,
    /// Both ends of the selection, with a line between them that says what was left out.
    Marker(&'static str),
    /// The lower half of what it was shown.
    Half,
    /// A search/replace block for a line.
    Block,
    /// A diff of a line.
    Diff,
    /// The selected lines without a fence.
    Bare,
}

const MARKERS: [&str; 6] = [
    "[… 4711 bytes left out …]",
    "// [… 4711 bytes left out …]",
    "# ... 4711 bytes left out ...",
    "// 4711 bytes left out",
    "/* [ 4711 bytes ] */",
    "",
];

fn manners() -> impl Strategy<Value = Manner> {
    prop_oneof![
        Just(Manner::Everything),
        Just(Manner::Selection),
        Just(Manner::ShownSelection),
        proptest::sample::select(&MARKERS[..]).prop_map(Manner::Marker),
        Just(Manner::Half),
        Just(Manner::Block),
        Just(Manner::Diff),
        Just(Manner::Bare),
    ]
}

/// The lines, every so many of them changed.
fn changed(lines: &[String], every: usize) -> Vec<String> {
    let change = |(i, line): (usize, &String)| match i % every {
        0 => line.replace("number", "NUMBER"),
        _ => line.clone(),
    };
    lines.iter().enumerate().map(change).collect()
}

fn answer(manner: Manner, shown: &[String], selected: &[String], every: usize) -> String {
    let fenced = |lines: &[String]| format!("Sure:\n\n```text\n{}```\n", lines.concat());
    match manner {
        Manner::Everything => fenced(&changed(shown, every)),
        Manner::Selection => fenced(&changed(selected, every)),
        Manner::ShownSelection => {
            let seen = selected.iter().filter(|line| shown.contains(line)).cloned();
            fenced(&changed(&seen.collect::<Vec<_>>(), every))
        }
        Manner::Marker(marker) => {
            let third = selected.len() / 3;
            let mut lines = changed(&selected[..third], every);
            lines.push(format!("{marker}\n"));
            lines.extend_from_slice(&selected[selected.len() - third..]);
            fenced(&lines)
        }
        Manner::Half => fenced(&changed(&shown[shown.len() / 2..], every)),
        Manner::Block => {
            let line = shown.first().cloned().unwrap_or_default();
            format!("<<<<<<< SEARCH\n{line}=======\nchanged\n>>>>>>> REPLACE\n")
        }
        Manner::Diff => {
            let line = shown.last().cloned().unwrap_or_default();
            format!("```diff\n-{line}+changed\n```\n")
        }
        Manner::Bare => changed(selected, every).concat(),
    }
}

proptest! {
    #![proptest_config(cases(600))]

    /// Whatever was shown, selected and answered: what was left out of the prompt is in the text.
    #[test]
    fn what_a_model_was_not_shown_stays(
        count in 1..120usize,
        shown in (0.0..1.0f64, 0.0..1.0f64),
        selected in (0.0..1.0f64, 0.0..1.0f64),
        manner in manners(),
        every in 1..9usize,
        line_break in proptest::sample::select(&["\n", "\r\n", "\r"][..]),
        ends_with_break in any::<bool>(),
    ) {
        let lines = document(count, "line");
        let part = |(one, other): (f64, f64)| {
            let at = |part: f64| (part * (count + 1) as f64) as usize;
            (at(one.min(other)), at(one.max(other)))
        };
        let (shown, selected) = (part(shown), part(selected));
        let offset = |line: usize| -> usize {
            lines[..line].iter().map(|line| line.len() - 1 + line_break.len()).sum()
        };
        let mut base = lines.concat().replace('\n', line_break);
        if !ends_with_break {
            base.truncate(base.len() - line_break.len());
        }
        let span = |part: (usize, usize)| {
            Span::new(offset(part.0).min(base.len()), offset(part.1).min(base.len()))
        };
        let response = answer(manner, &lines[shown.0..shown.1], &lines[selected.0..selected.1], every);
        if let Ok(proposed) = decode(&response, &base, span(selected), span(shown)) {
            let (above, below) = (&base[..span(shown).start], &base[span(shown).end..]);
            prop_assert!(proposed.text.starts_with(above), "{manner:?}: {response}");
            prop_assert!(proposed.text[above.len()..].ends_with(below), "{manner:?}: {response}");
            // Also when only some of the hunks are applied.
            for hunk in &proposed.hunks {
                let mut text = base.clone();
                text.replace_range(hunk.span.start..hunk.span.end, &hunk.text);
                prop_assert!(text.starts_with(above) && text[above.len()..].ends_with(below));
            }
        }
    }
}

#[test]
fn a_block_for_what_was_shown_of_a_long_file_changes_that_part() {
    let lines = document(300, "line");
    let shown = Span::new(lines[..100].concat().len(), lines[..200].concat().len());
    let anchor = Span::new(lines[..140].concat().len(), lines[..150].concat().len());
    let mut new = lines[100..200].to_vec();
    new[45] = "changed\n".to_owned();
    let response = format!("```text\n{}```\n", new.concat());
    let proposed = decode(&response, &lines.concat(), anchor, shown).unwrap();
    let expected = [&lines[..100], &new, &lines[200..]].concat().concat();
    assert_eq!(proposed.text, expected);
}

#[test]
fn a_block_never_stands_for_code_that_was_shown_in_part() {
    let lines = document(300, "line");
    let base = lines.concat();
    let shown = Span::new(0, lines[..100].concat().len());
    let anchor = whole(&base);
    let marker = "[… 9999 bytes left out …]\n".to_owned();
    let ends = [&lines[..50], &[marker], &lines[250..]].concat();
    for response in [lines[..100].concat(), ends.concat(), base.clone()] {
        let response = format!("```text\n{response}```\n");
        let refused = decode(&response, &base, anchor, shown);
        assert_eq!(refused, Err(Undecodable::NotShown));
    }
    // What names the lines that it changes is taken, where these were shown.
    let block = |line: &str| format!("<<<<<<< SEARCH\n{line}=======\nnew\n>>>>>>> REPLACE\n");
    let proposed = decode(&block(&lines[7]), &base, anchor, shown).unwrap();
    assert_eq!(proposed.text, base.replacen(&lines[7], "new\n", 1));
    let refused = decode(&block(&lines[200]), &base, anchor, shown);
    assert!(matches!(refused, Err(Undecodable::NotFound { .. })));
}
