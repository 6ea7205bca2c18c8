//! The small real model, started once for all tests and ended with them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

/// Where it is, as its server tells when it is ready.
#[derive(Clone, Debug, Deserialize)]
pub struct LocalModel {
    pub base_url: String,
    pub model: String,
    pub context_tokens: u32,
}

/// The real model; starts it when it is first asked for.
pub fn local_model() -> &'static LocalModel {
    // The process is never waited for: the pipe to its stdin closes when the tests end, however they
    // end, and then it ends too.
    static RUNNING: OnceLock<(LocalModel, Child)> = OnceLock::new();
    &RUNNING.get_or_init(start).0
}

fn start() -> (LocalModel, Child) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("src/cli/local_model.py");
    let folder = root.join(".cache/local-model");
    let mut child = Command::new("python3")
        .arg(script)
        .arg("serve")
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("python3 can be started");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
        panic!(
            "the local model did not start from {}; `npm test -- local-model` sets it up",
            folder.display()
        )
    });
    (ready, child)
}
