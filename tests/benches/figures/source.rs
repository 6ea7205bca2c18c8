//! The code that the servers are given.

use serde_json::{Value, json};

/// Code of so many lines: functions of ten lines with brackets and blank lines between.
pub fn code(lines: usize) -> String {
    let line = |i: usize| match i % 10 {
        0 => format!("fn function_{}(argument: u32) -> u32 {{\n", i / 10),
        8 => "}\n".to_owned(),
        9 => "\n".to_owned(),
        n => format!("    let value_{n} = compute(argument, {i});\n"),
    };
    (0..lines).map(line).collect()
}

/// The name of the document with this number, in a folder of its own. It is on no disk: nothing is read there.
pub fn uri(number: usize) -> String {
    format!("file:///measured/{number}/file_{number}.rs")
}

/// The notification of one typed character.
pub fn key(uri: &str, version: usize, line: usize) -> Value {
    let position = json!({"line": line, "character": 0});
    json!({
        "textDocument": {"uri": uri, "version": version},
        "contentChanges": [{"range": {"start": position, "end": position}, "text": "x"}],
    })
}
