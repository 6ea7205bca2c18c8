//! The rules file of a project: what its people want every assistant to know.
//!
//! `AGENTS.md` files go along with each prompt, the one nearest to the buffer first, up to the root of the
//! workspace. They are part of the workspace and so not trusted: they are text for the model, bounded in
//! size, named in what is sent, and read only where the workspace is.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The file's name. Source: <https://agents.md>.
pub const FILE: &str = "AGENTS.md";

/// The most bytes that are taken of one file.
const LONGEST: u64 = 16 * 1024;

/// The most bytes that go along in all.
const LONGEST_IN_ALL: usize = 32 * 1024;

/// The rules for `file`, with the name of each file that they are from; `None` without any. Reads the disk.
///
/// Looks in the directories from that of `file` up to the one of `roots` that it lies in, and nowhere when it
/// lies in none.
#[must_use]
pub fn collect(file: &Path, roots: &[PathBuf]) -> Option<String> {
    let root = roots
        .iter()
        .filter(|root| file.starts_with(root))
        .max_by_key(|root| root.components().count())?;
    let mut rules = String::new();
    for directory in file
        .ancestors()
        .skip(1)
        .take_while(|directory| directory.starts_with(root))
    {
        let path = directory.join(FILE);
        let Some(text) = read(&path, root) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        let _ = write!(rules, "From {name}:\n\n{}\n\n", text.trim());
        if rules.len() >= LONGEST_IN_ALL {
            break;
        }
    }
    let mut end = LONGEST_IN_ALL.min(rules.len());
    while !rules.is_char_boundary(end) {
        end -= 1;
    }
    rules.truncate(end);
    (!rules.is_empty()).then_some(rules)
}

/// The rules for a file that no editor has in a workspace: up to the root of its repository, else those of
/// its own directory. Reads the disk.
#[must_use]
pub fn collect_in_repository(file: &Path) -> Option<String> {
    let root = repository_of(file.parent()?);
    collect(file, &[root.to_owned()])
}

/// The root of the repository that a directory lies in, else the directory. Reads the disk.
#[must_use]
pub fn repository_of(directory: &Path) -> &Path {
    let is_root = |directory: &&Path| directory.join(".git").exists();
    directory.ancestors().find(is_root).unwrap_or(directory)
}

/// The beginning of a rules file; `None` when there is none, or when it is a link that leads out of the
/// workspace.
fn read(path: &Path, root: &Path) -> Option<String> {
    let real = path.canonicalize().ok()?;
    if !real.starts_with(root.canonicalize().ok()?) || !real.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(real)
        .ok()?
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_nearest_rules_come_first_and_none_from_above_the_workspace() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("project");
        write(&outside.path().join(FILE), "outside");
        write(&root.join(FILE), "of the project");
        write(&root.join("src").join(FILE), "of the source");
        let rules = collect(&root.join("src/deep/main.rs"), std::slice::from_ref(&root)).unwrap();
        let nearest = rules.find("of the source").unwrap();
        assert!(nearest < rules.find("of the project").unwrap());
        assert!(!rules.contains("outside"), "{rules}");
        assert!(rules.contains("From src/AGENTS.md"), "{rules}");
        assert_eq!(collect(&outside.path().join("main.rs"), &[root]), None);
    }

    #[test]
    fn a_long_file_is_cut() {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join(FILE), &"é".repeat(100_000));
        let rules = collect(&root.path().join("main.rs"), &[root.path().to_owned()]).unwrap();
        assert!(rules.len() <= LONGEST_IN_ALL);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_workspace_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("project");
        write(&outside.path().join("secret"), "a key");
        std::fs::create_dir_all(&root).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), root.join(FILE)).unwrap();
        assert_eq!(collect(&root.join("main.rs"), &[root]), None);
    }
}
