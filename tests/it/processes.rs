//! Several processes on one store, and the death of each of them at any moment.

use backchat::protocol::{
    RequestDidChange, ResponseDelta, ResponseReady, StatusDidChange, SubmitResult, TakeParams,
    TakeResult, method,
};
use backchat::session::{Mode, State};

use crate::support::editor::prompt;
use crate::support::patience::{PATIENCE, poll};
use crate::support::{Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

#[test]
fn another_window_sees_and_takes_the_same_unread_response() {
    let world = World::scripted();
    let [here, there] = world.windows();
    let uri = world.uri("main.rs");
    here.open(&uri, CODE);
    let request = here.ask(&uri, "what? «a»");
    here.wait_for_response(&request.id);
    let ready = there.wait_for_response(&request.id);
    assert_eq!((ready.session_unread, ready.unread), (1, 1));
    assert_eq!(there.sessions().sessions[0].unread, 1);

    let moment = here.now();
    let taken = there.take(&request.id);
    assert_eq!(taken.responses[0].response.text, "answer to a");
    here.wait_for_later::<RequestDidChange>(moment, |it| {
        it.request.id == request.id && !it.request.unread
    });
    here.wait_for_later::<StatusDidChange>(moment, |it| it.unread == 0);
    assert_eq!(here.sessions().sessions[0].unread, 0);
    assert!(
        here.take(&request.id).responses.is_empty(),
        "the other window was first"
    );
}

#[test]
fn of_two_windows_that_take_at_once_one_gets_the_response() {
    let world = World::scripted();
    let windows = world.windows::<2>();
    let uri = world.uri("main.rs");
    windows[0].open(&uri, CODE);
    for round in 0..10 {
        let request = windows[0].ask(&uri, &format!("«{round}»"));
        let take = TakeParams {
            session_id: None,
            request_id: Some(request.id.clone()),
        };
        for window in &windows {
            window.wait_for_response(&request.id);
        }
        let asked = windows
            .each_ref()
            .map(|window| window.send(method::TAKE, &take));
        let taken = [0, 1].map(|n| {
            windows[n]
                .answer::<TakeResult>(asked[n])
                .unwrap()
                .responses
                .len()
        });
        assert_eq!(taken.iter().sum::<usize>(), 1, "{taken:?}");
    }
}

#[test]
fn windows_share_the_limit() {
    let world = World::scripted_with("max_concurrent = 2", "");
    let windows = world.windows::<2>();
    let mut requests = Vec::new();
    for number in 0..12 {
        let uri = world.uri(&format!("file_{number}.rs"));
        let window = &windows[number % 2];
        window.open(&uri, CODE);
        requests.push(window.ask(&uri, &format!("«{number}»")));
    }
    for request in &requests {
        windows[0].wait_for_response(&request.id);
    }
    assert_eq!(world.model.calls().len(), 12);
    assert!(
        world.model.most_at_once() <= 2,
        "{} at once",
        world.model.most_at_once()
    );
}

#[test]
fn what_was_acknowledged_survives_the_death_of_the_server() {
    let world = World::scripted();
    let uri = world.uri("main.rs");
    let mut requests = Vec::new();
    for round in 0..5 {
        let editor = world.editor();
        editor.open(&uri, CODE);
        for number in 0..4 {
            requests.push(editor.ask(&uri, &format!("«{round}.{number}»")));
        }
        editor.kill();
    }
    let editor = world.editor();
    editor.open(&uri, CODE);
    let turns = poll("every request is done", || {
        let turns = editor.session(&requests[0].session_id).turns;
        turns
            .iter()
            .all(|turn| turn.request.state == State::Done)
            .then_some(turns)
    });
    let asked: Vec<_> = requests
        .iter()
        .map(|request| (&request.id, format!("answer to {}", tag(&request.prompt))))
        .collect();
    let answered: Vec<_> = turns
        .iter()
        .map(|turn| {
            (
                &turn.request.id,
                turn.response.as_ref().unwrap().text.clone(),
            )
        })
        .collect();
    assert_eq!(answered, asked, "none lost, none twice, in order");
    assert_eq!(editor.sessions().sessions[0].unread, 20);
}

fn tag(prompt: &str) -> &str {
    prompt.trim_matches(['«', '»'])
}

#[test]
fn a_server_killed_in_mid_stream_loses_nothing() {
    let world = World::scripted();
    let gate = Gate::new();
    let again = Reply::stream()
        .wait(&gate)
        .words("Once upon a time.")
        .finish();
    world.model.on(
        "story",
        [Reply::stream().words("Once upon ").silence(), again],
    );
    let uri = world.uri("main.rs");
    let editor = world.editor();
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "story");
    editor.wait_for::<ResponseDelta>(|it| it.request_id == request.id);
    poll("both words are stored", || {
        let response = editor
            .session(&request.session_id)
            .turns
            .remove(0)
            .response?;
        (response.text == "Once upon ").then_some(())
    });
    editor.kill();

    let editor = world.editor();
    editor.open(&uri, CODE);
    // Not the first call, whose end the model may not have noticed yet.
    poll("the question is asked again", || {
        (world.model.calls_with("story").len() == 2).then_some(())
    });
    let turn = editor.session(&request.session_id).turns.remove(0);
    let partial = turn.response.expect("what had streamed is still there");
    assert_eq!(
        (partial.text.as_str(), partial.partial),
        ("Once upon ", true)
    );
    assert_eq!(turn.request.state, State::Running);
    assert_eq!(turn.request.attempt, 2);
    gate.open();
    editor.wait_for_response(&request.id);
    let taken = editor.take(&request.id).responses;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].response.text, "Once upon a time.");
    assert_eq!(world.model.calls_with("story").len(), 2);
    assert_eq!(editor.received::<ResponseReady>().len(), 1);
}

