//! A prompt file taken apart: YAML between two lines of `---`, and the prompt below it.

use serde::Deserialize;

use crate::session::Intent;

/// The longest name: it is a title in menus.
const LONGEST_NAME: usize = 80;

/// The longest description.
const LONGEST_DESCRIPTION: usize = 400;

/// What a file says of itself. Everything may be left out.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FrontMatter {
    pub name: Option<String>,
    pub description: Option<String>,
    pub intent: Option<Intent>,
    pub model: Option<String>,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Counted from 1.
    pub line: Option<usize>,
    pub message: String,
}

impl Mistake {
    pub fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }
}

/// Takes a file's text apart into what it says of itself and the prompt.
///
/// A file that does not begin with a line of `---` is a prompt as a whole.
pub(super) fn parse(text: &str) -> Result<(FrontMatter, String), Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    if lines.next().map(str::trim_end) != Some("---") {
        return prompt_of(text, 1).map(|prompt| (FrontMatter::default(), prompt));
    }
    let start = text.find('\n').map_or(text.len(), |at| at + 1);
    let mut end = start;
    let mut line = 1;
    for content in lines {
        line += 1;
        if matches!(content.trim_end(), "---" | "...") {
            let front = read(&text[start..end])?;
            let prompt = prompt_of(&text[end + content.len()..], line)?;
            return Ok((front, prompt));
        }
        end += content.len();
    }
    Err(Mistake::at(
        1,
        "the front matter has no end: write a line of `---` below it",
    ))
}

/// The YAML, which begins in the file's second line.
fn read(yaml: &str) -> Result<FrontMatter, Mistake> {
    if yaml.trim().is_empty() {
        return Ok(FrontMatter::default());
    }
    let front: FrontMatter = serde_saphyr::from_str(yaml).map_err(|error| {
        let line = error
            .location()
            .and_then(|at| usize::try_from(at.line()).ok());
        Mistake {
            line: Some(line.map_or(1, |line| line + 1)),
            message: in_one_line(&error.without_snippet().to_string()),
        }
    })?;
    let line_of = |key: &str| {
        let found = yaml
            .lines()
            .position(|line| line.trim_start().starts_with(key));
        found.map_or(1, |index| index + 2)
    };
    for (key, value, longest) in [
        ("name", &front.name, LONGEST_NAME),
        ("description", &front.description, LONGEST_DESCRIPTION),
        ("model", &front.model, LONGEST_NAME),
    ] {
        let Some(value) = value else { continue };
        if value.trim().is_empty() {
            return Err(Mistake::at(line_of(key), format!("the {key} is empty")));
        }
        if value.chars().count() > longest || value.chars().any(is_invisible) {
            return Err(Mistake::at(
                line_of(key),
                format!("the {key} must be one line of at most {longest} visible characters"),
            ));
        }
    }
    Ok(front)
}

/// What follows the line with this number.
fn prompt_of(text: &str, line: usize) -> Result<String, Mistake> {
    let prompt = text.trim();
    if prompt.is_empty() {
        Err(Mistake::at(line, "there is no prompt in the file"))
    } else {
        Ok(prompt.replace("\r\n", "\n"))
    }
}

/// Control characters, and those that turn the direction of writing: a title with them shows something
/// else than it is.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn in_one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_of_itself_what_it_is() {
        let text = "\u{feff}---\r\nname: Find races\r\ndescription: \"Data races: all\"\r\nintent: edit\r\nmodel: sonnet\r\n---\r\n\r\nLook for\r\nraces.\r\n";
        let (front, prompt) = parse(text).unwrap();
        assert_eq!(front.name.as_deref(), Some("Find races"));
        assert_eq!(front.description.as_deref(), Some("Data races: all"));
        assert_eq!(front.intent, Some(Intent::Edit));
        assert_eq!(front.model.as_deref(), Some("sonnet"));
        assert_eq!(prompt, "Look for\nraces.");
    }

    #[rstest::rstest]
    #[case::no_front_matter("Explain it.\n---\nReally.", "Explain it.\n---\nReally.")]
    #[case::empty("---\n---\nExplain it.", "Explain it.")]
    #[case::only_a_comment("---\n# nothing yet\n---\nExplain it.", "Explain it.")]
    #[case::yamls_own_end("---\nintent: ask\n...\nExplain it.", "Explain it.")]
    fn everything_may_be_left_out(#[case] text: &str, #[case] prompt: &str) {
        let (front, found) = parse(text).unwrap();
        assert_eq!(found, prompt);
        assert_eq!(front.name, None);
    }

    #[rstest::rstest]
    #[case::no_end("---\nname: x\n", 1, "no end")]
    #[case::no_prompt("---\nname: x\n---\n \n", 3, "no prompt")]
    #[case::empty_file("", 1, "no prompt")]
    #[case::unknown_key("---\nname: x\nmodle: y\n---\np", 3, "modle")]
    #[case::intent("---\nname: x\n\nintent: chat\n---\np", 4, "chat")]
    #[case::type_of_value("---\nname: [x]\n---\np", 2, "")]
    #[case::not_yaml("---\nname: \"x\nintent: ask\n---\np", 2, "")]
    #[case::a_list("---\n- name\n---\np", 2, "")]
    #[case::two_lines("---\nname: |\n  one\n  two\n---\np", 2, "one line")]
    #[case::turned("---\nintent: ask\nname: \"x\\u202E\"\n---\np", 3, "visible")]
    #[case::empty_name("---\nname: \"\"\n---\np", 2, "name is empty")]
    fn a_mistake_is_told_with_its_line(
        #[case] text: &str,
        #[case] line: usize,
        #[case] said: &str,
    ) {
        let mistake = parse(text).unwrap_err();
        assert_eq!(mistake.line, Some(line), "{}", mistake.message);
        assert!(mistake.message.contains(said), "{}", mistake.message);
        assert!(!mistake.message.contains('\n'), "{}", mistake.message);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(---\n)?(\\PC{0,30}[\n\r:]){0,8}(---\n)?\\PC{0,20}") {
            let _ = parse(&text);
        }
    }
}
