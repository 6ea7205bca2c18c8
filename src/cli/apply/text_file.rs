//! A text file on disk, read and replaced as a whole.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

const BOM: &str = "\u{feff}";

/// A file as it was read.
pub(super) struct TextFile {
    /// The file itself, where the given path is a link.
    path: PathBuf,
    bytes: Vec<u8>,
    /// Without the byte order mark that it may begin with.
    pub text: String,
}

impl TextFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is no text.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let real = path
            .canonicalize()
            .with_context(|| format!("cannot find {name}: has it been moved?"))?;
        let bytes = std::fs::read(&real)
            .with_context(|| format!("cannot read {name}: check the permissions"))?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            bail!("{name} is not a text in UTF-8: apply the change in an editor");
        };
        Ok(Self {
            text: text.strip_prefix(BOM).unwrap_or(text).to_owned(),
            path: real,
            bytes,
        })
    }

    /// Puts another text in its place, at once: whoever reads the file meanwhile sees the one or the other.
    /// Mode, owner and byte order mark are kept. `false` when the file has changed since it was read;
    /// nothing is written then.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the file is as it was then.
    pub fn replace(&self, text: &str) -> anyhow::Result<bool> {
        let name = self.path.display();
        let failed = || format!("cannot write {name}; it is as it was");
        let folder = self.path.parent().with_context(failed)?;
        let mut new = tempfile::Builder::new()
            .prefix(".backchat-")
            .tempfile_in(folder)
            .with_context(failed)?;
        if self.bytes.starts_with(BOM.as_bytes()) {
            new.write_all(BOM.as_bytes()).with_context(failed)?;
        }
        new.write_all(text.as_bytes()).with_context(failed)?;
        let meta = std::fs::metadata(&self.path).with_context(failed)?;
        keep_owner(new.as_file(), &meta).with_context(failed)?;
        new.as_file()
            .set_permissions(meta.permissions())
            .with_context(failed)?;
        new.as_file().sync_all().with_context(failed)?;
        if std::fs::read(&self.path).with_context(failed)? != self.bytes {
            return Ok(false);
        }
        new.persist(&self.path).with_context(failed)?;
        Ok(true)
    }
}

#[cfg(unix)]
fn keep_owner(new: &std::fs::File, old: &std::fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let made = new.metadata()?;
    if (made.uid(), made.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_keeps_what_it_is_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.sh"), folder.path().join("b.sh"));
        std::fs::write(&path, "\u{feff}one\r\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o751)).unwrap();
        symlink("a.sh", &link).unwrap();
        let file = TextFile::read(&link).unwrap();
        assert_eq!(file.text, "one\r\n");
        assert!(file.replace("two\r\n").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\u{feff}two\r\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o751);
        assert!(link.is_symlink());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 2, "nothing is left behind");
    }

    #[test]
    fn what_changed_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rs");
        std::fs::write(&path, "one\n").unwrap();
        let file = TextFile::read(&path).unwrap();
        std::fs::write(&path, "typed\n").unwrap();
        assert!(!file.replace("two\n").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "typed\n");
    }
}
