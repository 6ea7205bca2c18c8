//! The directory of one run: an inbox and files that are thrown away.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The directory; it goes with the run.
pub(super) struct Run {
    directory: PathBuf,
    keep: bool,
}

impl Run {
    /// Makes a new one in the cache.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(super) fn create(cache: &Path) -> anyhow::Result<Self> {
        let directory = cache.join("try").join(uuid::Uuid::now_v7().to_string());
        std::fs::create_dir_all(&directory).with_context(|| {
            format!(
                "cannot make {}: check its permissions, or name another directory by --cache",
                directory.display()
            )
        })?;
        Ok(Self {
            directory,
            keep: false,
        })
    }

    /// The state directory of its server. The server makes it, for its user alone.
    pub(super) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.directory.join(name);
        let parent = path.parent().unwrap_or(&self.directory);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Leaves it there, for someone who wants to know what went wrong.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
