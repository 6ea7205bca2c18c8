//! What a round will do, chosen by its seed before it begins.

use std::time::Duration;

use crate::support::{ModelServer, Reply};

/// How many buffers, and so sessions, a round has.
pub(super) const FILES: usize = 3;

/// What the buffers hold.
pub(super) const CODE: &str = "fn main() {\n    run();\n}\n";

/// The name of a buffer's file.
pub(super) fn file(number: usize) -> String {
    format!("file_{number}.rs")
}

/// What is to become of a question when nobody dies and nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is answered, perhaps at a second try.
    Answered,
    /// The model refuses it for good at the first try.
    Refused,
}

/// A prompt that can be told apart from all others.
pub(super) fn prompt(tag: &str) -> String {
    format!("what is «{tag}»?")
}

/// The whole answer to it.
pub(super) fn answer(tag: &str) -> String {
    let mut answer = format!("about {tag}:");
    for number in 0..6 + tag.len() % 5 {
        answer.push_str(&format!(" word{number}"));
    }
    answer
}

/// Decides how the model will answer a question, and tells it.
pub(super) fn script(model: &ModelServer, tag: &str, random: &mut fastrand::Rng) -> Fate {
    let whole = answer(tag);
    let pause = Duration::from_millis(random.u64(0..25));
    let slowly = Reply::stream().slow_words(&whole, pause).finish();
    let needle = format!("«{tag}»");
    match random.u32(0..20) {
        0 => {
            model.on(&needle, [Reply::error(400, "no"), slowly]);
            return Fate::Refused;
        }
        1 => {
            let part = whole.len() / 2;
            let cut = Reply::stream().slow_words(&whole[..part], pause).cut();
            model.on(&needle, [cut, slowly]);
        }
        2 => {
            let limited = Reply::error(429, "slow down").header("retry-after-ms", "150");
            model.on(&needle, [limited, slowly]);
        }
        _ => model.on(&needle, [slowly]),
    }
    Fate::Answered
}
