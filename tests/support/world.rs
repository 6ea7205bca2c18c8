//! A world for one test: a model, a configuration, a store and a folder with code, all its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backchat::protocol::RequestInfo;
use tempfile::TempDir;

use super::editor::{Editor, Launch};
use super::failures;
use super::local_model::local_model;
use super::model_server::ModelServer;

/// The variable that the scripted model's key is in, where a test wants one.
pub const KEY_VARIABLE: &str = "SCRIPTED_API_KEY";

/// The world. When it goes, everything that it started and wrote goes; a test that fails leaves a copy.
pub struct World {
    /// The scripted model, which is there in every world.
    pub model: ModelServer,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl World {
    /// A world whose one configured model is the scripted one.
    pub fn scripted() -> Self {
        Self::scripted_with("", "")
    }

    /// The same with more lines of configuration: at its top, and in the model's table.
    pub fn scripted_with(top: &str, of_model: &str) -> Self {
        let world = Self::without_configuration();
        let base_url = world.model.base_url();
        world.configure(&format!(
            r#"
default_model = "scripted"
{top}

[models.scripted]
format = "openai-chat"
base_url = "{base_url}"
model = "scripted"
max_output_tokens = 256
{of_model}
"#
        ));
        world
    }

    /// A world whose one configured model is the scripted one, spoken to in this wire format.
    pub fn speaking(format: &str) -> Self {
        let world = Self::without_configuration();
        world.configure(&format!(
            "[models.scripted]\nformat = \"{format}\"\nbase_url = \"{}\"\nmodel = \"scripted\"\n",
            world.model.base_url()
        ));
        world
    }

    /// A world whose one configured model is the small real one, with short answers.
    pub fn real() -> Self {
        Self::real_with(24)
    }

    /// The same with answers of at most so many tokens.
    pub fn real_with(max_output_tokens: u32) -> Self {
        let model = local_model();
        let world = Self::without_configuration();
        world.configure(&format!(
            r#"
default_model = "small"

[models.small]
format = "openai-chat"
base_url = "{}"
model = "{}"
context_tokens = {}
max_output_tokens = {max_output_tokens}
temperature = 0.0
"#,
            model.base_url, model.model, model.context_tokens
        ));
        world
    }

    /// A world in which nothing was configured.
    pub fn without_configuration() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("backchat-test-")
            .tempdir()
            .unwrap();
        std::fs::create_dir(folder.path().join("code")).unwrap();
        Self {
            model: ModelServer::start(),
            folder,
            environment: Vec::new(),
        }
    }

    /// Writes the configuration file.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.config_file(), text).unwrap();
    }

    /// Sets a variable of the environment of all programs that start from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// `BACKCHAT_CONFIG`.
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Writes a file of the user's own, beside the configuration, or of the folder with code.
    pub fn write(&self, folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The folder of the configuration file.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// `BACKCHAT_STATE_DIR`.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The folder with code that editors have open.
    pub fn code(&self) -> PathBuf {
        self.folder.path().join("code")
    }

    /// The URI of a file in the folder with code, whether or not it is there.
    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.code().join(name).display())
    }

    /// An editor window with its own server.
    pub fn editor(&self) -> Editor {
        Editor::start(self.launch())
    }

    /// An editor that has opened a small file and asked about it.
    pub fn asked(&self, prompt: &str) -> (Editor, RequestInfo) {
        let (editor, uri) = (self.editor(), self.uri("main.rs"));
        editor.open(&uri, "fn main() {}\n");
        let request = editor.ask(&uri, prompt);
        (editor, request)
    }

    /// Several windows, each of which follows the store: what happens from here on is told in all.
    pub fn windows<const COUNT: usize>(&self) -> [Editor; COUNT] {
        let windows = std::array::from_fn(|_| self.editor());
        for window in &windows {
            window.status();
        }
        windows
    }

    /// An editor to be changed before it starts.
    pub fn launch(&self) -> Launch {
        let mut command = self.backchat();
        command.arg("serve");
        Launch {
            command,
            folders: vec![self.code()],
            encodings: vec!["utf-8", "utf-16"],
            announces: true,
            options: serde_json::Value::Null,
            process_id: std::process::id(),
            state: self.state(),
        }
    }

    /// Runs the program with these arguments to its end, as in a shell.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.backchat()
            .args(arguments)
            .current_dir(self.code())
            .output()
            .unwrap()
    }

    /// The program, with nothing of the tester's own environment but the path.
    pub fn backchat(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backchat"));
        command.env_clear();
        for name in ["PATH", "TMPDIR", "LLVM_PROFILE_FILE", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.folder.path())
            .env("BACKCHAT_CONFIG", self.config_file())
            .env("BACKCHAT_STATE_DIR", self.state())
            .env("RUST_BACKTRACE", "1")
            // What a tester's own standard input is must not matter: what is piped in is read.
            .stdin(std::process::Stdio::null())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The program as [`Self::backchat`] starts it, with a command of the shell before it.
    pub fn backchat_after(&self, shell: &str) -> Command {
        let program = self.backchat();
        let mut command = Command::new("sh");
        command
            .env_clear()
            .stdin(std::process::Stdio::null())
            .args(["-c", &format!("{shell} && exec \"$0\" \"$@\"")]);
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.arg(program.get_program());
        command
    }

    /// Kills a process of this world: it has no chance to do anything more.
    pub fn kill(&self, process: u32) {
        assert!(
            self.kill_if_there(process),
            "{process} works on this store and can be killed"
        );
    }

    /// Kills a process of this world unless it has ended by itself. Whether it was there.
    pub fn kill_if_there(&self, process: u32) -> bool {
        let kill = || {
            Command::new("kill")
                .arg("-9")
                .arg(process.to_string())
                .output()
        };
        self.processes().contains(&process) && kill().unwrap().status.success()
    }

    /// Every file in the state directory with its bytes: the database, its log, the logs.
    pub fn everything_written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.state()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), std::fs::read(path).unwrap_or_default()));
                }
            }
        }
        files
    }

    /// The processes that work on this world's store: servers, and workers that they left behind.
    /// Known by their environment, which only Linux shows.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("BACKCHAT_STATE_DIR={}", self.state().display());
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|process| has_variable(&process.path(), &mark))
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect()
    }
}

/// Whether the process is alive and was started with this `NAME=value`.
fn has_variable(process: &Path, mark: &str) -> bool {
    // A process that has ended and was not yet waited for has an empty environment.
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == mark.as_bytes())
}

impl Drop for World {
    fn drop(&mut self) {
        // Editors kill their servers; what is left are workers of a test that failed.
        for process in self.processes() {
            let _ = Command::new("kill")
                .arg("-9")
                .arg(process.to_string())
                .status();
        }
        if std::thread::panicking() {
            failures::keep(self.folder.path());
        }
    }
}
