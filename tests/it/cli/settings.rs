//! Models, configuration, doctor, log, completions: what is set, and whether it is well.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use backchat::protocol::ModelsResult;
use serde_json::Value;

use super::{json, refused, remarked, said, text};
use crate::support::World;
use crate::support::world::KEY_VARIABLE;

/// Runs the doctor, which finds problems, and gives back what it said.
fn ill(world: &World, arguments: &[&str]) -> String {
    let Output { status, stdout, .. } = world.run(&[&["doctor"], arguments].concat());
    let stdout = text(&stdout);
    assert_eq!(status.code(), Some(1), "{stdout}");
    assert!(stdout.contains('✗'), "{stdout}");
    stdout
}

fn two_models(world: &World) {
    let table = |name: &str| {
        format!(
            "[models.{name}]\nformat = \"openai-chat\"\nbase_url = \"{}\"\nmodel = \"m\"\n",
            world.model.base_url()
        )
    };
    world.configure(&(table("big") + &table("small")));
}

#[test]
fn a_model_is_selected_for_everyone() {
    let world = World::scripted();
    two_models(&world);
    let list = said(&world, &["models"]);
    assert!(list.contains("* big") && list.contains("  small"), "{list}");
    let chosen: ModelsResult = json(&world, &["models", "select", "small"]);
    assert_eq!(chosen.selected.as_deref(), Some("small"));
    let editor = world.editor();
    assert_eq!(editor.status().model.as_deref(), Some("small"));
    let unknown = refused(&world, &["models", "select", "huge"]);
    assert!(unknown.contains("big, small"), "{unknown}");
    assert!(said(&world, &["models", "select"]).contains("* big"));
}

#[test]
fn the_configuration_is_explained() {
    let world = World::scripted_with("max_concurrent = 2", "headers = { x-secret = \"hidden\" }");
    assert_eq!(said(&world, &["config"]), backchat::config::REFERENCE);
    let path = said(&world, &["config", "--path"]);
    assert_eq!(path.trim_end(), world.config_file().to_str().unwrap());
    let effective = said(&world, &["config", "--effective"]);
    assert!(effective.contains("max_concurrent = 2"), "{effective}");
    assert!(
        !effective.contains("hidden"),
        "headers may be keys: {effective}"
    );
    let values: Value = json(&world, &["config", "--effective"]);
    let find = |name: &str| {
        let settings = values["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|it| it["name"] == name)
            .unwrap()
            .clone()
    };
    let here = world.config_file().display().to_string();
    let origin = find("max_concurrent")["origin"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(origin.starts_with(&here), "{origin}");
    assert_eq!(find("max_attempts")["origin"], "default");
    assert_eq!(values["models"][0]["settings"]["format"], "openai-chat");
}

#[test]
fn the_doctor_finds_nothing_where_all_is_well() {
    let mut world = World::scripted_with("", &format!("api_key_env = \"{KEY_VARIABLE}\""));
    world.set(KEY_VARIABLE, "sk-never-shown");
    let report = said(&world, &["doctor"]);
    for line in [
        "no problem was found",
        "integrity: sound",
        "only you can read it",
        "scripted: key: present, from the environment variable",
        "answers in",
        "requests: 0 running, 0 queued",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(!report.contains("sk-never-shown"), "{report}");
    let report: Value = json(&world, &["doctor"]);
    assert_eq!(report["problems"], 0);
    assert!(!report.to_string().contains("sk-never-shown"));
}

#[test]
fn the_doctor_points_at_the_mistake_in_the_configuration() {
    let world = World::scripted();
    world.configure("max_concurrent = \"many\"\n");
    let report = ill(&world, &[]);
    assert!(report.contains("config.toml:1:18"), "{report}");
    assert!(report.contains("what helps: correct it there"), "{report}");
}

#[test]
fn the_doctor_misses_a_key() {
    let world = World::scripted_with("", "api_key_env = \"NOT_SET_AT_ALL\"");
    let report = ill(&world, &["--offline"]);
    assert!(report.contains("NOT_SET_AT_ALL"), "{report}");
}

#[test]
fn the_doctor_asks_the_endpoint_unless_it_is_offline() {
    let world = World::scripted();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    world.configure(&format!(
        "[models.gone]\nformat = \"openai-chat\"\nbase_url = \"http://{address}/v1\"\nmodel = \"m\"\n"
    ));
    let report = ill(&world, &[]);
    assert!(report.contains("✗ gone: endpoint"), "{report}");
    let report = said(&world, &["doctor", "--offline"]);
    assert!(report.contains("not asked"), "{report}");
}

#[test]
fn the_doctor_sees_a_store_that_others_can_enter() {
    let world = World::scripted();
    said(&world, &["sessions"]);
    let database = world.state().join("backchat.db");
    std::fs::set_permissions(&database, Permissions::from_mode(0o644)).unwrap();
    // A file is put right when the store is opened.
    said(&world, &["doctor", "--offline"]);
    let mode = std::fs::metadata(&database).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(world.state(), Permissions::from_mode(0o755)).unwrap();
    assert!(ill(&world, &["--offline"]).contains("chmod go-rwx"));
}

#[test]
fn the_doctor_sees_a_store_that_is_none() {
    let world = World::scripted();
    std::fs::create_dir(world.state()).unwrap();
    let mode = Permissions::from_mode(0o700);
    std::fs::set_permissions(world.state(), mode).unwrap();
    std::fs::write(
        world.state().join("backchat.db"),
        "no database ".repeat(500),
    )
    .unwrap();
    let report = ill(&world, &["--offline"]);
    assert!(report.contains("✗ database"), "{report}");
}

#[test]
fn the_log_is_shown() {
    let world = World::scripted();
    assert!(remarked(&world, &["log"]).contains("there is no log"));
    said(&world, &["worker", "--drain"]);
    let log = said(&world, &["log"]);
    assert!(log.contains("the worker ends"), "{log}");
    let path = said(&world, &["log", "--path"]);
    assert!(path.trim_end().ends_with(".log"), "{path}");
    assert_eq!(said(&world, &["log", "-n", "1"]).lines().count(), 1);
}

#[test]
fn shells_get_their_completions() {
    let world = World::without_configuration();
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&world, &["completions", shell]);
        assert!(script.contains("sessions"), "{shell}: {script}");
    }
    assert_eq!(world.run(&["completions", "csh9"]).status.code(), Some(2));
}

#[test]
fn a_store_that_cannot_be_used_is_told() {
    let mut world = World::scripted();
    let file = world.code().join("file");
    std::fs::write(&file, "no directory").unwrap();
    world.set("BACKCHAT_STATE_DIR", file.join("state").to_str().unwrap());
    let said = refused(&world, &["sessions"]);
    assert!(
        said.contains("state directory") && said.contains("BACKCHAT_STATE_DIR"),
        "{said}"
    );
}