#[test]
fn another_window_takes_over_from_a_killed_one() {
    let world = World::scripted();
    world.model.on(
        "story",
        [
            Reply::stream().words("Once ").silence(),
            Reply::answer("The end."),
        ],
    );
    let uri = world.uri("main.rs");
    let windows = world.windows::<2>();
    windows[0].open(&uri, CODE);
    let request = windows[0].ask(&uri, "story");
    for window in &windows {
        window.wait_for_state(&request.id, State::Running);
    }
    world
        .model
        .wait_for_call("story", |call| call.ended.is_none());
    // Either window's worker may have claimed it.
    let owner = owner_of_running(&world);
    let [here, there] = if owner == windows[0].process_id() {
        [0, 1]
    } else {
        [1, 0]
    };
    windows[here].kill();
    windows[there].wait_for_response(&request.id);
    assert_eq!(
        windows[there].take(&request.id).responses[0].response.text,
        "The end."
    );
}

fn owner_of_running(world: &World) -> u32 {
    let owner: String = open_database(world)
        .query_row(
            "SELECT owner FROM requests WHERE state = 'running'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    owner.split('-').next().unwrap().parse().unwrap()
}

fn open_database(world: &World) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    database
}

#[test]
fn a_worker_that_stands_still_loses_its_lease_and_cannot_write_any_more() {
    let world = World::scripted();
    let gate = Gate::new();
    let stuck = Reply::stream()
        .words("from the first ")
        .wait(&gate)
        .words("worker")
        .finish();
    world
        .model
        .on("who", [stuck, Reply::answer("from the second worker")]);
    let uri = world.uri("main.rs");
    let first = world.editor();
    first.open(&uri, CODE);
    let request = first.ask(&uri, "who");
    first.wait_for::<ResponseDelta>(|it| it.request_id == request.id);
    first.signal("STOP");
    let second = world.editor();
    second.open(&uri, CODE);
    // As if the lease's time had passed: the process is alive, but has not prolonged it.
    let expired = open_database(&world)
        .execute(
            "UPDATE requests SET lease_until = 1 WHERE state = 'running'",
            [],
        )
        .unwrap();
    assert_eq!(expired, 1);

    second.wait_for_response(&request.id);
    // Now the first goes on and gets the end of its stream, too late.
    gate.open();
    first.signal("CONT");
    let seen = first.wait_for_response(&request.id);
    assert_eq!(seen.request.attempt, 2);
    world
        .model
        .wait_for_call("who", |call| call.ended.is_some());
    let turn = second.session(&request.session_id).turns.remove(0);
    assert_eq!(turn.request.state, State::Done);
    assert_eq!(turn.response.unwrap().text, "from the second worker");
    assert_eq!(first.received::<ResponseReady>().len(), 1);
}

#[test]
fn a_cancel_in_one_window_closes_the_connection_of_another() {
    let world = World::scripted();
    world
        .model
        .on("endless", [Reply::stream().words("on and on ").silence()]);
    let windows = world.windows::<2>();
    let uri = world.uri("main.rs");
    windows[0].open(&uri, CODE);
    let request = windows[0].ask(&uri, "endless");
    for window in &windows {
        window.wait_for_state(&request.id, State::Running);
    }
    world
        .model
        .wait_for_call("endless", |call| call.ended.is_none());
    // One of the two did not claim it; whichever it is, both may cancel.
    let claimed_by_first = owner_of_running(&world) == windows[0].process_id();
    let [worker, other] = if claimed_by_first { [0, 1] } else { [1, 0] };
    assert_eq!(windows[other].cancel(&request.id).state, State::Cancelled);
    assert!(
        world
            .model
            .wait_for_call("endless", |call| call.ended.is_some())
            .closed_by_client
    );
    windows[worker].wait_for_state(&request.id, State::Cancelled);
}

#[test]
fn the_same_idempotency_key_in_two_windows_is_one_request() {
    let world = World::scripted();
    let windows = world.windows::<2>();
    let uri = world.uri("main.rs");
    let mut params = prompt(&uri, "once «a»", Mode::Background);
    params.idempotency_key = Some("the same".into());
    let asked = windows.each_ref().map(|window| {
        window.open(&uri, CODE);
        window.send(method::SUBMIT, &params)
    });
    let [first, second] =
        [0, 1].map(|n| windows[n].answer::<SubmitResult>(asked[n]).unwrap().request);
    assert_eq!(first.id, second.id);
    windows[0].wait_for_response(&first.id);
    assert_eq!(world.model.calls().len(), 1);
}

#[test]
fn a_file_is_one_session_however_its_name_is_encoded() {
    let world = World::scripted();
    let [one, other] = world.windows();
    // As Neovim and as VS Code write it.
    let spellings = [
        world.uri("a+b%20(c)@d.rs"),
        world.uri("a%2Bb%20%28c%29%40d.rs"),
    ];
    one.open(&spellings[0], CODE);
    let request = one.ask(&spellings[0], "what? «a»");
    one.wait_for_response(&request.id);
    other.open(&spellings[1], CODE);
    let seen = other.requests(&spellings[1]);
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (&seen[0].id, &seen[0].uri),
        (&request.id, &spellings[1]),
        "told in the client's own spelling"
    );
    assert_eq!(
        other.ask(&spellings[1], "again «b»").session_id,
        request.session_id
    );
}
