//! Where a proposal may go: never outside the workspace, never into a file that can not be written.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::buffer_name;

/// Why nothing may be applied to a buffer; `None` when it may. Reads the disk.
///
/// A file must lie in one of `roots`, where there are any, and so must what it is a link to. A buffer that
/// is no file lies nowhere.
pub(super) fn hindrance(uri: &str, roots: &[PathBuf]) -> Option<&'static str> {
    let path = buffer_name::path(uri)?;
    if !roots.is_empty() && !is_within(&path, roots) {
        return Some("the file lies outside of the workspace");
    }
    let meta = std::fs::metadata(&path).ok()?;
    if meta.permissions().readonly() || access(&path, Access::WRITE_OK).is_err() {
        return Some("the file is read-only");
    }
    None
}

fn is_within(path: &Path, roots: &[PathBuf]) -> bool {
    if !roots.iter().any(|root| path.starts_with(root)) {
        return false;
    }
    // A file that is not on disk yet leads nowhere else.
    let Ok(real) = path.canonicalize() else {
        return true;
    };
    roots
        .iter()
        .filter_map(|root| root.canonicalize().ok())
        .any(|root| real.starts_with(root))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn uri(path: &Path) -> String {
        url::Url::from_file_path(path).unwrap().into()
    }

    #[test]
    fn a_file_outside_or_a_link_to_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("project");
        std::fs::create_dir(&root).unwrap();
        for path in [home.path().join("outside.rs"), root.join("inside.rs")] {
            std::fs::write(path, "").unwrap();
        }
        symlink(home.path().join("outside.rs"), root.join("out.rs")).unwrap();
        symlink("inside.rs", root.join("in.rs")).unwrap();
        symlink(&root, home.path().join("link")).unwrap();
        let roots = [root.clone()];
        let may = |path: PathBuf| hindrance(&uri(&path), &roots).is_none();
        assert!(may(root.join("inside.rs")) && may(root.join("in.rs")) && may(root.join("new.rs")));
        assert!(!may(root.join("out.rs")) && !may(home.path().join("outside.rs")));
        // A workspace may itself be opened through a link, and an editor may have none.
        let linked = home.path().join("link");
        assert_eq!(hindrance(&uri(&linked.join("inside.rs")), &[linked]), None);
        assert_eq!(hindrance(&uri(&home.path().join("outside.rs")), &[]), None);
        assert_eq!(hindrance("untitled:Untitled-1", &roots), None);
    }

    #[test]
    fn a_read_only_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("main.rs");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        assert_eq!(hindrance(&uri(&path), &[]), Some("the file is read-only"));
    }
}
