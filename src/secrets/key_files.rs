//! Files that are secrets as a whole, known by their names.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// Settings of an environment, a line `NAME=value` each: `.env`.
    Environment,
    /// Holds credentials, whatever is in it.
    Credentials,
}

/// A `.gitignore` longer than this is not read: nobody writes one by hand.
const LONGEST_IGNORE_FILE: u64 = 1024 * 1024;

/// Names that are never anything else.
const ALWAYS: [&str; 11] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".git-credentials",
    ".pypirc",
];

/// Endings of names that are keys when git ignores them: what is committed is public, as certificates and
/// the keys of tests are.
const ENDINGS_WHEN_IGNORED: [&str; 14] = [
    ".pem",
    ".key",
    ".p8",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".ppk",
    ".asc",
    ".gpg",
    ".age",
    ".tfvars",
    ".tfstate",
    ".secret",
];

/// Beginnings of names that hold credentials when git ignores them.
const BEGINNINGS_WHEN_IGNORED: [&str; 6] = [
    "credentials",
    "secrets.",
    "secret.",
    "service-account",
    ".npmrc",
    ".htpasswd",
];

/// What stands after `.env.` in templates, which are made to be shown.
const TEMPLATES: [&str; 7] = [
    "example", "sample", "template", "dist", "defaults", "schema", "test",
];

impl KeyFile {
    /// What the file is; `None` for an ordinary one. Reads the `.gitignore` files above it.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if name == ".env" || name == ".envrc" {
            return Some(Self::Environment);
        }
        if let Some(which) = name.strip_prefix(".env.") {
            let is_template = which.split('.').any(|part| TEMPLATES.contains(&part));
            return (!is_template).then_some(Self::Environment);
        }
        let is_aws = path.ends_with(".aws/credentials");
        if ALWAYS.contains(&name) || is_aws {
            return Some(Self::Credentials);
        }
        let may_be = ENDINGS_WHEN_IGNORED
            .iter()
            .any(|ending| name.ends_with(ending))
            || BEGINNINGS_WHEN_IGNORED
                .iter()
                .any(|beginning| name.starts_with(beginning));
        (may_be && is_git_ignored(path)).then_some(Self::Credentials)
    }
}

/// Whether git ignores a file, by the ignore files of its repository; `false` outside of one.
///
/// Git itself is not asked: a repository's own settings can name programs that git then runs.
fn is_git_ignored(path: &Path) -> bool {
    let Some(root) = path
        .ancestors()
        .skip(1)
        .find(|above| above.join(".git").exists())
    else {
        return false;
    };
    // The nearest file decides first, and within it the last pattern that fits.
    let ignore_files = path
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(root))
        .map(|above| (above, above.join(".gitignore")))
        .chain([(root, root.join(".git/info/exclude"))]);
    for (directory, file) in ignore_files {
        let is_short = std::fs::metadata(&file)
            .is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST_IGNORE_FILE);
        if !is_short {
            continue;
        }
        let mut builder = GitignoreBuilder::new(directory);
        // A pattern that is none is left out, as git does.
        let _ = builder.add(file);
        let Ok(patterns) = builder.build() else {
            continue;
        };
        match patterns.matched_path_or_any_parents(path, false) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => {}
        }
    }
    false
}

/// The files that the user's configuration says may be sent whatever is in them.
#[derive(Clone, Debug)]
pub struct AllowedPaths {
    patterns: Gitignore,
}

impl AllowedPaths {
    /// Patterns as in a `.gitignore` at the root of the file system; what git would ignore is allowed.
    ///
    /// # Errors
    ///
    /// When one of them is no pattern: which, and why.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let mut builder = GitignoreBuilder::new(root());
        for pattern in patterns {
            builder
                .add_line(None, pattern)
                .map_err(|error| format!("{pattern:?} is no pattern: {error}"))?;
        }
        let patterns = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { patterns })
    }

    /// Whether the file is one of them.
    #[must_use]
    pub fn contain(&self, path: &Path) -> bool {
        path.has_root()
            && self
                .patterns
                .matched_path_or_any_parents(path, false)
                .is_ignore()
    }
}

fn root() -> PathBuf {
    PathBuf::from(std::path::MAIN_SEPARATOR_STR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("/p/.env", Some(KeyFile::Environment))]
    #[case("/p/.env.production", Some(KeyFile::Environment))]
    #[case("/p/.env.example", None)]
    #[case("/p/.env.production.sample", None)]
    #[case("/p/env.rs", None)]
    #[case("/home/me/.ssh/id_ed25519", Some(KeyFile::Credentials))]
    #[case("/home/me/.ssh/id_ed25519.pub", None)]
    #[case("/home/me/.aws/credentials", Some(KeyFile::Credentials))]
    #[case("/p/src/credentials.rs", None)]
    #[case("/p/server.pem", None)]
    fn names_tell(#[case] path: &str, #[case] what: Option<KeyFile>) {
        assert_eq!(KeyFile::of(Path::new(path)), what);
    }

    #[test]
    fn a_key_that_git_ignores_is_one_and_a_committed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join(".git/info")).unwrap();
        std::fs::create_dir_all(root.join("tests")).unwrap();
        std::fs::write(root.join(".gitignore"), "*.pem\n[\n/private/\n").unwrap();
        std::fs::write(root.join("tests/.gitignore"), "!*.pem\n").unwrap();
        std::fs::write(root.join(".git/info/exclude"), "local.key\n").unwrap();
        let is_key = |path: &str| KeyFile::of(&root.join(path)).is_some();
        assert!(is_key("server.pem"));
        assert!(is_key("deep/er/server.pem"));
        assert!(is_key("private/credentials.json"), "in an ignored folder");
        assert!(is_key("local.key"), "by the repository's own list");
        assert!(!is_key("tests/server.pem"), "a nearer file takes it back");
        assert!(!is_key("public.key"), "not ignored");
    }

    #[test]
    fn allowed_paths_are_patterns_of_whole_paths() {
        let patterns = ["**/fixtures/".to_owned(), "/srv/demo/.env".to_owned()];
        let allowed = AllowedPaths::new(&patterns).unwrap();
        assert!(allowed.contain(Path::new("/p/tests/fixtures/key.pem")));
        assert!(allowed.contain(Path::new("/srv/demo/.env")));
        assert!(!allowed.contain(Path::new("/srv/other/.env")));
        assert!(
            !allowed.contain(Path::new("fixtures/key.pem")),
            "no whole path"
        );
        assert!(AllowedPaths::new(&["{".to_owned()]).is_err());
    }
}
