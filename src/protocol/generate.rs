//! The generated files of the contract, and the test that fails when they drift.
//!
//! `UPDATE_GENERATED=1 cargo test --lib generated` writes them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ts_rs::{Config, TS};

use super::{method, *};
use crate::session::{Disposition, Intent, Lane, Mode, RequestId, SessionId, State};

/// A custom method: its name, who sends it, its parameters, its result, and what it is for.
struct Method {
    name: &'static str,
    kind: &'static str,
    params: Option<String>,
    result: Option<String>,
    about: &'static str,
}

const REQUEST: &str = "client → server, request";
const TOLD: &str = "client → server, notification";
const TELLS: &str = "server → client, notification";

fn methods() -> Vec<Method> {
    let config = config();
    let name = |named: fn(&Config) -> String| Some(named(&config));
    let request = |method, params, result, about| Method {
        name: method,
        kind: REQUEST,
        params,
        result,
        about,
    };
    let tells = |method, params, about| Method {
        name: method,
        kind: TELLS,
        params,
        result: None,
        about,
    };
    vec![
        request(
            method::SUBMIT,
            name(SubmitParams::name),
            name(SubmitResult::name),
            "Submits a prompt about a buffer. When the answer comes, the request is on disk.",
        ),
        request(
            method::SESSIONS,
            name(SessionsParams::name),
            name(SessionsResult::name),
            "Lists the sessions, unread ones first.",
        ),
        request(
            method::SESSION,
            name(SessionParams::name),
            name(SessionResult::name),
            "Reads the transcript of a session; clears no 📬.",
        ),
        request(
            method::REQUESTS,
            name(RequestsParams::name),
            name(RequestsResult::name),
            "Lists the requests of a buffer with their ranges now: what an editor draws on open.",
        ),
        request(
            method::TAKE,
            name(TakeParams::name),
            name(TakeResult::name),
            "Takes unread responses, because they are shown: 📬 is cleared in every window.",
        ),
        request(
            method::CANCEL,
            name(RequestParams::name),
            name(RequestInfo::name),
            "Ends a request that waits or runs; the connection is closed, the text that had streamed is kept.",
        ),
        request(
            method::RETRY,
            name(RequestParams::name),
            name(RequestInfo::name),
            "Queues a failed, cancelled or held request again.",
        ),
        request(
            method::ALLOW,
            name(RequestParams::name),
            name(RequestInfo::name),
            "Allows the secrets that a request is held for to be sent to its model, and queues it again.",
        ),
        request(
            method::DISMISS,
            name(RequestParams::name),
            name(RequestInfo::name),
            "Takes a finished request out of the margin; it stays in its session.",
        ),
        request(
            method::PROPOSAL,
            name(ProposalParams::name),
            name(ProposalResult::name),
            "Merges the change that an `edit` response proposes into the buffer as it is now; changes nothing.",
        ),
        request(
            method::PROMPTS,
            name(PromptsParams::name),
            name(PromptsResult::name),
            "Lists the prompt library: the user's prompt files, and those of a trusted workspace.",
        ),
        request(
            method::MODELS,
            None,
            name(ModelsResult::name),
            "Lists the models, where each came from, and which one is selected.",
        ),
        request(
            method::SELECT_MODEL,
            name(SelectModelParams::name),
            name(ModelsResult::name),
            "Selects the model of submits that name none, in every window.",
        ),
        request(
            method::PROVIDE_KEY,
            name(ProvideKeyParams::name),
            name(ModelsResult::name),
            "Hands over a key that the editor keeps; it stays in memory.",
        ),
        request(
            method::STATUS,
            None,
            name(StatusInfo::name),
            "Reads the state of the whole inbox.",
        ),
        Method {
            name: method::DID_FOCUS,
            kind: TOLD,
            params: name(DidFocusParams::name),
            result: None,
            about: "Says which buffer is in front, for the routing of `auto`. A client that never sends it is taken to have the user in front of the buffer that it submits from.",
        },
        tells(
            method::REQUEST_DID_CHANGE,
            name(RequestDidChangeParams::name),
            "A request's state, hold, place, attempt, read mark or anchor changed.",
        ),
        tells(
            method::RESPONSE_DELTA,
            name(ResponseDeltaParams::name),
            "Streamed text of a request of an open buffer.",
        ),
        tells(
            method::RESPONSE_READY,
            name(ResponseReadyParams::name),
            "A request is done: show it where it was asked.",
        ),
        tells(
            method::STATUS_DID_CHANGE,
            name(StatusInfo::name),
            "The state of the inbox changed.",
        ),
        tells(
            method::BUFFER_LOST,
            name(BufferLostParams::name),
            "The server does not know the text of a buffer any more: it is to be opened anew.",
        ),
    ]
}

