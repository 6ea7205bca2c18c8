//! Whether a piece of text is a version of a piece of code.

use std::collections::HashMap;

/// Whether two texts have the same lines, but for white space around them and blank lines.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let solid = |text| {
        str::lines(text)
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    solid(a).eq(solid(b))
}

/// Whether `new` has at least half of its words in common with `old`, and no line that reads like a
/// sentence of its own.
pub(super) fn is_version_of(new: &str, old: &str) -> bool {
    let (new_words, old_words) = (words(new), words(old));
    let total = new_words.values().sum::<usize>() + old_words.values().sum::<usize>();
    let common: usize = new_words
        .iter()
        .map(|(word, count)| (*count).min(old_words.get(word).copied().unwrap_or(0)))
        .sum();
    let known = |line: &str| old.lines().any(|other| other.trim() == line.trim());
    let prose = new.lines().any(|line| is_sentence(line) && !known(line));
    total > 0 && 4 * common >= total && !prose
}

/// How often each word occurs. Signs are in all code.
fn words(text: &str) -> HashMap<&str, usize> {
    let mut words = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if !word.is_empty() {
            *words.entry(word).or_default() += 1;
        }
    }
    words
}

/// Whether a line reads like a sentence: several words, from a capital letter to a full stop.
fn is_sentence(line: &str) -> bool {
    let line = line.trim();
    let words = line.split_whitespace();
    let plain = |word: &str| {
        let word = word.trim_matches(['.', ',', ':', ';', '!', '?', '(', ')', '"', '`', '*']);
        word.chars()
            .all(|c| c.is_alphanumeric() || ['\'', '’', '-', '_'].contains(&c))
    };
    line.starts_with(char::is_uppercase)
        && line.ends_with(['.', ':', '!', '?'])
        && words.clone().count() >= 3
        && words.clone().filter(|word| plain(word)).count() * 4 >= words.count() * 3
}
