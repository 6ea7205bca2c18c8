//! What `backchat` does without an editor, and how an editor starts it.

mod logging;
mod serve;
mod worker;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Ask an LLM about any buffer and keep typing; the answer arrives where you asked.
#[derive(Parser)]
#[command(name = "backchat", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve one editor: the Language Server Protocol over standard input and output.
    ///
    /// Also what `backchat` does without a command when its input is not a terminal.
    Serve(serve::Serve),
    /// Run queued requests.
    Worker(worker::Work),
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let command = match arguments.command {
        Some(command) => command,
        None if !std::io::stdin().is_terminal() => Command::Serve(serve::Serve::default()),
        None => {
            let mut help = <Arguments as clap::CommandFactory>::command();
            let _ = help.print_help();
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&anyhow::Error::new(error).context("the runtime could not be started"));
        }
    };
    let result = runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run().await,
            Command::Worker(work) => work.run().await,
        }
    });
    // Standard input may be blocked in a read that nothing will end.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| fail(&error))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(anstream::stderr(), "backchat: {error:#}");
    ExitCode::FAILURE
}

/// The process's environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
