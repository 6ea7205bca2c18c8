//! The whole way with a real model, small as it is: nothing scripted, nothing simulated.

use backchat::protocol::ResponseDelta;
use backchat::session::State;

use crate::support::{World, lines};

#[test]
fn two_buffers_in_the_background_while_one_is_edited() {
    let world = World::real();
    let editor = world.editor();
    let uris = ["sum.rs", "greet.rs"].map(|name| world.uri(name));
    editor.open(
        &uris[0],
        "fn sum(numbers: &[u32]) -> u32 {\n    numbers.iter().sum()\n}\n",
    );
    editor.open(
        &uris[1],
        "fn greet(name: &str) {\n    println!(\"Hello, {name}!\");\n}\n",
    );
    let sum = editor.ask_about(&uris[0], lines(1, 2), "What does this line do?");
    let greet = editor.ask(&uris[1], "Say what this function prints.");
    editor.edit(&uris[0], lines(0, 0), "/// Adds up.\n");

    for request in [&sum, &greet] {
        let ready = editor.wait_for_response(&request.id);
        assert_eq!(ready.request.state, State::Done);
        let usage = ready.request.usage.expect("the provider counted");
        assert!(
            usage.input_tokens.unwrap() > 0 && usage.output_tokens.unwrap() > 0,
            "{usage:?}"
        );
    }
    assert_eq!(editor.status().unread, 2);
    let ready = editor.wait_for_response(&sum.id);
    assert_eq!(
        ready.request.anchor.unwrap().range,
        lines(2, 3),
        "shown where it was asked"
    );

    for request in [&sum, &greet] {
        let taken = editor.take(&request.id).responses.remove(0).response;
        assert!(!taken.text.trim().is_empty());
        let streamed: String = editor
            .received::<ResponseDelta>()
            .into_iter()
            .filter(|delta| delta.request_id == request.id)
            .map(|delta| delta.text)
            .collect();
        assert_eq!(streamed, taken.text, "what was streamed is what is kept");
    }
    assert_eq!(editor.status().unread, 0);
    assert!(
        editor
            .sessions()
            .sessions
            .iter()
            .all(|session| session.unread == 0)
    );
}
