//! What must be so when the killing is over, whatever was killed.

use std::collections::{BTreeMap, BTreeSet};

use backchat::protocol::TurnInfo;
use backchat::session::{RequestId, State};

use super::ledger::{Entries, Question};
use super::plan::{self, Fate};
use crate::support::World;
use crate::support::model_server::Call;

/// So many deaths over one request are taken to be its fault.
const MOST_LOST: u32 = 5;

/// Compares what the store holds with what was acknowledged. `turns` are all turns of all sessions, each
/// session in its order.
pub(super) fn check(world: &World, ledger: &Entries, turns: &[TurnInfo]) {
    assert_eq!(
        ledger.wrong,
        Vec::<String>::new(),
        "what was seen while it ran"
    );
    let asked = each_once(ledger, turns);
    for (turn, (tag, question)) in turns.iter().zip(&asked) {
        ends_rightly(ledger, turn, tag, question);
        marked_rightly(ledger, turn, question.file);
    }
    in_order(ledger, turns, &asked, &world.model.calls());
    sound(world);
}

/// Every acknowledged question is there once, the others once at most, and nothing else is. The question
/// of each turn.
fn each_once<'a>(ledger: &'a Entries, turns: &[TurnInfo]) -> Vec<(&'a str, &'a Question)> {
    let by_prompt: BTreeMap<String, (&str, &Question)> = ledger
        .questions
        .iter()
        .map(|(tag, question)| (plan::prompt(tag), (tag.as_str(), question)))
        .collect();
    let mut found = BTreeSet::new();
    let mut asked = Vec::new();
    for turn in turns {
        let prompt = &turn.request.prompt;
        let (tag, question) = by_prompt[prompt];
        assert!(found.insert(tag), "{prompt:?} is stored twice");
        if let Some((_, id)) = &question.acknowledged {
            assert_eq!(*id, turn.request.id, "{tag}");
        }
        asked.push((tag, question));
    }
    for (tag, question) in &ledger.questions {
        if question.acknowledged.is_some() {
            assert!(
                found.contains(tag.as_str()),
                "{tag} was acknowledged and is lost"
            );
        }
    }
    asked
}

/// Its final state is one that it may have, with the text that belongs to it.
fn ends_rightly(ledger: &Entries, turn: &TurnInfo, tag: &str, question: &Question) {
    let (request, id) = (&turn.request, &turn.request.id);
    let retried = ledger.retrying.contains(id);
    let whole = plan::answer(tag);
    let text = turn.response.as_ref().map_or("", |it| it.text.as_str());
    assert!(
        whole.starts_with(text),
        "{tag} has another's text: {text:?}"
    );
    match request.state {
        State::Done => assert_eq!(text, whole, "{tag} is done"),
        State::Cancelled => assert!(
            ledger.cancelling.contains(id) || question.acknowledged.is_none(),
            "{tag} was cancelled by nobody"
        ),
        State::Failed => {
            let failure = request.failure.as_ref().expect("why it failed");
            let expected = match failure.kind.as_str() {
                "workerLost" => ledger.kills >= MOST_LOST,
                _ => question.fate == Fate::Refused,
            };
            assert!(expected, "{tag} failed: {failure:?}");
        }
        state => panic!("{tag} is {state:?}"),
    }
    match ledger.cancelled.get(id) {
        Some(State::Cancelled) if !retried => assert_eq!(request.state, State::Cancelled, "{tag}"),
        Some(State::Done) => assert_eq!(request.state, State::Done, "{tag} was done before"),
        _ => {}
    }
}

/// 📬 is on what is done and was not shown.
fn marked_rightly(ledger: &Entries, turn: &TurnInfo, file: usize) {
    let (request, id) = (&turn.request, &turn.request.id);
    let touched = ledger.reading.contains(id) || ledger.reading_in.contains(&file);
    // Who asks with --wait has it shown; whether they were killed before that is not known.
    let shown_at_once = request.prompt.contains("«shell");
    // One that was dismissed, and then retried, is answered anew.
    let dismissed = ledger.dismissed.contains(id) && !ledger.retrying.contains(id);
    if request.state != State::Done {
        assert!(!request.unread, "{id} is {:?} and unread", request.state);
    } else if ledger.read.contains(id) || dismissed {
        assert!(!request.unread, "{id} was shown and is unread");
    } else if !touched && !shown_at_once {
        assert!(request.unread, "{id} was never shown and is read");
    }
    let times = ledger.taken.get(id).copied().unwrap_or(0);
    assert!(times <= 1, "{id} was handed over {times} times");
}

/// A session keeps the order in which its questions were accepted, in the store and at the model, and a
/// later one knows the earlier answers.
fn in_order(ledger: &Entries, turns: &[TurnInfo], asked: &[(&str, &Question)], calls: &[Call]) {
    let undisturbed =
        |id: &RequestId| !ledger.cancelling.contains(id) && !ledger.retrying.contains(id);
    let called = |tag: &str| {
        let tag = tag.to_owned();
        calls.iter().filter(move |call| call.tag() == tag)
    };
    for later in 0..turns.len() {
        let (later_tag, later_question) = asked[later];
        for earlier in 0..later {
            let (earlier_tag, earlier_question) = asked[earlier];
            if turns[earlier].request.session_id != turns[later].request.session_id {
                continue;
            }
            if let Some((acknowledged, _)) = later_question.acknowledged
                && later_question.idempotency_key.is_none()
            {
                assert!(
                    acknowledged > earlier_question.sent,
                    "{later_tag} was acknowledged before {earlier_tag} was sent, and comes after it"
                );
            }
            let id = &turns[earlier].request.id;
            if !undisturbed(id) || !undisturbed(&turns[later].request.id) {
                continue;
            }
            let last = called(earlier_tag).map(|call| call.began).max();
            let first = called(later_tag).map(|call| call.began).min();
            if let (Some(last), Some(first)) = (last, first) {
                assert!(
                    last < first,
                    "the model was asked {later_tag} before {earlier_tag} had ended"
                );
            }
            if turns[earlier].request.state == State::Done {
                for call in called(later_tag) {
                    let knows = call
                        .turns()
                        .iter()
                        .any(|(_, text)| *text == plan::answer(earlier_tag));
                    assert!(
                        knows,
                        "{later_tag} does not know the answer to {earlier_tag}"
                    );
                }
            }
        }
    }
}

/// SQLite finds nothing wrong with the database.
fn sound(world: &World) {
    let database = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    let check = |pragma: &str| -> Vec<String> {
        let mut statement = database.prepare(pragma).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(check("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(check("PRAGMA foreign_key_check"), Vec::<String>::new());
}
