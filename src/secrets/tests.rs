//! What is found, what is not, and how it is named. Tokens are put together here, so that no tool takes this
//! file for a leak.

use std::path::Path;

use super::{Finding, Sources, scan, survey};
use crate::llm::{Prompt, Role, Turn};
use crate::store::HistoryTurn;

/// Characters as random as those of a token, always the same.
fn random(alphabet: &str, length: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            letters[usize::try_from(state >> 33).unwrap() % letters.len()]
        })
        .collect()
}

const WORD: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn word(length: usize) -> String {
    random(WORD, length)
}

fn private_key(label: &str) -> String {
    let body: Vec<String> = (0..8).map(|line| word(64 - line % 2)).collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        body.join("\n")
    )
}

fn kinds(text: &str) -> Vec<&'static str> {
    scan(text).into_iter().map(|found| found.kind).collect()
}

#[test]
fn the_shapes_of_well_known_tokens_are_found() {
    let tokens = [
        ("Anthropic key", format!("sk-ant-api03-{}", word(95))),
        ("AWS access key", format!("AKIA{}", random(UPPER, 16))),
        (
            "AWS secret key",
            format!("aws_secret_access_key = {}", word(40)),
        ),
        (
            "AWS secret key",
            format!("\"AWS_SECRET_ACCESS_KEY\": \"{}\"", word(40)),
        ),
        (
            "Azure storage key",
            format!("DefaultEndpointsProtocol=https;AccountKey={}==;", word(86)),
        ),
        ("GitHub token", format!("ghp_{}", word(36))),
        (
            "GitHub token",
            format!("github_pat_{}_{}", word(22), word(59)),
        ),
        ("GitLab token", format!("glpat-{}", word(20))),
        ("Google API key", format!("AIza{}", word(35))),
        (
            "Hugging Face token",
            format!("hf_{}", random(&WORD[..52], 34)),
        ),
        (
            "JSON Web Token",
            format!("eyJ{}.eyJ{}.{}", word(33), word(60), word(43)),
        ),
        ("npm token", format!("npm_{}", word(36))),
        ("OpenAI key", format!("sk-proj-{}", word(120))),
        ("OpenAI key", format!("sk-{}T3BlbkFJ{}", word(20), word(20))),
        ("OpenRouter key", format!("sk-or-v1-{}", random(HEX, 64))),
        (
            "password in an address",
            format!("postgres://app:{}@db.internal:5432/app", word(14)),
        ),
        ("PyPI token", format!("pypi-AgEIcHlwaS5vcmc{}", word(120))),
        ("SendGrid key", format!("SG.{}.{}", word(22), word(43))),
        (
            "Slack token",
            format!("xoxb-{}-{}", "20413245671", word(24)),
        ),
        (
            "Slack webhook",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                word(9),
                word(9),
                word(24)
            ),
        ),
        ("Stripe key", format!("sk_live_{}", word(24))),
        ("Telegram bot token", format!("712345678:AA{}", word(33))),
        ("private key", private_key("RSA PRIVATE KEY")),
        ("private key", private_key("OPENSSH PRIVATE KEY")),
        ("private key", private_key("PGP PRIVATE KEY BLOCK")),
        // As it stands in JSON.
        (
            "private key",
            private_key("PRIVATE KEY").replace('\n', "\\n"),
        ),
    ];
    for (kind, token) in tokens {
        for text in [
            token.clone(),
            format!("let key = \"{token}\";\n"),
            format!("é KEY={token}\n# more"),
        ] {
            assert!(kinds(&text).contains(&kind), "no {kind} in {text}");
            let found = scan(&text);
            let span = found.iter().find(|found| found.kind == kind).unwrap();
            assert!(text.get(span.span.clone()).is_some());
        }
    }
}

#[test]
fn ordinary_text_is_let_through() {
    let examples = [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
        "export OPENAI_API_KEY=sk-proj-your-key-goes-right-here".to_owned(),
        "sk-ant-api03-...".to_owned(),
        "postgres://user:password@localhost/db".to_owned(),
        "https://user:${PASSWORD}@host".to_owned(),
        "https://example.com:8080/path@2".to_owned(),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".to_owned(),
        "if line == \"-----BEGIN RSA PRIVATE KEY-----\" { return Err(Error::Refused) }".to_owned(),
        format!("-----BEGIN CERTIFICATE-----\n{}\n", word(64)),
        format!("-----BEGIN PUBLIC KEY-----\n{}\n", word(64)),
        format!("sha256:{}", random(HEX, 64)),
        format!("commit {}", random(HEX, 40)),
        format!("\"integrity\": \"sha512-{}==\"", word(86)),
        "0191f2c4-8f2a-7cc3-98c4-dc0c0c07398f".to_owned(),
        "risk-adjusted-return-on-capital-and-more-words".to_owned(),
        "let password = prompt(\"password: \");".to_owned(),
    ];
    for text in examples {
        assert_eq!(kinds(&text), [""; 0], "in {text}");
    }
}

