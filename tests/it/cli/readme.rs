//! What the README tells people to type in a shell and to write into their files, typed and written.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use backchat::protocol::PromptsResult;

use super::{json, said, text, wait_for_unread, write};
use crate::support::World;

const README: &str = include_str!("../../../README.md");

/// The block of the README in this language that has these words in it.
fn block(language: &str, words: &str) -> String {
    let fence = format!("\n```{language}\n");
    let blocks = README.split(&fence).skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    let found = blocks.find(|block| block.contains(words));
    found
        .unwrap_or_else(|| panic!("the README has a block with {words}"))
        .to_owned()
}

/// Runs a line in a shell that finds `backchat` in its `PATH`, in the folder with code.
fn typed(world: &World, line: &str) -> Output {
    let program = world.backchat();
    let folder = Path::new(program.get_program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.env_clear();
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
        .env("PATH", format!("{}:{path}", folder.display()))
        .args(["-c", line])
        .current_dir(world.code())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn every_command_of_the_readme_for_a_shell_does_its_work() {
    let world = World::scripted();
    std::fs::create_dir(world.code().join("src")).unwrap();
    write(&world, "src/main.rs", &"fn main() {}\n".repeat(60));
    assert!(typed(&world, "git init -q && git add .").status.success());
    let commands = block("sh", "backchat sessions");
    assert_eq!(commands.lines().count(), 6, "{commands}");
    for line in commands.lines() {
        if line.starts_with("backchat read") {
            // The two questions before it.
            wait_for_unread(&world, 2);
        }
        let output = typed(&world, line);
        assert!(
            output.status.success(),
            "{line}\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    let asked = world.model.calls_with("review this");
    assert_eq!(asked.len(), 1, "it was asked once, with what was piped in");
}

#[test]
fn the_configuration_and_the_prompt_of_the_readme_are_taken_whole() {
    let world = World::scripted();
    world.configure(&block("toml", "[models.sonnet]"));
    let configuration = said(&world, &["config", "--json"]);
    for name in ["sonnet", "gpt", "router", "ollama", "company"] {
        assert!(
            configuration.contains(&format!("\"{name}\"")),
            "{name}: {configuration}"
        );
    }
    world.write(
        world.home(),
        "prompts/races.md",
        &block("markdown", "Find races"),
    );
    let listed: PromptsResult = json(&world, &["prompts"]);
    assert_eq!(listed.problems.len(), 0, "{listed:?}");
    assert_eq!(listed.prompts[0].name, "Find races");
}
