//! `backchat ask`: a question about a file, from a shell.

mod answer;
mod input;
mod states;
mod watch;

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::inbox::{self, short};
use super::location::{self, Location};
use super::output::{BOLD, DIM, TYPED, paint, print, print_json, remark, sentence};
use super::problem::NO_ANSWER;
use super::results::Problem;
use super::{environment, language, prompts, visible};
use crate::config::Config;
use crate::coordinator::{Coordinator, Submit, Submitted};
use crate::protocol::{RequestInfo, SubmitResult, TurnInfo};
use crate::rules;
use crate::session::{Intent, Mode, State};
use crate::store::TurnRecord;
use crate::view;
use answer::Answer;
use watch::Watched;

/// What a shell expects of a program that ^C has ended.
const INTERRUPTED: u8 = 130;

/// Arguments of `backchat ask`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 when the question was queued, or with --wait when it was answered; 1 when it was not: it \
                  failed, was cancelled, or waits for you; 2 when the arguments are not understood; 3 when the model has finished and said \
                  nothing: it refused, only thought, or only wanted to call a tool; 130 after ^C, which leaves the \
                  question in the queue."
)]
pub(super) struct Ask {
    /// The file, and the lines of it that the question is about.
    #[arg(value_name = "FILE[:FIRST-LAST]")]
    location: String,
    /// What to ask; `-` reads it from standard input. What is piped in otherwise goes along with it:
    /// `git diff | backchat ask FILE "review this diff"`.
    #[arg(required_unless_present = "prompt")]
    words: Vec<String>,
    /// Ask what this prompt of the library says, followed by the words: see `backchat prompts`.
    #[arg(long, short, value_name = "NAME")]
    prompt: Option<String>,
    /// Ask for a change, which `backchat apply` or an editor then merges into the file.
    #[arg(long, short)]
    edit: bool,
    /// The name of a model of the configuration, instead of the selected one.
    #[arg(long, short)]
    model: Option<String>,
    /// Stay, show the answer as it comes, and mark it as read.
    ///
    /// ^C leaves the question in the queue, for a worker in the background.
    #[arg(long, short)]
    wait: bool,
    /// Run it before everything in the background.
    #[arg(long)]
    foreground: bool,
    /// Print JSON: the result of `backchat/submit`, or with --wait the request and its response.
    #[arg(long)]
    json: bool,
}

