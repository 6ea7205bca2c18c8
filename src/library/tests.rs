use super::*;
use crate::config::{Origin, Setting};

struct Disk {
    home: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn config(&self) -> Config {
        Config::defaults(self.home.path().join("config/config.toml"))
    }

    fn workspace(&self, trusted: bool) -> Workspace {
        Workspace {
            root: self.home.path().join("project"),
            trusted,
        }
    }

    fn read(&self) -> Library {
        Library::read(&self.config(), Some(&self.workspace(true)))
    }
}

fn set<T>(value: T) -> Setting<T> {
    Setting {
        value,
        origin: Origin::Default,
    }
}

fn names(library: &Library) -> Vec<&str> {
    library
        .prompts
        .iter()
        .map(|prompt| prompt.name.as_str())
        .collect()
}

#[test]
fn the_users_own_come_first_and_are_found_by_name_or_file() {
    let disk = Disk::new();
    disk.write("config/prompts/tests.md", "Write tests.");
    disk.write(
        "config/prompts/a.md",
        "---\nname: Explain\n---\nExplain it.",
    );
    disk.write("config/prompts/notes.txt", "no prompt");
    disk.write(
        "project/.backchat/prompts/races.md",
        "---\nname: Find races\nintent: edit\n---\nLook.",
    );
    let library = disk.read();
    assert_eq!(names(&library), ["Explain", "tests", "Find races"]);
    assert_eq!(library.problems, []);
    let races = library.get("races").unwrap();
    assert_eq!(
        (races.source, races.intent),
        (Source::Workspace, Some(Intent::Edit))
    );
    assert_eq!(library.get("Find races").unwrap().path, races.path);
    assert!(library.get("nothing").is_none());
}

#[test]
fn what_is_asked_names_its_file_and_ends_with_what_was_typed() {
    let disk = Disk::new();
    disk.write(
        "project/.backchat/prompts/races.md",
        "---\nname: Find races\n---\nLook.\n",
    );
    let library = disk.read();
    let races = library.get("races").unwrap();
    assert_eq!(
        races.followed_by(" In the queue. "),
        "Find races (.backchat/prompts/races.md)\n\nLook.\n\nIn the queue."
    );
    assert!(races.followed_by("\n").ends_with("Look."));
}

#[test]
fn an_untrusted_workspace_is_not_read() {
    let disk = Disk::new();
    disk.write("project/.backchat/prompts/races.md", "Look.");
    let mut config = disk.config();
    let library = Library::read(&config, Some(&disk.workspace(false)));
    assert_eq!(names(&library), [""; 0]);
    assert_eq!(
        library.untrusted.unwrap(),
        disk.home.path().join("project/.backchat/prompts")
    );

    config.trusted_folders = set(vec![disk.home.path().join("proj")]);
    assert!(
        Library::read(&config, Some(&disk.workspace(false)))
            .untrusted
            .is_some()
    );
    config.trusted_folders = set(vec![disk.home.path().to_owned()]);
    assert_eq!(
        names(&Library::read(&config, Some(&disk.workspace(false)))),
        ["races"]
    );
}

#[test]
fn one_wrong_file_leaves_the_others() {
    let disk = Disk::new();
    disk.write("config/prompts/good.md", "Explain it.");
    disk.write(
        "config/prompts/wrong.md",
        "---\nname: x\nintend: ask\n---\nExplain it.",
    );
    disk.write("config/prompts/long.md", "x".repeat(64 * 1024 + 1));
    disk.write("config/prompts/binary.md", b"first\n\xff\xfe");
    disk.write("config/prompts/zz.md", "---\nname: good\n---\nAnother.");
    std::fs::create_dir_all(disk.home.path().join("config/prompts/folder.md")).unwrap();
    let library = disk.read();
    assert_eq!(names(&library), ["good"]);
    let said: Vec<String> = library.problems.iter().map(Problem::to_string).collect();
    let told = |words: &str| said.iter().any(|problem| problem.contains(words));
    assert!(told("wrong.md:3: ") && told("intend"), "{said:?}");
    assert!(told("long.md: is longer than 65536"), "{said:?}");
    assert!(told("binary.md:2: is not in UTF-8"), "{said:?}");
    assert!(told("zz.md: the name \"good\" is that of"), "{said:?}");
    assert!(told("folder.md: is no file"), "{said:?}");
}

#[test]
fn a_workspace_replaces_none_of_the_users_own() {
    let disk = Disk::new();
    disk.write("config/prompts/review.md", "Mine.");
    disk.write("project/.backchat/prompts/review.md", "Theirs.");
    let library = disk.read();
    assert_eq!(
        library.folder,
        Some(disk.home.path().join("config/prompts"))
    );
    assert_eq!(library.get("review").unwrap().text, "Mine.");
    assert_eq!(library.problems.len(), 1);
}

#[test]
fn a_workspace_chooses_only_models_that_were_allowed() {
    let disk = Disk::new();
    let text = "---\nmodel: sonnet\n---\nLook.";
    disk.write("config/prompts/mine.md", text);
    disk.write("project/.backchat/prompts/theirs.md", text);
    let library = disk.read();
    assert_eq!(
        library.get("mine").unwrap().model.as_deref(),
        Some("sonnet")
    );
    assert_eq!(library.get("theirs").unwrap().model, None);
    assert!(
        library.problems[0]
            .message
            .contains("workspace_prompt_models")
    );

    let mut config = disk.config();
    config.workspace_prompt_models = set(vec!["sonnet".to_owned()]);
    let library = Library::read(&config, Some(&disk.workspace(true)));
    assert_eq!(
        library.get("theirs").unwrap().model.as_deref(),
        Some("sonnet")
    );
    assert_eq!(library.problems, []);
}

#[test]
fn a_folder_with_too_many_files_is_read_in_part() {
    let disk = Disk::new();
    for number in 0..=MOST_FILES {
        disk.write(&format!("config/prompts/{number:04}.md"), "Explain it.");
    }
    let library = disk.read();
    assert_eq!(library.prompts.len(), MOST_FILES);
    assert!(
        library.problems[0].message.contains("201 files"),
        "{:?}",
        library.problems
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_a_workspaces_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new();
    let home = disk.home.path();
    disk.write("elsewhere/secret.md", "a key");
    disk.write("project/.backchat/prompts/own.md", "Look.");
    symlink(
        home.join("elsewhere/secret.md"),
        home.join("project/.backchat/prompts/out.md"),
    )
    .unwrap();
    symlink("own.md", home.join("project/.backchat/prompts/within.md")).unwrap();
    let library = disk.read();
    assert_eq!(names(&library), ["own", "within"]);
    assert!(
        library.problems[0]
            .to_string()
            .contains("out.md: leads out of the folder")
    );

    std::fs::remove_dir_all(home.join("project/.backchat")).unwrap();
    std::fs::create_dir(home.join("project/.backchat")).unwrap();
    symlink(
        home.join("elsewhere"),
        home.join("project/.backchat/prompts"),
    )
    .unwrap();
    let library = disk.read();
    assert_eq!(names(&library), [""; 0]);
    assert!(library.problems[0].message.contains("out of the workspace"));

    // The user's own may be kept elsewhere, as programs that manage configurations do.
    disk.write("config/config.toml", "");
    symlink(home.join("elsewhere"), home.join("config/prompts")).unwrap();
    assert_eq!(names(&disk.read()), ["secret"]);
}
