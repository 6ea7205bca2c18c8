use super::*;

fn question(text: &str) -> Question<'_> {
    Question {
        prompt: "why?",
        intent: Intent::Ask,
        path: "src/main.rs",
        language: "rust",
        text,
        span: (0, text.len()),
        rules: None,
        history: &[],
        context_tokens: 8192,
        max_output_tokens: 1024,
    }
}

fn turn(name: &str, bytes: usize) -> HistoryTurn {
    HistoryTurn {
        prompt: name.to_owned(),
        code: String::new(),
        response: "x".repeat(bytes),
    }
}

#[test]
fn a_small_file_goes_along_whole_with_the_selection_named() {
    let text = "fn a() {}\nfn b() {}\nfn c() {}\n";
    let prompt = build(&Question {
        span: (10, 20),
        ..question(text)
    })
    .prompt;
    let said = &prompt.turns[0].text;
    assert!(said.contains(text), "{said}");
    assert!(said.contains("lines 2 to 2"), "{said}");
    assert!(said.ends_with("why?"), "{said}");
}

#[test]
fn the_oldest_turns_are_dropped_first() {
    let history = [
        turn("first", 9000),
        turn("second", 9000),
        turn("third", 9000),
    ];
    let prompt = build(&Question {
        history: &history,
        ..question("fn a() {}\n")
    })
    .prompt;
    let asked: Vec<_> = prompt
        .turns
        .iter()
        .filter(|turn| turn.role == Role::User)
        .map(|turn| turn.text.lines().last().unwrap_or_default())
        .collect();
    assert_eq!(asked, ["second", "third", "why?"]);
}

#[test]
fn a_large_file_is_cut_to_the_lines_around_the_selection() {
    let text: String = (1..=5000)
        .map(|n| format!("let line_{n} = {n};\n"))
        .collect();
    let start = text.find("let line_2500 ").unwrap();
    let prompt = build(&Question {
        span: (start, start + 10),
        ..question(&text)
    })
    .prompt;
    let said = &prompt.turns[0].text;
    assert!(said.contains("let line_2500 "));
    assert!(said.contains("let line_2490 ") && said.contains("let line_2510 "));
    assert!(!said.contains("let line_1 ") && !said.contains("let line_5000 "));
    assert!(said.len() < 8192 * BYTES_PER_TOKEN);
}

#[test]
fn the_rules_of_the_project_go_along_as_far_as_they_fit() {
    let rules = "From AGENTS.md:\n\nUse tabs.";
    let prompt = build(&Question {
        rules: Some(rules),
        ..question("fn a() {}\n")
    })
    .prompt;
    assert!(prompt.system.ends_with(rules), "{}", prompt.system);
    let long = "é".repeat(100_000);
    let prompt = build(&Question {
        rules: Some(&long),
        ..question("fn a() {}\n")
    })
    .prompt;
    assert!(prompt.system.len() < 8192 * BYTES_PER_TOKEN / 2);
}

#[test]
fn a_change_is_asked_for_in_the_form_that_fits() {
    let small = "fn a() {}\nfn b() {}\n";
    let large = "fn a() {}\n".repeat(1000);
    let asked = |text: &str, span| {
        let prompt = build(&Question {
            intent: Intent::Edit,
            span,
            ..question(text)
        })
        .prompt;
        assert_eq!(prompt.system, EDIT_SYSTEM);
        prompt.turns[0].text.clone()
    };
    assert!(asked(small, (0, 9)).contains("selected lines and nothing else"));
    assert!(asked(small, (0, small.len())).contains("text of the file"));
    assert!(asked(&large, (0, large.len())).ends_with(">>>>>>> REPLACE"));
}

#[test]
fn a_fence_in_the_code_does_not_end_the_block() {
    let prompt = build(&question("```\ninner\n```\n")).prompt;
    assert!(
        prompt.turns[0]
            .text
            .contains("````rust\n```\ninner\n```\n````")
    );
}

proptest::proptest! {
    #[test]
    fn any_question_fits_its_window(
        text in "(\\PC{0,40}\n){0,80}",
        at in 0_usize..4000,
        length in 0_usize..4000,
        turns in 0_usize..6,
        context in 600_u32..9000,
    ) {
        let floor = |at: usize| floor_boundary(&text, at.min(text.len()));
        let history: Vec<_> = (0..turns).map(|n| turn("earlier", n * 900)).collect();
        let prompt = build(&Question {
            span: (floor(at), floor(at + length).max(floor(at))),
            history: &history,
            context_tokens: context,
            max_output_tokens: 256,
            ..question(&text)
        }).prompt;
        let sent: usize = prompt.system.len() + prompt.turns.iter().map(|turn| turn.text.len()).sum::<usize>();
        proptest::prop_assert!(sent <= (context - 256) as usize * BYTES_PER_TOKEN + 200, "{sent} of {context}");
        proptest::prop_assert_eq!(prompt.turns.len() % 2, 1);
    }
}