impl Ask {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let submit = self.submit()?;
        if self.wait {
            self.ask_and_wait(submit).await
        } else {
            self.leave(submit).await
        }
    }

    fn submit(&self) -> anyhow::Result<Submit> {
        let location = Location::parse(&self.location, |path| path.exists())?;
        let buffer = location.read()?;
        let path = std::path::absolute(&location.path)?;
        let mut submit = Submit {
            uri: location::uri(&location.path)?,
            language: language::of(&location.path).to_owned(),
            span: location.span(&buffer)?,
            buffer,
            prompt: self.read_prompt()?,
            intent: Intent::Ask,
            mode: if self.foreground {
                Mode::Foreground
            } else {
                Mode::Background
            },
            model: self.model.clone(),
            idempotency_key: None,
            in_front: false,
        };
        if let Some(name) = &self.prompt {
            let library = prompts::read(&Config::load(&environment)?, path.parent());
            submit.begin_with(library.require(name)?);
        }
        if self.edit {
            submit.intent = Intent::Edit;
        }
        Ok(submit)
    }

    /// The rules of the project that the file belongs to.
    async fn rules(&self) -> Option<String> {
        let path = Location::parse(&self.location, |path| path.exists()).ok()?;
        rules::collect_in_repository(&std::path::absolute(path.path).ok()?)
    }

    fn read_prompt(&self) -> anyhow::Result<String> {
        let prompt = self.words.join(" ");
        if prompt == "-" {
            let prompt = input::read()?;
            if prompt.trim().is_empty() {
                bail!("the prompt on standard input is empty: write what you want to know");
            }
            return Ok(prompt);
        }
        Ok(match input::piped()? {
            Some(piped) if self.prompt.is_some() || !prompt.trim().is_empty() => {
                input::below(&prompt, &piped)
            }
            _ => prompt,
        })
    }

    async fn leave(&self, submit: Submit) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        let submitted = coordinator.submit(submit, self.rules()).await?;
        let advice = inbox::leave_to_detached_worker(&coordinator);
        let request = inbox::request(&coordinator, &submitted.request.id).await?;
        if self.json {
            print_json(&SubmitResult {
                request,
                disposition: submitted.disposition,
            })?;
        } else {
            print(&receipt(&request))?;
        }
        if let Some(advice) = advice {
            remark(advice);
        }
        let (store, id) = (coordinator.store(), &submitted.request.id);
        if let Some(before) = store.held_for_secrets_before(id).await? {
            let (turn, before) = (store.turn(id).await?, store.turn(&before).await?);
            remark(&format!(
                "backchat: {}",
                waits_for_user(&turn, Some(&before))
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn ask_and_wait(&self, submit: Submit) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open_with_worker().await?;
        // Before the submit, so that nothing of it is missed.
        let feed = coordinator.subscribe();
        let submitted = coordinator.submit(submit, self.rules()).await?;
        let id = &submitted.request.id;
        let mut answer = if self.json {
            Answer::unseen()
        } else {
            Answer::on_screen()
        };
        let watched = watch::until_it_ends(&coordinator, id, feed, &mut answer).await;
        let ended = match watched {
            Ok(Watched::Ended(turn)) => self.show_end(&coordinator, turn, answer).await,
            Ok(Watched::WaitsForUser(turn, before)) => {
                answer.leave();
                let problem = Problem::failure(waits_for_user(&turn, before.as_deref()));
                self.end_with(&coordinator, &turn, Some(problem)).await
            }
            Ok(Watched::Interrupted) => {
                answer.leave();
                leave_waiting(&coordinator, &submitted).await;
                return Ok(ExitCode::from(INTERRUPTED));
            }
            Err(error) => {
                answer.leave();
                Err(error)
            }
        };
        // What else this process has begun meanwhile goes on without it.
        coordinator.close().await;
        ended
    }

    async fn show_end(
        &self,
        coordinator: &Coordinator,
        turn: Box<TurnRecord>,
        answer: Answer,
    ) -> anyhow::Result<ExitCode> {
        let request = &turn.request;
        let text = turn
            .response
            .as_ref()
            .map_or("", |response| response.text.as_str());
        let info = inbox::request_of(&turn);
        answer.finish(text, &info)?;
        let problem = match (request.state, &info.failure) {
            (State::Done, _) => {
                let notice = info.notice.clone().unwrap_or_default();
                view::is_without_answer(&turn).then_some(Problem {
                    message: notice,
                    exit_code: NO_ANSWER,
                })
            }
            (_, Some(failure)) => Some(Problem::failure(sentence(
                &failure.message,
                failure.remedy.as_deref(),
            ))),
            (state, None) => Some(Problem::failure(format!(
                "request {} was {}: `backchat retry {0}` asks again",
                short(&request.id.0),
                state.name()
            ))),
        };
        if problem.is_none()
            && let Some(notice) = &info.notice
        {
            remark(&format!("backchat: {}", visible::line(notice)));
        }
        if problem.is_none() && request.intent == Intent::Edit {
            remark(&inbox::how_to_apply(&request.id));
        }
        self.end_with(coordinator, &turn, problem).await
    }

    /// Says what is wrong, marks an answer as read, prints the request where JSON is wanted, and gives back the exit
    /// code.
    async fn end_with(
        &self,
        coordinator: &Coordinator,
        turn: &TurnRecord,
        problem: Option<Problem>,
    ) -> anyhow::Result<ExitCode> {
        let code = problem.as_ref().map_or(ExitCode::SUCCESS, Problem::told);
        if turn.request.state == State::Done {
            // It has been shown now, and not before. Whoever reads the JSON can rely on it.
            coordinator.take_request(&turn.request.id).await?;
        }
        if self.json {
            let mut turn = inbox::Places::now(coordinator).await?.turn(turn);
            turn.request.unread = false;
            print_json(&Waited {
                turn,
                error: problem,
            })?;
        }
        Ok(code)
    }
}

/// What `ask --wait --json` prints.
#[derive(Serialize)]
struct Waited {
    #[serde(flatten)]
    turn: TurnInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// What the user is asked, and how to answer: about the request itself, or about one before it.
fn waits_for_user(turn: &TurnRecord, before: Option<&TurnRecord>) -> String {
    let own = short(&turn.request.id.0);
    let held = &before.unwrap_or(turn).request;
    let id = short(&held.id.0);
    let reason = held.hold_reason.as_deref().unwrap_or_default();
    let commands = format!("`backchat allow {id}` sends it, `backchat cancel {id}` does not");
    if before.is_none() {
        format!("request {id} is held: {reason}\n{commands}")
    } else {
        format!(
            "request {own} waits behind request {id} about the same file, which is held: {reason}\n\
             {commands}; `backchat read {own}` shows the answer to this one afterwards"
        )
    }
}

/// What was queued, and how to read the answer.
fn receipt(request: &RequestInfo) -> String {
    let (id, session) = (short(&request.id.0), short(&request.session_id.0));
    let place = match (request.state, request.place) {
        (State::Queued, Some(1)) => "next in the queue".to_owned(),
        (State::Queued, Some(place)) => format!("place {place} in the queue"),
        (state, _) => state.name().to_owned(),
    };
    let model = visible::line(&request.model);
    let apply = match request.intent {
        Intent::Edit => format!("   {}", inbox::how_to_apply(&request.id)),
        Intent::Ask => String::new(),
    };
    format!(
        "{} {}  about {}, for {model}, {place}  {}\n{} {}{apply}\n",
        paint(BOLD, "queued"),
        paint(BOLD, id),
        inbox::place(request),
        paint(DIM, format!("session {session}")),
        paint(DIM, "read it:"),
        paint(TYPED, format!("backchat read {id}")),
    )
}

/// Gives the question back to the queue.
async fn leave_waiting(coordinator: &Coordinator, submitted: &Submitted) {
    coordinator.stop().await;
    let advice = inbox::leave_to_detached_worker(coordinator)
        .unwrap_or("a worker goes on with it in the background");
    let id = short(&submitted.request.id.0);
    remark(&format!("left in the queue: {advice}"));
    remark(&format!(
        "read it later: {}",
        paint(TYPED, format!("backchat read {id}"))
    ));
}
