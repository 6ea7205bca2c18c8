//! `backchat local-model`: a small real model for those who have no key.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{complaints, refused, said, write};
use crate::support::World;

#[test]
fn the_small_model_is_served_until_it_is_interrupted() {
    let world = World::scripted();
    // Where `npm test` has set the model up.
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/local-model");
    let mut child = world
        .backchat()
        .args(["local-model", "--port=0", "--context=1024", "--dir"])
        .arg(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = lines.map(Result::unwrap);
    // What it says to put into the configuration is put there as it is.
    let mut configuration = String::new();
    for line in lines.skip_while(|line| line != "[models.local]") {
        configuration.push_str(&format!("{line}\n"));
        if line.starts_with("max_output_tokens") {
            break;
        }
    }
    world.configure(&format!("{configuration}temperature = 0.0\n").replace("512", "16"));
    write(&world, "main.rs", "fn main() {}\n");
    let answer = said(&world, &["ask", "--wait", "main.rs", "What is this?"]);
    assert!(!answer.trim().is_empty());

    let id = child.id().to_string();
    let interrupted = Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(interrupted.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", complaints(&output));
}

#[test]
fn serving_what_was_not_set_up_is_refused() {
    let world = World::scripted();
    let directory = world.code().join("nothing");
    std::fs::create_dir(&directory).unwrap();
    let directory = directory.to_str().unwrap();
    let said = refused(&world, &["local-model", "serve", "--dir", directory]);
    assert!(
        said.contains("there is no local model") && said.contains("setup"),
        "{said}"
    );
}
