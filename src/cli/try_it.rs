//! `backchat try`: the main job, for real, in a minute.
//!
//! It does what an editor does, with the real server over its standard input and output, a real
//! model and real files: two questions in the background, typing meanwhile, the inbox as it fills,
//! the answers where they were asked. Its inbox is a new one that is thrown away; no file is
//! changed, as the typing happens in the editor's buffer.

mod board;
mod client;
mod editor;
mod framing;
mod inline;
mod model;
mod next_steps;
mod run;
mod scene;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use super::output::{BOLD, DIM, paint, print, remark, sentence};
use super::problem::EXIT_CODES;
use super::{age, environment, inbox, visible};
use crate::config::paths;
use crate::protocol::RequestInfo;
use crate::session::State;
use board::Board;
use editor::{Editor, News};
use run::Run;
use scene::Part;

/// How long the answers are waited for. A model that needs longer is no model for a demonstration.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a shell expects of a program that ^C has ended.
const INTERRUPTED: u8 = 130;

/// Arguments of `backchat try`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct TryIt {
    /// Where a small model is kept, when no other is found.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl TryIt {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let cache = match self.cache {
            Some(cache) => std::path::absolute(cache)?,
            None => paths::cache_dir(&environment)?,
        };
        tokio::select! {
            shown = show(cache) => shown.map(|()| ExitCode::SUCCESS),
            // What was started ends with the future that is dropped here.
            _ = tokio::signal::ctrl_c() => {
                remark("\ninterrupted; nothing is left running");
                Ok(ExitCode::from(INTERRUPTED))
            }
        }
    }
}

async fn show(cache: PathBuf) -> anyhow::Result<()> {
    print(&format!(
        "\n{}  Ask about any buffer and keep typing; the answer arrives where you asked.\n",
        paint(BOLD, "Backchat")
    ))?;
    let mut run = Run::create(&cache)?;
    heading(1, "A model")?;
    let model = model::find(&cache, &run).await?;
    let scene = scene::load(&run)?;
    let played = tokio::time::timeout(PATIENCE, play(&run, &model, scene)).await;
    let played = played.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        bail!("the model did not answer within {seconds} s: configure a faster one")
    });
    if let Err(error) = played {
        run.keep();
        let log = run.state().join("logs");
        return Err(error.context(format!(
            "the demonstration failed (the server's log is in {})",
            log.display()
        )));
    }
    print(&next_steps::text(model.is_small))
}

/// The scene, from the first opened buffer to the last answer.
async fn play(run: &Run, model: &model::Found, mut parts: [Part; 2]) -> anyhow::Result<()> {
    heading(2, "An editor opens two files, with a server of its own")?;
    let mut editor = Editor::start(run, model).await?;
    for part in &parts {
        editor.open(part).await?;
        print(&format!("   {}\n", part.name))?;
    }

    heading(3, "Two questions go to the background")?;
    let mut requests = Vec::new();
    for part in &parts {
        let began = Instant::now();
        let request = editor.submit(part).await?;
        let place = inbox::lines(&request);
        print(&format!(
            "   {}{place}  {}\n      {}\n",
            part.name,
            paint(DIM, format!("stored in {} ms", began.elapsed().as_millis())),
            paint(BOLD, part.prompt),
        ))?;
        requests.push(request);
    }
    print("   Each is stored and queued; the editor waits for nothing.\n")?;

    heading(4, "Typing goes on, above the first question")?;
    parts[0].type_above();
    editor.change(&parts[0]).await?;
    let moved = editor.request(&parts[0], &requests[0]).await?;
    print(&format!(
        "   {} lines typed into {}: the question moved along, from line {} to {}\n",
        scene::TYPED.lines().count(),
        parts[0].name,
        first_line(&requests[0]),
        first_line(&moved),
    ))?;

    heading(5, "The inbox, while a worker asks the model")?;
    watch(&mut editor, &parts, &requests).await?;

    heading(6, "The answers, where they were asked")?;
    for (part, request) in parts.iter().zip(&requests) {
        let taken = editor.take(request).await?;
        print(&inline::shown(part, &taken))?;
    }
    if model.is_small {
        let note = "This model is a very small one: it is real, and its answers are poor. Yours will do better.";
        print(&format!("   {}\n", paint(DIM, note)))?;
    }
    let unread: u32 = editor.sessions().await?.iter().map(|it| it.unread).sum();
    if unread != 0 {
        bail!("{unread} answers are still unread after they were taken");
    }
    print("   They have been read: 📬 is gone, in every window.\n")?;
    editor.quit().await
}

/// Shows the inbox until both questions are answered.
async fn watch(
    editor: &mut Editor,
    parts: &[Part; 2],
    requests: &[RequestInfo],
) -> anyhow::Result<()> {
    let mut board = Board::new();
    loop {
        let sessions = editor.sessions().await?;
        board.show(&sessions)?;
        let ended = sessions.iter().filter(|it| it.state.is_final()).count();
        if ended == parts.len() {
            break;
        }
        // Streamed text changes a line; everything else may change the list.
        while let News::Streamed { session, text } = editor.news(requests).await? {
            board.stream(&session, &text)?;
        }
    }
    board.finish()?;
    for request in requests {
        let request = editor.state_of(request).await?;
        if request.state != State::Done {
            let failure = request.failure.context("a question was not answered")?;
            bail!(sentence(&failure.message, failure.remedy.as_deref()));
        }
    }
    let times: Vec<String> = editor.finished(requests).map(age::lasted).collect();
    print(&format!(
        "   {}\n",
        paint(DIM, format!("answered in {}", times.join(" and ")))
    ))
}

fn heading(number: u8, text: &str) -> anyhow::Result<()> {
    let number = paint(DIM, number);
    print(&format!("\n{number}  {}\n", paint(BOLD, text)))
}

fn first_line(request: &RequestInfo) -> String {
    let line = request.anchor.as_ref().map(|it| it.range.start.line + 1);
    visible::line(&line.map_or_else(|| "?".to_owned(), |line| line.to_string()))
}
