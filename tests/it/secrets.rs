//! Keys reach their endpoint and nothing else.

use std::path::Path;

use backchat::protocol::{ModelsResult, ProvideKeyParams, method};
use backchat::session::State;

use crate::support::patience::poll;
use crate::support::world::KEY_VARIABLE;
use crate::support::{Editor, Gate, Reply, World};

const CODE: &str = "fn main() {}\n";
const KEY: &str = "sk-known-to-the-editor-alone";

fn provide(editor: &Editor, key: Option<&str>) -> ModelsResult {
    let params = ProvideKeyParams {
        name: KEY_VARIABLE.into(),
        key: key.map(str::to_owned),
    };
    editor.request(method::PROVIDE_KEY, &params).unwrap()
}

fn holds_key(bytes: &[u8]) -> bool {
    bytes
        .windows(KEY.len())
        .any(|window| window == KEY.as_bytes())
}

#[test]
fn a_key_from_the_editor_is_used_also_by_the_worker_that_stays_and_is_written_nowhere() {
    let world = World::scripted_with(
        "log = \"trace\"",
        &format!("api_key_env = \"{KEY_VARIABLE}\""),
    );
    let gate = Gate::new();
    world
        .model
        .on("slow", [Reply::stream().wait(&gate).text("done").finish()]);
    let editor = world.editor();
    let models = editor.models();
    assert_eq!(models.models[0].key_name.as_deref(), Some(KEY_VARIABLE));
    assert!(models.models[0].problem.is_some());
    assert_eq!(provide(&editor, Some(KEY)).models[0].problem, None);

    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let first = editor.ask(&uri, "first «a»");
    editor.wait_for_response(&first.id);
    editor.ask(&uri, "slow");
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());
    assert_eq!(editor.quit(), Some(0));
    let worker = poll("a worker is left behind", || {
        world.processes().first().copied()
    });
    poll("it has begun", || {
        (world.model.calls_with("slow").len() == 2).then_some(())
    });
    for file in ["cmdline", "environ"] {
        let seen = std::fs::read(Path::new("/proc").join(worker.to_string()).join(file)).unwrap();
        assert!(!holds_key(&seen), "the key is in the worker's {file}");
    }
    gate.open();
    poll("the worker ends", || {
        world.processes().is_empty().then_some(())
    });

    let calls = world.model.calls();
    assert_eq!(calls.len(), 3);
    assert!(
        calls
            .iter()
            .all(|call| call.headers["authorization"] == format!("Bearer {KEY}"))
    );
    for (path, bytes) in world.everything_written() {
        assert!(!holds_key(&bytes), "the key is in {}", path.display());
        if path.starts_with(world.state().join("logs")) {
            let log = String::from_utf8_lossy(&bytes);
            assert!(log.contains("submitted"), "the log is written");
            for said in ["first «a»", "answer to a", CODE.trim()] {
                assert!(!log.contains(said), "{said:?} is in {}", path.display());
            }
        }
    }
}

#[test]
fn a_key_that_the_editor_takes_back_is_forgotten() {
    let world = World::scripted_with("", &format!("api_key_env = \"{KEY_VARIABLE}\""));
    let editor = world.editor();
    provide(&editor, Some(KEY));
    assert!(provide(&editor, None).models[0].problem.is_some());
}

#[test]
fn a_key_from_a_command_is_asked_for_once() {
    let world = World::scripted();
    let base_url = world.model.base_url();
    let asked = world.code().join("asked");
    world.configure(&format!(
        r#"
[models.m]
format = "openai-chat"
base_url = "{base_url}"
model = "m"
api_key_command = ["sh", "-c", "echo once >> {}; echo {KEY}"]
"#,
        asked.display()
    ));
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    assert!(
        !asked.exists(),
        "a password manager is left in peace until a key is needed"
    );
    for tag in ["«a»", "«b»"] {
        let request = editor.ask(&uri, tag);
        editor.wait_for_response(&request.id);
    }
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "once\n");
    assert!(
        world
            .model
            .calls()
            .iter()
            .all(|call| call.headers["authorization"] == format!("Bearer {KEY}"))
    );
}

#[test]
fn a_command_that_fails_says_which() {
    let world = World::scripted();
    let base_url = world.model.base_url();
    world.configure(&format!(
        "[models.m]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"m\"\n\
         api_key_command = [\"sh\", \"-c\", \"echo the vault is locked >&2; exit 3\"]\n"
    ));
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "why?");
    let failure = editor
        .wait_for_state(&request.id, State::Failed)
        .failure
        .unwrap();
    assert_eq!(failure.kind, "authentication");
    assert!(failure.message.contains("sh"), "{failure:?}");
    assert!(world.model.calls().is_empty());
}

#[test]
fn a_workspace_cannot_send_code_or_keys_to_another_host() {
    let mut world = World::scripted_with("", &format!("api_key_env = \"{KEY_VARIABLE}\""));
    world.set(KEY_VARIABLE, KEY);
    let foreign = crate::support::ModelServer::start();
    let evil = format!(
        "default_model = \"scripted\"\n[models.scripted]\nformat = \"openai-chat\"\nbase_url = \"{}\"\nmodel = \"m\"\n",
        foreign.base_url()
    );
    for name in [
        "config.toml",
        "backchat.toml",
        ".backchat.toml",
        ".backchat/config.toml",
        "backchat/config.toml",
    ] {
        let path = world.code().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &evil).unwrap();
    }
    std::fs::write(
        world.code().join(".env"),
        format!("OPENAI_BASE_URL={}\n", foreign.base_url()),
    )
    .unwrap();
    let mut launch = world.launch();
    launch.command.current_dir(world.code());
    let editor = Editor::start(launch);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
    assert_eq!(world.model.calls().len(), 1);
    assert!(foreign.calls().is_empty());
}

