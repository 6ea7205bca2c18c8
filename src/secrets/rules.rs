//! The shapes of secrets, each with the mark by which it is known.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::placeholder::is_placeholder;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub kind: &'static str,
    /// Where it is, in bytes. A private key reaches to its end mark.
    pub span: Range<usize>,
}

/// A shape: what it is, and its pattern. The group, where there is one, is the part that is random.
type Shape = (&'static str, &'static str);

/// Shapes that their issuers document. A pattern begins with literal text where it can, by which the search
/// is fast, and ends where a longer word would be something else.
const SHAPES: [Shape; 33] = [
    ("age secret key", r"\bAGE-SECRET-KEY-1([0-9A-Z]{58})\b"),
    (
        "Anthropic key",
        r"\bsk-ant-[a-z]{3,6}[0-9]{2}-([0-9A-Za-z_-]{24,200})",
    ),
    ("AWS access key", r"\b(?:AKIA|ASIA)([A-Z2-7]{16})\b"),
    (
        "AWS secret key",
        r#"(?i)\baws_?secret_?(?:access_?)?key\b["']?\s{0,4}[:=]\s{0,4}["']?([a-z0-9/+]{40})(?:[^a-z0-9/+=]|$)"#,
    ),
    ("Azure storage key", r"\bAccountKey=([A-Za-z0-9+/]{86}==)"),
    ("Cargo registry token", r"\bcio([A-Za-z0-9]{32})\b"),
    ("Databricks token", r"\bdapi([0-9a-f]{32})\b"),
    ("DigitalOcean token", r"\bdo[opr]_v1_([0-9a-f]{64})\b"),
    (
        "Docker token",
        r"\bdckr_(?:pat|oat)_([0-9A-Za-z_-]{27,32})\b",
    ),
    ("GitHub token", r"\bgh[pousr]_([A-Za-z0-9]{36,251})\b"),
    (
        "GitHub token",
        r"\bgithub_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
    ),
    (
        "GitLab token",
        r"\bgl(?:pat|dt|rt|ptt|soat|cbt)-([0-9A-Za-z_-]{20,64})\b",
    ),
    (
        "Google API key",
        r"\bAIza([0-9A-Za-z_-]{35})(?:[^0-9A-Za-z_-]|$)",
    ),
    (
        "Google client secret",
        r"\bGOCSPX-([0-9A-Za-z_-]{28})(?:[^0-9A-Za-z_-]|$)",
    ),
    ("Groq key", r"\bgsk_([A-Za-z0-9]{52})\b"),
    ("Hugging Face token", r"\bhf_([A-Za-z]{34})\b"),
    (
        "JSON Web Token",
        r"\beyJ[0-9A-Za-z_-]{10,2000}\.eyJ[0-9A-Za-z_-]{10,4000}\.([0-9A-Za-z_-]{24,1000})",
    ),
    ("Linear key", r"\blin_(?:api|oauth)_([A-Za-z0-9]{40,64})\b"),
    ("npm token", r"\bnpm_([A-Za-z0-9]{36})\b"),
    (
        "OpenAI key",
        r"\bsk-(?:proj|svcacct|admin|None)-([0-9A-Za-z_-]{24,220})",
    ),
    (
        "OpenAI key",
        r"\bsk-([A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})\b",
    ),
    ("OpenRouter key", r"\bsk-or-v1-([0-9a-f]{64})\b"),
    // The scheme, a name, and a password that no variable stands for.
    (
        "password in an address",
        r#"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@"'`<>]{0,64}:([^\s/:@"'`<>{}$%*]{8,128})@[A-Za-z0-9\[]"#,
    ),
    ("PyPI token", r"\bpypi-AgE([0-9A-Za-z_-]{50,500})"),
    (
        "SendGrid key",
        r"\bSG\.([0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43})(?:[^0-9A-Za-z_-]|$)",
    ),
    ("Shopify token", r"\bshp(?:at|ca|pa|ss)_([0-9a-fA-F]{32})\b"),
    ("Slack token", r"\bxox[abeoprs]-([0-9A-Za-z-]{20,250})"),
    ("Slack token", r"\bxapp-[0-9]-([0-9A-Za-z-]{30,250})"),
    (
        "Slack webhook",
        r"\bhooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/]{30,120})",
    ),
    (
        "Stripe key",
        r"\b(?:sk|rk)_(?:live|test)_([A-Za-z0-9]{20,200})\b",
    ),
    ("Stripe webhook secret", r"\bwhsec_([A-Za-z0-9+/]{32,64})"),
    (
        "Telegram bot token",
        r"\b[0-9]{8,10}:(AA[0-9A-Za-z_-]{33})(?:[^0-9A-Za-z_-]|$)",
    ),
    ("Vault token", r"\bhv[sbr]\.([0-9A-Za-z_-]{24,200})"),
];

/// The most that belongs to one private key: far longer than any.
const LONGEST_KEY: usize = 32 * 1024;

/// Secrets of one kind in one text that are told; a dump of thousands is told by its first ones.
const MOST_OF_A_KIND: usize = 20;

static PATTERNS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let compiled = SHAPES.iter().map(|(kind, pattern)| {
        // Words end at ASCII's borders: with those of Unicode the search is slow in text that has others.
        let regex = Regex::new(&pattern.replace(r"\b", r"(?-u:\b)"));
        regex.map(|regex| (*kind, regex))
    });
    // A test looks that every pattern is one.
    compiled.filter_map(Result::ok).collect()
});

static PRIVATE_KEY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PRIVATE_KEY_BEGINS).ok());

/// The line before a private key in PEM or OpenPGP armor, and the first line of one of PuTTY.
/// Source: <https://www.rfc-editor.org/rfc/rfc7468>, <https://www.rfc-editor.org/rfc/rfc9580#section-6.2>.
const PRIVATE_KEY_BEGINS: &str =
    r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----|\bPuTTY-User-Key-File-[23]:";

/// The secrets in a text, in the order of their places.
#[must_use]
pub fn scan(text: &str) -> Vec<Match> {
    let mut found = private_keys(text);
    for (kind, pattern) in PATTERNS.iter() {
        let matches = pattern
            .captures_iter(text)
            .filter_map(|captures| captures.get(1).zip(captures.get(0)))
            .filter(|(random, _)| !is_placeholder(random.as_str()))
            .map(|(random, whole)| Match {
                kind,
                span: whole.start()..random.end(),
            });
        found.extend(matches.take(MOST_OF_A_KIND));
    }
    found.sort_by_key(|found| (found.span.start, found.span.end));
    found
}

fn private_keys(text: &str) -> Vec<Match> {
    let Some(begins) = PRIVATE_KEY.as_ref() else {
        return Vec::new();
    };
    let keys = begins.find_iter(text).filter_map(|begin| {
        let rest = &text[begin.end()..];
        let mut end = rest.find("-----END").unwrap_or(rest.len()).min(LONGEST_KEY);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        has_key_material(&rest[..end]).then(|| Match {
            kind: "private key",
            span: begin.start()..begin.end() + end,
        })
    });
    keys.take(MOST_OF_A_KIND).collect()
}

/// Whether there is a line of base64 as long as even the shortest key has: not in a text that only talks of
/// keys, nor where dots stand for one.
fn has_key_material(body: &str) -> bool {
    body.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        .any(|run| run.len() >= 32 && !is_placeholder(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(PATTERNS.len(), SHAPES.len());
        assert!(PRIVATE_KEY.is_some());
        for (kind, pattern) in PATTERNS.iter() {
            assert_eq!(pattern.captures_len(), 2, "{kind} has one random part");
        }
    }
}
