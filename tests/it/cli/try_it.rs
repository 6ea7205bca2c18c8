//! `backchat try`, which is what `npm start` runs.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::{complaints, text};
use crate::support::{Reply, World};

fn tried(world: &World, cache: &Path) -> Output {
    world.run(&["try", "--cache", cache.to_str().unwrap()])
}

fn cache(world: &World) -> PathBuf {
    world.code().join("cache")
}

fn in_order(story: &str, words: &[&str]) {
    let mut rest = story;
    for word in words {
        let at = rest.find(word);
        let at = at.unwrap_or_else(|| panic!("no {word:?} where it belongs:\n{story}"));
        rest = &rest[at + word.len()..];
    }
}

#[test]
fn the_demonstration_tells_the_whole_story() {
    let world = World::scripted();
    let model = &world.model;
    model.on(
        "when is a prompt run",
        [Reply::answer("When nobody watches.")],
    );
    model.on(
        "what does this function",
        [Reply::answer("The place after the edit.")],
    );
    let output = tried(&world, &cache(&world));
    let story = text(&output.stdout);
    assert!(output.status.success(), "{story}{}", complaints(&output));
    assert!(!story.contains('\u{1b}'), "{story}");
    in_order(
        &story,
        &[
            "scripted",
            "src/session.rs",
            "src/text/anchor.rs",
            "stored in",
            "the question moved along, from line",
            "📬",
            "📬",
            "pub const fn should_process_in_background(",
            "When nobody watches.",
            "fn shift(&self",
            "The place after the edit.",
            "📬 is gone",
            "What next",
        ],
    );
    assert!(
        !world.state().exists(),
        "the user's own inbox is not touched"
    );
    let runs = std::fs::read_dir(cache(&world).join("try")).unwrap();
    assert_eq!(runs.count(), 0, "nothing is left behind");
    assert!(world.processes().is_empty());
}

#[test]
fn a_model_that_refuses_fails_it_with_what_helps() {
    let world = World::scripted();
    world
        .model
        .on("In one sentence", [Reply::error(401, "who are you?")]);
    let output = tried(&world, &cache(&world));
    assert_eq!(output.status.code(), Some(1));
    let said = complaints(&output);
    assert!(
        said.contains("the demonstration failed") && said.contains("401"),
        "{said}"
    );
}

#[test]
fn without_a_model_and_without_python_it_says_what_is_needed() {
    let mut world = World::scripted();
    world.configure(
        "[models.a]\nformat = \"anthropic\"\nmodel = \"m\"\napi_key_env = \"NOT_SET_AT_ALL\"\n",
    );
    let nothing = world.code().join("bin");
    std::fs::create_dir(&nothing).unwrap();
    world.set("PATH", nothing.to_str().unwrap());
    let output = tried(&world, &cache(&world));
    assert_eq!(output.status.code(), Some(1));
    let (story, said) = (text(&output.stdout), complaints(&output));
    assert!(story.contains("NOT_SET_AT_ALL"), "{story}");
    assert!(said.contains("install Python"), "{said}");
}

#[test]
fn without_a_model_a_small_real_one_answers() {
    let world = World::scripted();
    world.configure(
        "[models.a]\nformat = \"anthropic\"\nmodel = \"m\"\napi_key_env = \"NOT_SET_AT_ALL\"\n",
    );
    // Where `npm test` has set the model up.
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache");
    let output = tried(&world, &cache);
    let story = text(&output.stdout);
    assert!(output.status.success(), "{story}{}", complaints(&output));
    in_order(
        &story,
        &["smollm2", "📬", "📬", "a very small one", "📬 is gone"],
    );
}