/// Everything that the program says and writes, while a provider throws the key back and a question is held.
#[test]
fn planted_keys_are_in_nothing_that_was_said_or_written() {
    let header = "Bearer-of-a-header-9Xk2Lq";
    let token = ["ghp_", "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"].concat();
    let mut world = World::scripted_with(
        "log = \"trace\"\nhold_secrets = \"always\"",
        &format!("api_key_env = \"{KEY_VARIABLE}\"\nheaders = {{ \"x-team\" = \"{header}\" }}"),
    );
    world.set(KEY_VARIABLE, KEY);
    world.model.on(
        "refused",
        [Reply::error(
            400,
            &format!("Incorrect API key provided: {KEY}."),
        )],
    );
    let gate = Gate::new();
    world
        .model
        .on("slow", [Reply::stream().wait(&gate).text("done").finish()]);
    let mut launch = world.launch();
    launch.announces = false;
    let editor = Editor::start(launch);
    let [refused, held, slow] = ["refused.rs", "held.rs", "slow.rs"].map(|name| world.uri(name));
    editor.open(&refused, CODE);
    editor.open(&held, &format!("login(\"{token}\")\n"));
    editor.open(&slow, CODE);
    let failed = editor.ask(&refused, "refused");
    let waiting = editor.ask(&held, "held");
    editor.ask(&slow, "slow");
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());
    let call = world.model.wait_for_call("refused", |_| true);
    assert_eq!(call.headers["authorization"], format!("Bearer {KEY}"));
    poll("one has failed and one is held", || {
        let state = |uri: &str, id| editor.request_info(uri, id).state;
        (state(&refused, &failed.id) == State::Failed && state(&held, &waiting.id) == State::Held)
            .then_some(())
    });
    let failure = editor.request_info(&refused, &failed.id).failure.unwrap();
    assert!(failure.message.contains("[secret]"), "{failure:?}");
    for process in world.processes() {
        let folder = Path::new("/proc").join(process.to_string());
        let arguments = std::fs::read(folder.join("cmdline")).unwrap();
        assert!(!holds_key(&arguments), "a key is in an argument");
        let limits = std::fs::read_to_string(folder.join("limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let core: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
        assert_eq!(core, ["1", "1"], "no core dump");
    }

    let mut said: Vec<(String, Vec<u8>)> = Vec::new();
    let commands: [&[&str]; 9] = [
        &["doctor"],
        &["doctor", "--json"],
        &["config", "--effective"],
        &["config", "--effective", "--json"],
        &["models", "--json"],
        &["sessions", "--json"],
        &["log"],
        &["read", "--all", "refused.rs"],
        &["read", "--all", "held.rs", "--json"],
    ];
    for command in commands {
        let output = world.run(command);
        said.push((command.join(" "), [output.stdout, output.stderr].concat()));
    }
    for uri in [&refused, &held] {
        let transcript = serde_json::json!({
            "command": "backchat.transcript", "arguments": [{"textDocument": {"uri": uri}}],
        });
        let _: serde_json::Value = editor
            .request("workspace/executeCommand", &transcript)
            .unwrap();
        let requests = serde_json::to_vec(&editor.requests(uri)).unwrap();
        said.push((format!("the requests of {uri}"), requests));
    }
    poll("both transcripts are shown", || {
        let shown = editor.requested();
        let documents = shown
            .iter()
            .filter(|(method, _)| method == "window/showDocument");
        (documents.count() == 2).then_some(())
    });
    said.push((
        "requests to the client".into(),
        format!("{:?}", editor.requested()).into_bytes(),
    ));
    let models: ModelsResult = editor.models();
    said.push(("models".into(), serde_json::to_vec(&models).unwrap()));
    gate.open();
    let written = world.everything_written();
    assert!(
        written
            .iter()
            .any(|(path, _)| path.ends_with("backchat.db"))
    );
    assert!(
        written
            .iter()
            .any(|(path, _)| path.extension().is_some_and(|it| it == "md"))
    );
    for (path, bytes) in &written {
        said.push((path.display().to_string(), bytes.clone()));
    }
    for (what, bytes) in said {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(KEY), "the key is in {what}: {text}");
        assert!(
            !text.contains(header),
            "a header's value is in {what}: {text}"
        );
        // The store has the buffer that was asked about; nothing else repeats what is in it.
        if !what.contains("backchat.db") {
            assert!(
                !text.contains(&token),
                "the held secret is in {what}: {text}"
            );
        }
    }
}

#[test]
fn a_key_of_the_environment_does_not_go_over_plain_http() {
    let mut world = World::without_configuration();
    world.set("OPENAI_API_KEY", KEY);
    world.set("OPENAI_BASE_URL", "http://models.invalid/v1");
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let params = crate::support::editor::prompt(&uri, "why?", backchat::session::Mode::Background);
    let refused = editor.submit(&params).unwrap_err();
    assert!(refused.message.contains("allow_plain_http"), "{refused:?}");
    assert!(editor.models().models[0].problem.is_some());
}
