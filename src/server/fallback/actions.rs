//! Code actions: what can be asked about the selection without typing a prompt into the editor.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Command, Diagnostic, Range,
};

use super::super::offers::Offered;
use super::super::ranges::range_of;
use super::super::{Server, prompts};
use super::{command, here, lenses, one_line};
use crate::session::Intent;
use crate::text::PromptComment;
use crate::view;

/// Questions that every selection can be asked: title, prompt, intent.
const QUESTIONS: [(&str, &str, Intent); 4] = [
    (
        "Explain",
        "Explain what this code does and why.",
        Intent::Ask,
    ),
    (
        "Review",
        "Review this code. Name bugs, risks and unclear places, the most important first.",
        Intent::Ask,
    ),
    ("Write tests", "Write tests for this code.", Intent::Ask),
    (
        "Improve",
        "Improve this code: make it clearer and more robust without changing what it does.",
        Intent::Edit,
    ),
];

/// Answers `textDocument/codeAction`.
pub(crate) async fn code_actions(
    server: &Arc<Server>,
    params: &CodeActionParams,
) -> Vec<CodeActionOrCommand> {
    let uri = params.text_document.uri.as_str();
    let Some(snapshot) = server.documents.snapshot(uri) else {
        return Vec::new();
    };
    let mut actions = of_requests(server, uri, params.range).await;
    let lines = (
        params.range.start.line as usize,
        params.range.end.line as usize,
    );
    if let Some(comment) = PromptComment::find(&snapshot.buffer, lines.0, lines.1) {
        let range = |span| range_of(&snapshot.buffer, span, server.encoding());
        actions.push(action(
            format!(
                "Backchat: ask in background: {}",
                one_line(&comment.prompt, 40)
            ),
            CodeActionKind::EMPTY,
            submit(uri, range(comment.span), &comment.prompt, Intent::Ask),
        ));
        actions.push(action(
            format!(
                "Backchat: edit in background: {}",
                one_line(&comment.prompt, 40)
            ),
            CodeActionKind::REFACTOR,
            // What is to be changed is the code below; a comment without any gives way to the answer.
            submit(
                uri,
                range(comment.code.unwrap_or(comment.span)),
                &comment.prompt,
                Intent::Edit,
            ),
        ));
    }
    if !params.context.diagnostics.is_empty() {
        let mut fix = action(
            "Backchat: fix in background".to_owned(),
            CodeActionKind::QUICKFIX,
            submit(
                uri,
                whole_lines(params.range),
                &fix_prompt(&params.context.diagnostics),
                Intent::Edit,
            ),
        );
        fix.diagnostics = Some(params.context.diagnostics.clone());
        actions.push(fix);
    }
    for (title, prompt, intent) in QUESTIONS {
        actions.push(action(
            format!("Backchat: {} in background", title.to_lowercase()),
            kind_of(intent),
            submit(uri, whole_lines(params.range), prompt, intent),
        ));
    }
    let offered = server.documents.offer(&snapshot);
    actions.extend(of_library(server, uri, whole_lines(params.range)).await);
    let wanted = params.context.only.as_deref();
    actions
        .into_iter()
        .filter(|action| {
            wanted.is_none_or(|kinds| {
                kinds
                    .iter()
                    .any(|kind| is_within(action.kind.as_ref(), kind))
            })
        })
        .map(|action| CodeActionOrCommand::CodeAction(of_text(action, offered)))
        .collect()
}

/// The action with the text that its range is of, as the buffer may be another one when it is chosen.
fn of_text(mut action: CodeAction, offered: Offered) -> CodeAction {
    let command = action.command.as_mut();
    let arguments = command.and_then(|command| command.arguments.as_mut()?.first_mut());
    if let Some(arguments) = arguments {
        arguments["offered"] = json!(offered);
    }
    action
}

