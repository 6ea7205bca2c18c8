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

/// The prompt of a question that fits.
fn built(question: &Question<'_>) -> Prompt {
    build(question).unwrap().prompt
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
    let prompt = built(&Question {
        span: (10, 20),
        ..question(text)
    });
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
    let prompt = built(&Question {
        history: &history,
        ..question("fn a() {}\n")
    });
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
    let prompt = built(&Question {
        span: (start, start + 10),
        ..question(&text)
    });
    let said = &prompt.turns[0].text;
    assert!(said.contains("let line_2500 "));
    assert!(said.contains("let line_2490 ") && said.contains("let line_2510 "));
    assert!(!said.contains("let line_1 ") && !said.contains("let line_5000 "));
    assert!(said.len() < 8192 * BYTES_PER_TOKEN);
}

#[test]
fn the_rules_of_the_project_go_along_as_far_as_they_fit() {
    let rules = "From AGENTS.md:\n\nUse tabs.";
    let prompt = built(&Question {
        rules: Some(rules),
        ..question("fn a() {}\n")
    });
    assert!(prompt.system.ends_with(rules), "{}", prompt.system);
    let long = "é".repeat(100_000);
    let prompt = built(&Question {
        rules: Some(&long),
        ..question("fn a() {}\n")
    });
    assert!(prompt.system.len() < 8192 * BYTES_PER_TOKEN / 2);
}

#[test]
fn a_change_is_asked_for_in_the_form_that_fits() {
    let small = "fn a() {}\nfn b() {}\n";
    let large = "fn a() {}\n".repeat(1000);
    let asked = |text: &str, span| {
        let prompt = built(&Question {
            intent: Intent::Edit,
            span,
            ..question(text)
        });
        assert_eq!(prompt.system, EDIT_SYSTEM);
        prompt.turns[0].text.clone()
    };
    assert!(asked(small, (0, 9)).contains("selected lines and nothing else"));
    assert!(asked(small, (0, small.len())).contains("text of the file"));
    assert!(asked(&large, (0, large.len())).ends_with(">>>>>>> REPLACE"));
}

#[test]
fn a_fence_in_the_code_does_not_end_the_block() {
    let prompt = built(&question("```\ninner\n```\n"));
    assert!(
        prompt.turns[0]
            .text
            .contains("````rust\n```\ninner\n```\n````")
    );
}

/// A thousand lines, and the lines from `first` to `last` of them, counted from 1.
fn long(first: usize, last: usize) -> (String, (usize, usize)) {
    let line = |n: usize| format!("    let value_{n} = compute({n});\n");
    let text: String = (1..=1000).map(line).collect();
    let start = (1..first).map(|n| line(n).len()).sum();
    let len: usize = (first..=last).map(|n| line(n).len()).sum();
    (text, (start, start + len))
}

#[test]
fn code_that_is_to_be_changed_goes_along_whole_or_not_at_all() {
    let (text, span) = long(50, 900);
    let edit = Question {
        intent: Intent::Edit,
        span,
        ..question(&text)
    };
    let too_long = build(&edit).unwrap_err();
    assert_eq!(check(&edit), Err(too_long.clone()));
    assert_eq!((too_long.lines, too_long.bytes), (851, span.1 - span.0));
    let said = too_long.to_string();
    assert!(
        said.contains("851 lines") && said.contains("8192 tokens"),
        "{said}"
    );
    let fits = long(50, 49 + too_long.fitting_lines).1;
    let fitting = Question {
        span: fits,
        ..edit.clone()
    };
    let built = build(&fitting).unwrap();
    let said = &built.prompt.turns[0].text;
    assert!(said.contains(&text[fits.0..fits.1]) && !said.contains("left out"));
    let one_more = long(50, 50 + too_long.fitting_lines).1;
    assert!(
        check(&Question {
            span: one_more,
            ..edit
        })
        .is_err()
    );
    let whole = Question {
        intent: Intent::Edit,
        ..question(&text)
    };
    let said = check(&whole).unwrap_err();
    assert!(
        said.to_string().starts_with("the file is too long"),
        "{said}"
    );
    assert!(
        said.remedy().starts_with("select the lines"),
        "{}",
        said.remedy()
    );
    // A question may be about more than fits: nothing is replaced by its answer.
    assert_eq!(check(&question(&text)), Ok(()));
}

