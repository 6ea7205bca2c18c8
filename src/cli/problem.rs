//! Exit codes, and why a command did not do what it was asked.

use std::process::ExitCode;

use super::output::{self, ReaderGone, print_json};
use super::results::{Failure, Problem};
use super::visible;

/// The model has finished, and said nothing that could be read.
pub(super) const NO_ANSWER: u8 = 3;

/// A wrong use of the command line.
pub(super) const WRONG_USE: u8 = 2;

/// What `--help` says of the exit codes of most commands.
pub(super) const EXIT_CODES: &str = "Exit codes: 0 when it was done; 1 when it was not, and standard error says why; 2 when the arguments are not understood.";

impl Problem {
    /// The problem with exit code 1.
    pub(super) fn failure(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    /// Says it on standard error, and gives back the exit code.
    pub(super) fn told(&self) -> ExitCode {
        output::remark(&format!("backchat: {}", visible::block(&self.message)));
        ExitCode::from(self.exit_code)
    }
}

/// Ends a command that failed: says why on standard error, and where JSON was asked for, as JSON too.
pub(super) fn fail(error: &anyhow::Error, in_json: bool) -> ExitCode {
    if error.is::<ReaderGone>() {
        return ExitCode::SUCCESS;
    }
    let problem = Problem::failure(format!("{error:#}"));
    if in_json {
        let failure = Failure {
            error: problem.clone(),
        };
        // Whoever is not there to read it does not miss it.
        let _ = print_json(&failure);
    }
    problem.told()
}

/// Ends a wrong use of the command line, or shows the help that was asked for.
pub(super) fn wrong_use(error: &clap::Error, in_json: bool) -> ExitCode {
    if in_json && error.use_stderr() {
        let failure = Failure {
            error: Problem {
                message: error.render().to_string().trim().to_owned(),
                exit_code: WRONG_USE,
            },
        };
        let _ = print_json(&failure);
    }
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Whether the arguments of this process ask for JSON.
pub(super) fn in_json() -> bool {
    std::env::args_os()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}