fn config() -> Config {
    Config::new().with_large_int("number")
}

/// Every type of the contract as TypeScript, with its documentation.
fn declarations() -> Vec<(String, String)> {
    let config = config();
    macro_rules! declare {
        ($($name:ty),* $(,)?) => {
            vec![$((<$name as TS>::name(&config), declaration::<$name>(&config))),*]
        };
    }
    declare![
        RequestId,
        SessionId,
        Intent,
        Mode,
        Lane,
        Disposition,
        State,
        SubmitParams,
        SubmitResult,
        SessionsParams,
        SessionsResult,
        SessionParams,
        SessionResult,
        TurnInfo,
        RequestsParams,
        RequestsResult,
        TakeParams,
        TakeResult,
        TakenResponse,
        RequestParams,
        ProposalParams,
        ProposalResult,
        ProposalStatus,
        HunkInfo,
        ConflictInfo,
        ClientOptions,
        OpenedDocument,
        PromptsParams,
        PromptsResult,
        PromptInfo,
        PromptSource,
        PromptProblem,
        ModelsResult,
        ModelInfo,
        SelectModelParams,
        ProvideKeyParams,
        RequestInfo,
        AnchorInfo,
        AnchorStatus,
        Hold,
        HeldSecret,
        Failure,
        Usage,
        ResponseInfo,
        SessionInfo,
        StatusInfo,
        DidFocusParams,
        RequestDidChangeParams,
        ResponseDeltaParams,
        ResponseReadyParams,
        BufferLostParams,
    ]
}

fn declaration<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    let text = format!("{docs}export {}", T::decl(config));
    // ts-rs puts a declaration on one line but for its comments: one field a line is for people.
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn typescript() -> String {
    let mut text = String::from(
        "// Generated from src/protocol/*.rs by `UPDATE_GENERATED=1 cargo test --lib generated`. Do not edit.\n\n\
         import type { Range, TextDocumentIdentifier, TextEdit } from 'vscode-languageclient';\n\n",
    );
    let _ = writeln!(
        text,
        "/** The version of the contract that these types are of. */\nexport const PROTOCOL_VERSION = {PROTOCOL_VERSION};\n"
    );
    text.push_str("/** The names of the custom methods. */\nexport const method = {\n");
    for method in methods() {
        let _ = writeln!(
            text,
            "  {}: '{}',",
            method.name.trim_start_matches("backchat/"),
            method.name
        );
    }
    text.push_str("} as const;\n");
    for (_, declaration) in declarations() {
        let _ = write!(text, "\n{declaration}\n");
    }
    text
}

fn markdown() -> String {
    let mut text =
        include_str!("introduction.md").replace("{version}", &PROTOCOL_VERSION.to_string());
    text.push_str("\n## Methods\n\n| method | who | parameters | result |\n|---|---|---|---|\n");
    let link = |name: &Option<String>| {
        name.as_ref().map_or_else(
            || "–".to_owned(),
            |name| format!("[`{name}`](#{})", name.to_lowercase()),
        )
    };
    for method in methods() {
        let result = if method.kind == REQUEST {
            link(&method.result)
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "| `{}`: {} | {} | {} | {result} |",
            method.name,
            method.about,
            method.kind,
            link(&method.params)
        );
    }
    text.push_str("\n## Types\n\nAs TypeScript; `?` is a field that may be absent.\n");
    for (name, declaration) in declarations() {
        let _ = write!(text, "\n### {name}\n\n```ts\n{declaration}\n```\n");
    }
    text
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn check(path: &Path, expected: &str) {
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is not what the Rust types say; run: UPDATE_GENERATED=1 cargo test --lib generated",
        path.display()
    );
}

#[test]
fn generated_typescript_is_up_to_date() {
    check(
        &root().join("editors/vscode/src/protocol.ts"),
        &typescript(),
    );
}

#[test]
fn generated_protocol_documentation_is_up_to_date() {
    check(&root().join("PROTOCOL.md"), &markdown());
}

#[test]
fn every_method_is_documented() {
    let documented: Vec<_> = methods().into_iter().map(|method| method.name).collect();
    let source = include_str!("../protocol.rs");
    for line in source
        .lines()
        .filter(|line| line.contains(": &str = \"backchat/"))
    {
        let name = line.split('"').nth(1).unwrap();
        assert!(
            documented.contains(&name),
            "{name} is not in the table of methods"
        );
    }
}
