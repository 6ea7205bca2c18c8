//! The prompt library: questions that are kept as files, one a file.
//!
//! The user's own are in the folder `prompts` beside the configuration file. A workspace may bring some in
//! its `.backchat/prompts`; they are read only where the workspace is trusted, because the client or the
//! user's configuration says so. They are text for the model, bounded in size and named in what is sent,
//! and choose no model but those that the configuration allows them.

mod front_matter;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::session::Intent;
use front_matter::Mistake;

/// Where a workspace keeps its prompts.
pub const WORKSPACE_FOLDER: &str = ".backchat/prompts";

/// The user's own folder, beside the configuration file.
const USER_FOLDER: &str = "prompts";

/// The longest file, in bytes. A longer one is refused: part of a prompt may say the opposite of the whole.
const LONGEST_FILE: u64 = 64 * 1024;

/// The most files of a folder.
const MOST_FILES: usize = 200;

/// Whose prompt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user's own.
    User,
    /// One that a trusted workspace brought.
    Workspace,
}

/// A prompt of the library.
#[derive(Clone, Debug)]
pub struct LibraryPrompt {
    /// By which it is chosen: unlike that of every other one in its library.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// An answer or a change; `None` when the file does not say.
    pub intent: Option<Intent>,
    /// The name of the model that it chooses, where it may.
    pub model: Option<String>,
    /// What it asks.
    pub text: String,
    /// Whose it is.
    pub source: Source,
    /// The file.
    pub path: PathBuf,
}

/// Something that a file of the library, or a folder, was refused or ignored for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or the folder.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// The library has no prompt of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no prompt {name:?} in the library: {why}")]
pub struct UnknownPrompt {
    /// The name.
    pub name: String,
    /// What is wrong with its file, or what there is instead.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The workspace folder that a buffer lies in.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder.
    pub root: PathBuf,
    /// Whether the client says that it is trusted.
    pub trusted: bool,
}

/// The prompts that can be chosen for a buffer.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The user's own, then the workspace's, each by name.
    pub prompts: Vec<LibraryPrompt>,
    /// What is wrong with other files.
    pub problems: Vec<Problem>,
    /// The folder of the user's own prompts, whether it exists or not.
    pub folder: Option<PathBuf>,
    /// The workspace's folder, when there is one that is not read because the workspace is not trusted.
    pub untrusted: Option<PathBuf>,
}

impl Library {
    /// Reads the user's prompts and those of the workspace, from the disk.
    #[must_use]
    pub fn read(config: &Config, workspace: Option<&Workspace>) -> Self {
        let mut library = Self::default();
        if let Some(beside) = config.path.parent() {
            let folder = beside.join(USER_FOLDER);
            library.add(&folder, Source::User);
            library.folder = Some(folder);
        }
        if let Some(workspace) = workspace {
            let folder = workspace.root.join(WORKSPACE_FOLDER);
            if workspace.trusted || is_within_any(&workspace.root, &config.trusted_folders.value) {
                library.add_of_workspace(&folder, &workspace.root);
            } else if folder.is_dir() {
                library.untrusted = Some(folder);
            }
        }
        library.restrict_models(&config.workspace_prompt_models.value);
        library
    }

