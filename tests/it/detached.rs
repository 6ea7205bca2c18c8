//! The worker that goes on when the editors are gone.

use backchat::session::State;

use crate::support::patience::poll;
use crate::support::{Editor, Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

/// Waits until the world's one process is a worker that was left behind; which.
fn left_behind(world: &World) -> u32 {
    poll(
        "one worker is left behind",
        || match world.processes()[..] {
            [process] => Some(process),
            _ => None,
        },
    )
}

fn wait_until_alone(world: &World) {
    poll("the worker ends when the queue is empty", || {
        world.processes().is_empty().then_some(())
    });
}

#[test]
fn a_detached_worker_finishes_what_the_editor_left() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "slow",
        [Reply::stream()
            .wait(&gate)
            .words("worth waiting for")
            .finish()],
    );
    let uri = world.uri("main.rs");
    let editor = world.editor();
    editor.open(&uri, CODE);
    let running = editor.ask(&uri, "slow");
    let queued = editor.ask(&uri, "and then? «b»");
    editor.wait_for_state(&running.id, State::Running);
    assert_eq!(editor.quit(), Some(0));

    left_behind(&world);
    gate.open();
    wait_until_alone(&world);
    assert_eq!(world.model.calls_with("and then?").len(), 1);

    let editor = world.editor();
    editor.open(&uri, CODE);
    let states: Vec<_> = editor
        .requests(&uri)
        .into_iter()
        .map(|it| (it.id, it.state, it.unread, it.preview.unwrap()))
        .collect();
    let expected = [
        (
            running.id,
            State::Done,
            true,
            "worth waiting for".to_owned(),
        ),
        (queued.id, State::Done, true, "answer to b".to_owned()),
    ];
    assert_eq!(states, expected);
}

#[test]
fn the_detached_worker_can_be_turned_off() {
    let world = World::scripted_with("drain_on_close = false", "");
    let gate = Gate::new();
    world
        .model
        .on("slow", [Reply::stream().wait(&gate).text("done").finish()]);
    let (editor, request) = world.asked("slow");
    editor.wait_for_state(&request.id, State::Running);
    assert_eq!(editor.quit(), Some(0));
    assert!(world.processes().is_empty());
    gate.open();
    let editor = world.editor();
    editor.wait_for_response(&request.id);
}

#[test]
fn an_editor_that_dies_leaves_a_worker_too() {
    let world = World::scripted();
    let gate = Gate::new();
    world
        .model
        .on("slow", [Reply::stream().wait(&gate).text("done").finish()]);
    let (editor, request) = world.asked("slow");
    editor.wait_for_state(&request.id, State::Running);
    editor.close_stdin();
    left_behind(&world);
    gate.open();
    wait_until_alone(&world);
    let editor = world.editor();
    assert_eq!(
        editor.session(&request.session_id).turns[0].request.state,
        State::Done
    );
}

#[test]
fn many_windows_that_close_at_once_leave_one_worker() {
    let world = World::scripted();
    let gate = Gate::new();
    world
        .model
        .on("slow", [Reply::stream().wait(&gate).text("done").finish()]);
    let windows = world.windows::<3>();
    let requests: Vec<_> = windows
        .iter()
        .enumerate()
        .map(|(number, window)| {
            let uri = world.uri(&format!("file_{number}.rs"));
            window.open(&uri, CODE);
            window.ask(&uri, "slow")
        })
        .collect();
    world.model.wait_for_running(3);
    std::thread::scope(|scope| {
        for window in &windows {
            scope.spawn(|| assert_eq!(Editor::quit(window), Some(0)));
        }
    });
    left_behind(&world);
    gate.open();
    wait_until_alone(&world);
    let editor = world.editor();
    for request in &requests {
        assert_eq!(
            editor.session(&request.session_id).turns[0].request.state,
            State::Done
        );
    }
    assert_eq!(editor.status().unread, 3);
}

#[test]
fn a_detached_worker_that_is_killed_loses_nothing() {
    let world = World::scripted();
    world.model.on(
        "slow",
        [
            Reply::stream().text("a start").silence(),
            Reply::stream().silence(),
            Reply::answer("done"),
        ],
    );
    let (editor, request) = world.asked("slow");
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());
    assert_eq!(editor.quit(), Some(0));
    let worker = left_behind(&world);
    // It asks again what the server had begun, and dies over it.
    poll("the worker asks the model", || {
        (world.model.calls().len() == 2).then_some(())
    });
    world.kill(worker);
    let editor = world.editor();
    editor.wait_for_response(&request.id);
    assert_eq!(editor.take(&request.id).responses[0].response.text, "done");
}
