//! What `backchat` does without an editor, and how an editor starts it.

mod age;
mod apply;
mod ask;
mod columns;
mod completions;
mod config;
mod doctor;
mod identify;
mod inbox;
mod language;
mod local_model;
mod location;
mod log;
mod logging;
mod models;
mod output;
mod problem;
mod prompts;
mod purge;
mod read;
mod request;
pub mod results;
mod serve;
mod sessions;
mod try_it;
mod worker;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::visible;
use request::Action;

/// Ask an LLM about any buffer and keep typing; the answer arrives where you asked.
#[derive(Parser)]
#[command(
    name = "backchat",
    version,
    about,
    max_term_width = 100,
    after_help = "Exit codes: 0 when it was done; 1 when it was not, and standard error says why; 2 when the arguments are not understood. \
                  `ask` and `apply` have codes of their own: see their help.\n\n\
                  With --json a failure is printed as JSON as well: {\"error\": {\"message\": …, \"exitCode\": …}}."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// See in a minute what Backchat does: two real questions about real files.
    Try(try_it::TryIt),
    /// Ask about a file, in the background.
    Ask(ask::Ask),
    /// List the conversations; 📬 marks those with an unread answer.
    Sessions(sessions::Sessions),
    /// Show unread answers, and take their 📬 away.
    Read(read::Read),
    /// Merge a proposed change into the file that it is for.
    Apply(apply::Apply),
    /// End a request that waits or runs; what has streamed is kept.
    Cancel(request::Request),
    /// Queue a failed or cancelled request again, or end the waiting of a held one.
    Retry(request::Request),
    /// Let the secrets that a request is held for be sent to its model.
    Allow(request::Request),
    /// Take a finished request out of its file's margin in the editors.
    Dismiss(request::Request),
    /// List the prompts that are kept as files.
    Prompts(prompts::Prompts),
    /// List the models, or select one.
    Models(models::Models),
    /// Look for problems, and say what helps.
    Doctor(doctor::Doctor),
    /// Print the reference of every setting, or the values in force.
    Config(config::Configuration),
    /// Remove what ended long ago, from every file that has it.
    Purge(purge::Purge),
    /// Set up and serve a small real model on this machine.
    LocalModel(local_model::LocalModel),
    /// Show what servers and workers have logged.
    Log(log::Log),
    /// Print a script that completes the commands in a shell.
    Completions(completions::Completions),
    /// Run queued requests.
    Worker(worker::Work),
    /// Serve one editor: the Language Server Protocol over standard input and output.
    ///
    /// Also what `backchat` does without a command when its input is not a terminal.
    Serve(serve::Serve),
}

impl Command {
    async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Try(it) => it.run().await,
            Self::Ask(ask) => ask.run().await,
            Self::Sessions(sessions) => sessions.run().await,
            Self::Read(read) => read.run().await,
            Self::Apply(apply) => apply.run().await,
            Self::Cancel(request) => request.run(Action::Cancel).await,
            Self::Retry(request) => request.run(Action::Retry).await,
            Self::Allow(request) => request.run(Action::Allow).await,
            Self::Dismiss(request) => request.run(Action::Dismiss).await,
            Self::Prompts(prompts) => prompts.run(),
            Self::Models(models) => models.run().await,
            Self::Doctor(doctor) => doctor.run().await,
            Self::Config(config) => config.run(),
            Self::Purge(purge) => purge.run().await,
            Self::LocalModel(local_model) => local_model.run().await,
            Self::Log(log) => log.run().await,
            Self::Completions(completions) => completions.run(Arguments::command()),
            Self::Worker(work) => work.run().await,
            Self::Serve(serve) => serve.run().await,
        }
    }
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    core_dumps_off();
    let in_json = problem::in_json();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return problem::wrong_use(&error, in_json),
    };
    let command = match arguments.command {
        Some(command) => command,
        None if !std::io::stdin().is_terminal() => Command::Serve(serve::Serve::default()),
        None => {
            let _ = Arguments::command().print_help();
            return ExitCode::from(problem::WRONG_USE);
        }
    };
    let mut runtime = match command {
        // Its conversation has one thread, and the rest is elsewhere: see `server::serve`.
        Command::Serve(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = anyhow::Error::new(error).context("the runtime could not be started");
            return problem::fail(&error, in_json);
        }
    };
    let result = runtime.block_on(command.run());
    // Standard input may be blocked in a read that nothing will end.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| problem::fail(&error, in_json))
}

/// A core dump would hold keys and code.
fn core_dumps_off() {
    // 1 and not 0: to a limit of 0 the kernel gives the dump to a program that collects them all the same.
    // Source: Linux, fs/coredump.c, "cprm.limit == 1".
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let one = Rlimit {
            current: Some(1),
            maximum: Some(1),
        };
        // Where it is not allowed the limit is lower already.
        let _ = setrlimit(Resource::Core, one);
    }
}

/// The process's environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
