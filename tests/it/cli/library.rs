//! `backchat prompts` and `backchat ask --prompt`: the prompt library.

use backchat::protocol::{PromptsResult, TurnInfo};
use backchat::session::Intent;

use super::{json, refused, remarked, said, write};
use crate::support::World;

const CODE: &str = "fn main() {\n    let answer = 6 * 7;\n}\n";
const RACES: &str =
    "---\nname: Find races\ndescription: Data races\nintent: edit\n---\nLook for «races».\n";

#[test]
fn prompts_are_listed_with_what_is_wrong() {
    let world = World::scripted();
    assert!(remarked(&world, &["prompts"]).contains("write a Markdown file into"));
    world.write(world.home(), "prompts/races.md", RACES);
    world.write(
        world.home(),
        "prompts/wrong.md",
        "---\nintent: chat\n---\nWhy?",
    );
    let list = said(&world, &["prompts"]);
    assert!(list.contains("Find races  Data races"), "{list}");
    assert!(list.contains("prompts/races.md, edits"), "{list}");
    assert!(list.contains("prompts/wrong.md:2: "), "{list}");
    let listed: PromptsResult = json(&world, &["prompts"]);
    assert_eq!((listed.prompts.len(), listed.problems.len()), (1, 1));
    let doctor = super::text(&world.run(&["doctor", "--offline"]).stdout);
    assert!(doctor.contains("prompts/wrong.md:2: "), "{doctor}");
}

#[test]
fn a_prompt_is_asked_by_its_name() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    world.write(world.home(), "prompts/races.md", RACES);
    let ask = ["ask", "-w", "main.rs:2", "--prompt", "Find races"];
    let turn: TurnInfo = json(&world, &[&ask[..], &["In", "main."]].concat());
    assert_eq!(turn.request.intent, Intent::Edit);
    assert!(
        turn.request
            .prompt
            .ends_with("Look for «races».\n\nIn main.")
    );
    assert_eq!(turn.response.unwrap().text, "answer to races");
    let alone: TurnInfo = json(&world, &ask);
    assert!(
        alone
            .request
            .prompt
            .starts_with("Find races (prompts/races.md)")
    );
    let unknown = refused(&world, &["ask", "main.rs", "--prompt", "racing"]);
    assert!(unknown.contains("there are: \"Find races\""), "{unknown}");
}

#[test]
fn a_repositorys_prompts_want_a_trusted_folder() {
    let world = World::scripted_with("trusted_folders = [\"mine\"]", "");
    for folder in ["mine", "theirs"] {
        let root = world.home().join(folder);
        world.write(&root, ".git/HEAD", "");
        world.write(&root, ".backchat/prompts/races.md", RACES);
        world.write(&root, "src/main.rs", CODE);
    }
    let in_folder = |name: &str| format!("../{name}/src/main.rs");
    assert!(said(&world, &["prompts", "../mine/src"]).contains(".backchat/prompts/races.md"));
    assert!(remarked(&world, &["prompts", "../theirs"]).contains("trusted_folders"));
    let untrusted = refused(&world, &["ask", &in_folder("theirs"), "-p", "races"]);
    assert!(untrusted.contains("trusted_folders"), "{untrusted}");
    let turn: TurnInfo = json(&world, &["ask", "-w", &in_folder("mine"), "-p", "races"]);
    assert!(turn.request.prompt.contains("(.backchat/prompts/races.md)"));
}