#[test]
fn earlier_turns_take_no_room_from_code_that_is_to_be_changed() {
    let (text, span) = long(1, 500);
    let history: Vec<_> = (0..40).map(|n| turn(&format!("turn {n}"), 700)).collect();
    let text = &text[..span.1];
    for span in [span, (0, text.len())] {
        let edit = Question {
            intent: Intent::Edit,
            span,
            history: &history,
            ..question(text)
        };
        let built = build(&edit).unwrap();
        assert_eq!(built.shown, Some(Span::new(0, text.len())));
        assert!(built.prompt.turns.last().unwrap().text.contains(text));
    }
}

#[test]
fn what_is_shown_of_a_long_file_is_told() {
    let (text, span) = long(400, 410);
    let built = build(&Question {
        intent: Intent::Edit,
        span,
        ..question(&text)
    })
    .unwrap();
    let shown = built.shown.unwrap();
    assert!(shown.start > 0 && shown.end < text.len());
    assert!(shown.start <= span.0 && span.1 <= shown.end);
    assert!(
        built.prompt.turns[0]
            .text
            .contains(&text[shown.start..shown.end])
    );
    // A mere place in it is changed by blocks, of what is shown.
    let place = (span.0, span.0);
    let built = build(&Question {
        intent: Intent::Edit,
        span: place,
        ..question(&text)
    })
    .unwrap();
    assert!(built.prompt.turns[0].text.ends_with(">>>>>>> REPLACE"));
    assert!(built.shown.unwrap().len() < text.len());
}

proptest::proptest! {
    /// Whatever the window: code that is to be changed is in the prompt without a gap, or nothing is sent.
    #[test]
    fn a_change_is_asked_for_of_code_that_is_shown_or_not_at_all(
        text in "(\\PC{0,40}\n){0,80}",
        at in 0_usize..4000,
        length in 0_usize..4000,
        turns in 0_usize..6,
        context in 600_u32..9000,
    ) {
        let floor = |at: usize| floor_boundary(&text, at.min(text.len()));
        let span = (floor(at), floor(at + length).max(floor(at)));
        let history: Vec<_> = (0..turns).map(|n| turn("earlier", n * 900)).collect();
        let edit = Question {
            intent: Intent::Edit,
            span,
            history: &history,
            context_tokens: context,
            max_output_tokens: 256,
            ..question(&text)
        };
        let built = build(&edit);
        proptest::prop_assert_eq!(built.as_ref().err().cloned(), check(&edit).err());
        if let Ok(built) = built {
            let shown = built.shown.unwrap();
            let said = &built.prompt.turns.last().unwrap().text;
            proptest::prop_assert!(shown.start <= span.0 && span.1 <= shown.end);
            proptest::prop_assert!(said.contains(text[span.0..span.1].trim()));
            if !(said.contains(text[shown.start..shown.end].trim())) {
                // The surroundings end within the selection, which is there by itself.
                let around = said.split("The question is about").next().unwrap();
                let ends = (shown.start..=span.1).any(|end| {
                    text.is_char_boundary(end) && end >= span.0 && around.contains(text[shown.start..end].trim())
                });
                proptest::prop_assert!(ends, "a gap in {shown:?} of {said}");
            }
        }
    }

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
        let prompt = built(&Question {
            span: (floor(at), floor(at + length).max(floor(at))),
            history: &history,
            context_tokens: context,
            max_output_tokens: 256,
            ..question(&text)
        });
        let sent: usize = prompt.system.len() + prompt.turns.iter().map(|turn| turn.text.len()).sum::<usize>();
        proptest::prop_assert!(sent <= (context - 256) as usize * BYTES_PER_TOKEN + 200, "{sent} of {context}");
        proptest::prop_assert_eq!(prompt.turns.len() % 2, 1);
    }
}
