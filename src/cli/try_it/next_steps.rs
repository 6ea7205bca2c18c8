//! What someone does next who has seen it.

use std::path::{Path, PathBuf};

use crate::cli::output::{BOLD, TYPED, paint};
use crate::cli::{environment, visible};
use crate::config::paths;

/// What to do next.
#[must_use]
pub(super) fn text(needs_model: bool) -> String {
    let program = program();
    let typed = |arguments: &str| paint(TYPED, format!("{program} {arguments}"));
    let mut text = format!("\n{}\n", paint(BOLD, "What next"));
    if needs_model {
        let file = paths::config_file(&environment).map_or_else(
            |_| "config.toml".to_owned(),
            |path| visible::line(&path.display().to_string()),
        );
        text.push_str(&format!(
            "   A better model   set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or write {file};\n                    {} prints every setting\n",
            typed("config"),
        ));
    }
    text.push_str(&format!(
        "   In an editor     Neovim, VS Code and others: see \"Install\" in README.md\n   \
           In a shell       {}\n                    {} and {}\n   \
           Is all well?     {}\n\n",
        typed("ask FILE:FIRST-LAST \"your question\""),
        typed("sessions"),
        typed("read"),
        typed("doctor"),
    ));
    text
}

/// How this program is called from here.
fn program() -> String {
    let Ok(program) = std::env::current_exe() else {
        return "backchat".to_owned();
    };
    let path = environment("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path).any(|directory| {
        // The same file may be there by a link.
        std::fs::canonicalize(directory.join("backchat")).is_ok_and(|found| found == program)
    });
    if is_found {
        return "backchat".to_owned();
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let shown = match program.strip_prefix(&here) {
        Ok(below) => Path::new(".").join(below),
        Err(_) => program,
    };
    visible::line(&shown.display().to_string())
}
