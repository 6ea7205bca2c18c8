//! What a failed test leaves for whoever looks into it: its world, in a folder of its own below
//! `.cache/failures/`. Only the newest are kept.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So many folders of these tests are kept; `tests/steps/failures.mjs` keeps as many.
const KEPT: usize = 20;

/// Larger files are left out.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Copies the world of the test that runs in this thread, and says where it is.
pub fn keep(world: &Path) {
    match copied(world) {
        Ok(folder) => eprintln!("kept in {}", folder.display()),
        Err(error) => eprintln!("what the failed test left could not be kept: {error}"),
    }
}

fn copied(world: &Path) -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let failures = root.join(".cache").join("failures");
    std::fs::create_dir_all(&failures)?;
    let folder = new_folder(&failures)?;
    copy(world, &folder)?;
    remove_old(&failures)?;
    Ok(folder.strip_prefix(root).unwrap_or(&folder).to_owned())
}

/// A new folder, named for the test and the time.
fn new_folder(failures: &Path) -> io::Result<PathBuf> {
    let thread = std::thread::current();
    // libtest names a thread for the test that it runs.
    let test: String = thread
        .name()
        .unwrap_or("unnamed")
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '-'
            }
        })
        .collect();
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut number = 1;
    loop {
        let again = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let folder = failures.join(format!("rust-{test}-{time}{again}"));
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return result.map(|()| folder),
        }
    }
}

/// Copies what is in a folder, without sockets, links and what is very large.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            std::fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else if kind.is_file() && entry.metadata()?.len() <= LARGEST {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Removes all folders of these tests but the newest.
fn remove_old(failures: &Path) -> io::Result<()> {
    let mut folders: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(failures)?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("rust-"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.0));
    for (_, folder) in folders.into_iter().skip(KEPT) {
        // Another test that fails at this moment may remove it as well.
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}