/// This repository's own sources and locks, which have long hashes, keys of tests and all sorts of words.
#[test]
fn the_projects_own_files_are_let_through() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("tests"), root.join("editors")];
    let mut files = vec![root.join("Cargo.lock"), root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !["node_modules", "dist", "out"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100);
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        // A key of a test's own TLS server is what it seems.
        let found: Vec<_> = scan(&text)
            .into_iter()
            .filter(|found| found.kind != "private key")
            .map(|found| (found.kind, &text[found.span]))
            .collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

fn prompt(parts: &[&str]) -> Prompt {
    Prompt {
        system: "Answer.".to_owned(),
        turns: parts
            .iter()
            .map(|part| Turn {
                role: Role::User,
                text: (*part).to_owned(),
            })
            .collect(),
    }
}

fn places(findings: &[Finding]) -> Vec<(&str, &str, Option<u32>)> {
    findings
        .iter()
        .map(|finding| (finding.kind.as_str(), finding.place.as_str(), finding.line))
        .collect()
}

#[test]
fn a_finding_says_where() {
    let token = format!("ghp_{}", word(36));
    let (stripe, npm) = (format!("sk_live_{}", word(24)), format!("npm_{}", word(36)));
    let buffer = format!("one\ntwo {token}\nthree\n");
    let rules = format!("From src/AGENTS.md:\n\nUse {stripe} for payments.\n\n");
    let history = [HistoryTurn {
        prompt: "why?".to_owned(),
        code: String::new(),
        response: format!("because of {npm}"),
    }];
    let sources = Sources {
        prompt: &format!("again: {token}"),
        buffer: Some(&buffer),
        path: None,
        rules: Some(&rules),
        history: &history,
    };
    let all = prompt(&[&buffer, &rules, &history[0].response, sources.prompt]);
    let findings = survey(&sources, &all);
    assert_eq!(
        places(&findings),
        [
            ("GitHub token", "the prompt", None),
            ("Stripe key", "src/AGENTS.md", None),
            ("npm token", "an earlier turn", None),
        ],
        "each secret once"
    );
    let told = format!("{findings:?}");
    for secret in [&token, &stripe, &npm] {
        assert!(!told.contains(secret.as_str()));
    }

    let of_buffer = Sources {
        prompt: "why?",
        rules: None,
        history: &[],
        ..sources
    };
    let findings = survey(&of_buffer, &all);
    assert_eq!(places(&findings), [("GitHub token", "line 2", Some(2))]);
}

#[test]
fn what_is_left_out_of_the_prompt_is_not_told_and_a_part_of_a_key_is() {
    let key = private_key("RSA PRIVATE KEY");
    let buffer = format!("fn main() {{}}\n{key}");
    let sources = Sources {
        prompt: "why?",
        buffer: Some(&buffer),
        path: None,
        rules: None,
        history: &[],
    };
    assert_eq!(survey(&sources, &prompt(&["fn main() {}\n"])), []);
    assert_eq!(
        survey(&sources, &prompt(&["-----BEGIN RSA PRIVATE KEY-----\n"])),
        []
    );
    let middle = key.lines().nth(3).unwrap();
    let findings = survey(&sources, &prompt(&[middle]));
    assert_eq!(places(&findings), [("private key", "line 2", Some(2))]);
}

#[test]
fn an_environment_file_is_held_for_its_values() {
    let buffer = "# settings\nDEBUG=1\nEMPTY=\nDATABASE_PASSWORD=correct-horse-battery\n";
    let sources = |path| Sources {
        prompt: "why?",
        buffer: Some(buffer),
        path: Some(Path::new(path)),
        rules: None,
        history: &[],
    };
    let sent = prompt(&[buffer]);
    let findings = survey(&sources("/p/.env.local"), &sent);
    assert_eq!(
        places(&findings),
        [("values of an environment file", ".env.local", None)]
    );
    assert_eq!(survey(&sources("/p/.env.example"), &sent), []);
    assert_eq!(survey(&sources("/p/.env"), &prompt(&["DEBUG=1\n"])), []);
}
