//! What providers do to a prompt when they quote it, and what of it may be left in their words.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::llm::plain_text;

const CODE: &str = "fn hidden_in_the_vault(key: &str) -> Option<u32> {\n    let label = \"blue \\n whale\";\n\
    \tif key.is_empty() && label != \"\" { return None; }\n    Some(42) // größer als 🎉 41\n}\n";

fn cleaned(said: &str) -> String {
    without(&plain_text::one_line(said), &[CODE], SHORTEST, MARK)
}

/// Demands that no run of 24 bytes of the source is in the text.
fn demand_no_run_of(source: &str, text: &str) {
    for run in source.as_bytes().windows(24) {
        let is_there = text.as_bytes().windows(run.len()).any(|it| it == run);
        assert!(
            !is_there,
            "{:?} is in {text:?}",
            String::from_utf8_lossy(run)
        );
    }
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#x27;")
}

fn ascii_json(text: &str) -> String {
    let mut escaped = String::new();
    for unit in json(text).encode_utf16() {
        match u8::try_from(unit).ok().filter(u8::is_ascii) {
            Some(byte) => escaped.push(char::from(byte)),
            None => escaped.push_str(&format!("\\u{unit:04x}")),
        }
    }
    escaped
}

fn url(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a provider may do to what it quotes.
const QUOTINGS: [fn(&str) -> String; 10] = [
    str::to_owned,
    json,
    |text| json(&json(text)),
    html,
    |text| json(&html(text)),
    |text| html(&html(text)),
    ascii_json,
    url,
    on_one_line,
    |text| format!("{text:?}"),
];

#[test]
fn a_quotation_is_taken_out_however_it_is_escaped() {
    for quoting in QUOTINGS {
        let said = format!("input '{}' is not allowed", quoting(CODE));
        let left = cleaned(&said);
        demand_no_run_of(CODE, &left);
        let frame = left.replace(['\'', '"'], "");
        assert!(frame.starts_with("input […]"), "{left}");
        assert!(frame.ends_with("is not allowed"), "{left}");
    }
}

#[rstest]
#[case::cut_at_its_end("got `fn hidden_in_the_vault(key: &s…` at 3", "got `[…]…` at 3")]
#[case::cut_in_the_middle(
    "got fn hidden_in_the_vault(ke ... // größer als 🎉 41 there",
    "got […] there"
)]
#[case::numbered_lines(
    "1: fn hidden_in_the_vault(key: &str) -> Option<u32> {\n2: let label = \"blue \\n whale\";",
    "1: […]"
)]
#[case::a_word_alone("no model `vault` for key 42", "no model `vault` for key 42")]
fn what_is_left_of_it_says_what_the_provider_says(#[case] said: &str, #[case] left: &str) {
    assert_eq!(cleaned(said), left);
}

#[rstest]
#[case("context length exceeded: 9000 > 8192 tokens")]
#[case("The model `gpt-9` does not exist or you do not have access to it.")]
#[case("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.")]
#[case("Rate limit reached for requests. Please try again in 20s.")]
#[case("größer als erlaubt")]
#[case("")]
fn what_quotes_nothing_is_left_alone(#[case] said: &str) {
    assert_eq!(cleaned(said), said);
}

#[test]
fn what_several_sources_have_is_taken_out() {
    let sources = ["the first of the secrets", "and this is another secret"];
    let said = "no: the first of the secrets, nor ever: AND or and this is another secret!";
    assert_eq!(
        without(said, &sources, SHORTEST, MARK),
        "no: […], nor ever: AND or […]!"
    );
}

#[test]
fn a_long_text_of_one_character_takes_no_longer_than_any_other() {
    let source = "=".repeat(4 * 1024 * 1024);
    let said = format!("bad: {}", "=".repeat(64 * 1024));
    assert_eq!(without(&said, &[&source], SHORTEST, MARK), "bad: […]");
}

proptest! {
    #[test]
    fn nothing_of_a_prompt_that_says_something_is_left(
        source in "([a-z_]{1,9}|[ \n\t\"'\\\\&<>%;:={}()#x25nu0-9-]|[äß漢🎉]){8,120}",
        quoting in proptest::sample::select(&QUOTINGS[..]),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        before in "[A-Za-z .]{0,20}",
        behind in "[A-Za-z .]{0,20}",
    ) {
        let characters: Vec<char> = source.chars().collect();
        let (start, end) = (cut.0.index(characters.len()), cut.1.index(characters.len()));
        let quoted: String = characters[start.min(end)..start.max(end)].iter().collect();
        let said = format!("{before}{}{behind}", quoting(&quoted));
        let left = without(&plain_text::one_line(&said), &[&source], SHORTEST, MARK);
        demand_no_run_of(&source, &left);
    }

    #[test]
    fn any_text_can_be_cleaned(said in any::<String>(), source in any::<String>()) {
        without(&said, &[&source], SHORTEST, MARK);
    }
}