    /// The prompt of this name, else the one in the file `name.md`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&LibraryPrompt> {
        let by_name = self.prompts.iter().find(|prompt| prompt.name == name);
        by_name.or_else(|| {
            let is_its_file =
                |prompt: &&LibraryPrompt| prompt.path.file_stem() == Some(name.as_ref());
            self.prompts.iter().find(is_its_file)
        })
    }

    /// The same, or why there is none.
    ///
    /// # Errors
    ///
    /// When there is none, with what is wrong with the file that was meant, or what there is.
    pub fn require(&self, name: &str) -> Result<&LibraryPrompt, UnknownPrompt> {
        self.get(name).ok_or_else(|| {
            let of_its_file = |problem: &&Problem| problem.path.file_stem() == Some(name.as_ref());
            let names: Vec<String> = self
                .prompts
                .iter()
                .map(|prompt| format!("{:?}", prompt.name))
                .collect();
            let why = match (self.problems.iter().find(of_its_file), &self.untrusted) {
                (Some(problem), _) => problem.to_string(),
                (None, Some(folder)) => format!(
                    "those in {} are not read, as the workspace is not trusted; trust it in the editor, or name it in \
                     trusted_folders of your configuration",
                    folder.display()
                ),
                (None, None) if names.is_empty() => "there is none at all".to_owned(),
                (None, None) => format!("there are: {}", names.join(", ")),
            };
            UnknownPrompt {
                name: name.to_owned(),
                why,
            }
        })
    }

    fn add_of_workspace(&mut self, folder: &Path, root: &Path) {
        let (Ok(real), Ok(real_root)) = (folder.canonicalize(), root.canonicalize()) else {
            return;
        };
        if real.starts_with(real_root) {
            self.add(folder, Source::Workspace);
        } else {
            self.refuse(
                folder,
                "the folder leads out of the workspace and is not read",
            );
        }
    }

    fn add(&mut self, folder: &Path, source: Source) {
        let mut paths = match std::fs::read_dir(folder) {
            Ok(entries) => entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
                .collect::<Vec<_>>(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.refuse(folder, format!("cannot be read: {error}")),
        };
        paths.sort();
        if paths.len() > MOST_FILES {
            self.refuse(
                folder,
                format!(
                    "has {} files; only the first {MOST_FILES} are read",
                    paths.len()
                ),
            );
            paths.truncate(MOST_FILES);
        }
        let first = self.prompts.len();
        for path in paths {
            match prompt_in(&path, folder, source) {
                Ok(prompt) => self.take(prompt),
                Err(mistake) => self.problems.push(Problem {
                    path,
                    line: mistake.line,
                    message: mistake.message,
                }),
            }
        }
        self.prompts[first..].sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes a prompt unless its name is taken: what is the user's own can not be replaced by a workspace.
    fn take(&mut self, prompt: LibraryPrompt) {
        match self.prompts.iter().find(|known| known.name == prompt.name) {
            None => self.prompts.push(prompt),
            Some(known) => {
                let message = format!(
                    "the name {:?} is that of {} already",
                    prompt.name,
                    known.path.display()
                );
                self.refuse(&prompt.path, message);
            }
        }
    }

    /// Takes the models away that a workspace may not choose: they may cost money.
    fn restrict_models(&mut self, allowed: &[String]) {
        for prompt in &mut self.prompts {
            if prompt.source == Source::Workspace
                && let Some(model) = prompt.model.take_if(|model| !allowed.contains(model))
            {
                self.problems.push(Problem {
                    path: prompt.path.clone(),
                    line: None,
                    message: format!(
                        "a workspace's prompt may not choose the model {model:?}, so the selected one is asked; \
                         name it in workspace_prompt_models of your configuration to allow it"
                    ),
                });
            }
        }
    }

    fn refuse(&mut self, path: &Path, message: impl Into<String>) {
        self.problems.push(Problem {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        });
    }
}

impl LibraryPrompt {
    /// The file, as people and models know it: no more of the machine's paths than that.
    #[must_use]
    pub fn label(&self) -> String {
        let folder = match self.source {
            Source::User => USER_FOLDER,
            Source::Workspace => WORKSPACE_FOLDER,
        };
        let file = self.path.file_name().unwrap_or_default();
        format!("{folder}/{}", file.to_string_lossy())
    }

    /// What is asked: where it is from, the prompt, and what the user typed after it.
    #[must_use]
    pub fn followed_by(&self, typed: &str) -> String {
        let mut prompt = format!("{} ({})\n\n{}", self.name, self.label(), self.text);
        if !typed.trim().is_empty() {
            prompt.push_str("\n\n");
            prompt.push_str(typed.trim());
        }
        prompt
    }
}

/// Reads one file. What a workspace brought must lie in its `folder`; the user's own may be links to
/// wherever they are kept.
fn prompt_in(path: &Path, folder: &Path, source: Source) -> Result<LibraryPrompt, Mistake> {
    let refused = |message: String| Mistake {
        line: None,
        message,
    };
    let unreadable = |error: std::io::Error| refused(format!("cannot be read: {error}"));
    let real = path.canonicalize().map_err(unreadable)?;
    if source == Source::Workspace && !real.starts_with(folder.canonicalize().map_err(unreadable)?)
    {
        return Err(refused(
            "leads out of the folder and is not read".to_owned(),
        ));
    }
    let meta = std::fs::metadata(&real).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(refused("is no file".to_owned()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&real)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(refused(format!(
            "is longer than {LONGEST_FILE} bytes and is not read; make it shorter"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Mistake::at(line, "is not in UTF-8")
    })?;
    let (front, text) = front_matter::parse(&text)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(LibraryPrompt {
        name: front
            .name
            .map_or_else(|| stem.into_owned(), |name| name.trim().to_owned()),
        description: front.description,
        intent: front.intent,
        model: front.model,
        text,
        source,
        path: path.to_owned(),
    })
}

fn is_within_any(folder: &Path, trusted: &[PathBuf]) -> bool {
    let Ok(real) = folder.canonicalize() else {
        return false;
    };
    trusted
        .iter()
        .filter_map(|trusted| trusted.canonicalize().ok())
        .any(|trusted| real.starts_with(trusted))
}