/// What can be done with the requests at these lines: not every editor shows lenses.
async fn of_requests(server: &Arc<Server>, uri: &str, range: Range) -> Vec<CodeAction> {
    let uri = server.documents.name_of(uri);
    let here = here::requests(server, &uri, range.start.line, range.end.line).await;
    let turns = match here {
        Ok(turns) => turns,
        Err(error) => {
            tracing::warn!(message = %error.message, "the requests of a buffer could not be read");
            return Vec::new();
        }
    };
    // The newest first: it is most likely what is meant.
    let newest_first = turns.iter().rev();
    newest_first
        .flat_map(|(turn, _)| {
            let request = view::request(turn, None, None);
            let asked = one_line(&request.prompt, 40);
            let offers = lenses::offers(&request).into_iter();
            let actions = offers.filter_map(move |(_, name)| {
                let title = format!("Backchat: {}: {asked}", verb(name)?);
                let arguments = json!({ "requestId": request.id });
                Some(action_of(title, CodeActionKind::EMPTY, name, arguments))
            });
            actions.collect::<Vec<_>>()
        })
        .collect()
}

/// What a command does to a request.
fn verb(name: &str) -> Option<&'static str> {
    Some(match name {
        command::READ => "read the answer",
        command::APPLY => "apply the change",
        command::CANCEL => "cancel",
        command::RETRY => "retry",
        command::ALLOW => "allow its secrets to be sent",
        command::DISMISS => "dismiss",
        _ => return None,
    })
}

/// The prompts of the library. What is wrong with some of them is told by the command line, and logged.
async fn of_library(server: &Arc<Server>, uri: &str, range: Range) -> Vec<CodeAction> {
    let library = match prompts::library_for(server, Some(uri)).await {
        Ok(library) => library,
        Err(error) => {
            tracing::warn!(message = %error.message, "the prompt library could not be read");
            return Vec::new();
        }
    };
    library
        .prompts
        .iter()
        .map(|prompt| {
            let arguments = json!({
                "textDocument": { "uri": uri },
                "range": range,
                "libraryPrompt": prompt.name,
                "mode": "background",
            });
            action(
                format!("Backchat: {} in background", one_line(&prompt.name, 80)),
                kind_of(prompt.intent.unwrap_or_default()),
                arguments,
            )
        })
        .collect()
}

const fn kind_of(intent: Intent) -> CodeActionKind {
    match intent {
        Intent::Ask => CodeActionKind::EMPTY,
        Intent::Edit => CodeActionKind::REFACTOR,
    }
}

/// Whether a kind is `wanted` or below it: `refactor.rewrite` is within `refactor`.
fn is_within(kind: Option<&CodeActionKind>, wanted: &CodeActionKind) -> bool {
    let (kind, wanted) = (kind.map_or("", CodeActionKind::as_str), wanted.as_str());
    wanted.is_empty()
        || kind == wanted
        || kind
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('.'))
}

/// The range from the beginning of its first line; code is asked about by lines.
fn whole_lines(mut range: Range) -> Range {
    range.start.character = 0;
    if range.end.character > 0 || range.start == range.end {
        range.end.line = range.end.line.max(range.start.line);
        range.end.character = u32::MAX;
    }
    range
}

fn fix_prompt(diagnostics: &[Diagnostic]) -> String {
    let mut prompt = String::from("Fix what the tools report about this code:\n");
    for diagnostic in diagnostics {
        let source = diagnostic.source.as_deref().unwrap_or("diagnostic");
        prompt.push_str(&format!(
            "\n- line {}: {} ({source})",
            diagnostic.range.start.line + 1,
            one_line(&diagnostic.message, 500)
        ));
    }
    prompt
}

fn submit(uri: &str, range: Range, prompt: &str, intent: Intent) -> Value {
    json!({
        "textDocument": { "uri": uri },
        "range": range,
        "prompt": prompt,
        "intent": intent,
        "mode": "background",
    })
}

fn action(title: String, kind: CodeActionKind, arguments: Value) -> CodeAction {
    action_of(title, kind, command::SUBMIT, arguments)
}

fn action_of(title: String, kind: CodeActionKind, name: &str, arguments: Value) -> CodeAction {
    CodeAction {
        command: Some(Command {
            title: title.clone(),
            command: name.to_owned(),
            arguments: Some(vec![arguments]),
        }),
        title,
        kind: Some(kind),
        ..CodeAction::default()
    }
}
