//! `backchat read`: shows answers, and takes their 📬 away once they were shown.

use std::process::ExitCode;

use clap::Args;

use super::identify::{self, Named};
use super::inbox::{self, Places, short};
use super::output::{BAD, BOLD, DIM, TYPED, paint, print, print_json, remark, sentence};
use super::problem::EXIT_CODES;
use super::{age, visible};
use crate::clock;
use crate::coordinator::Coordinator;
use crate::protocol::{RequestInfo, SessionResult, TakeResult, TakenResponse, TurnInfo};
use crate::session::{Intent, State};
use crate::store::{SessionFilter, TurnRecord};
use crate::view;

/// Arguments of `backchat read`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Read {
    /// What to read: a file, or the id of a session or a request, or the first or last characters
    /// of one. Without it the next unread answer.
    #[arg(value_name = "SESSION|REQUEST|FILE")]
    what: Option<String>,
    /// Show everything, read and unread, and leave the 📬 as it is.
    #[arg(long, short)]
    all: bool,
    /// Print JSON: the result of `backchat/take`, or with --all that of `backchat/session`.
    #[arg(long)]
    json: bool,
}

impl Read {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        let turns = self.turns(&coordinator).await?;
        if self.all {
            self.show_all(&coordinator, turns).await?;
        } else {
            self.take(&coordinator, turns).await?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The turns that the argument names, in their order.
    async fn turns(&self, coordinator: &Coordinator) -> anyhow::Result<Vec<TurnRecord>> {
        let store = coordinator.store();
        let Some(what) = &self.what else {
            let page = coordinator
                .sessions(SessionFilter {
                    unread_only: !self.all,
                    limit: Some(1),
                    ..SessionFilter::default()
                })
                .await?;
            let Some(session) = page.sessions.into_iter().next() else {
                return Ok(Vec::new());
            };
            let mut turns = store.transcript(&session.id).await?;
            if !self.all {
                turns.retain(|turn| turn.request.unread);
                turns.truncate(1);
            }
            return Ok(turns);
        };
        Ok(match identify::anything(store, what).await? {
            Named::Request(id) => vec![store.turn(&id).await?],
            Named::Session(id) => store.transcript(&id).await?,
        })
    }

    async fn show_all(
        &self,
        coordinator: &Coordinator,
        turns: Vec<TurnRecord>,
    ) -> anyhow::Result<()> {
        let Some(first) = turns.first() else {
            remark("no session yet");
            return Ok(());
        };
        let session = first.request.session_id.clone();
        let places = Places::now(coordinator).await?;
        let turns: Vec<TurnInfo> = turns.iter().map(|turn| places.turn(turn)).collect();
        if self.json {
            let session = coordinator.store().session(&session).await?;
            return print_json(&SessionResult {
                session: view::session(session),
                turns,
            });
        }
        let now = clock::now();
        let shown: Vec<String> = turns.iter().map(|turn| shown(turn, now)).collect();
        print(&shown.join("\n"))
    }

    async fn take(&self, coordinator: &Coordinator, turns: Vec<TurnRecord>) -> anyhow::Result<()> {
        let places = Places::now(coordinator).await?;
        let (unread, others): (Vec<_>, Vec<_>) = turns.iter().partition(|turn| turn.request.unread);
        let infos: Vec<TurnInfo> = unread.iter().map(|turn| places.turn(turn)).collect();
        let unread_in_all = coordinator.status().await?.inbox.unread;
        let left = unread_in_all.saturating_sub(u32::try_from(infos.len()).unwrap_or(u32::MAX));
        if self.json {
            let responses = unread.iter().map(|turn| taken(&places, turn)).collect();
            print_json(&TakeResult {
                responses,
                unread: left,
            })?;
        } else if infos.is_empty() {
            let others: Vec<RequestInfo> = others.iter().map(|turn| places.request(turn)).collect();
            remark(&self.nothing(&others));
        } else {
            let now = clock::now();
            let shown: Vec<String> = infos.iter().map(|turn| shown(turn, now)).collect();
            print(&shown.join("\n"))?;
        }
        // They have been shown now, and not before.
        for turn in &infos {
            coordinator.take_request(&turn.request.id).await?;
        }
        if !self.json && left > 0 {
            let next = paint(TYPED, "backchat read");
            remark(&paint(DIM, format!("📬 {left} more unread: {next}")));
        }
        Ok(())
    }

    /// Why there is nothing to read.
    fn nothing(&self, others: &[RequestInfo]) -> String {
        let busy = others.iter().rev().find(|it| !it.state.is_final());
        let latest = busy.or(others.last());
        match (latest, &self.what) {
            (Some(request), Some(what)) => {
                let id = short(&request.id.0);
                match request.state {
                    State::Done => format!(
                        "nothing is unread there; everything again: {}",
                        paint(
                            TYPED,
                            format!("backchat read --all {}", visible::line(what))
                        )
                    ),
                    _ => format!(
                        "nothing is unread there: request {id} {}",
                        standing(request, clock::now())
                    ),
                }
            }
            _ => "nothing is unread".to_owned(),
        }
    }
}

fn taken(places: &Places, turn: &TurnRecord) -> TakenResponse {
    let mut request = places.request(turn);
    request.unread = false;
    let response = turn.response.clone().unwrap_or_default();
    TakenResponse {
        request,
        response: view::response(&response, turn.request.state),
    }
}

/// A turn as text: where it was asked, what, and what the model said.
fn shown(turn: &TurnInfo, now: i64) -> String {
    let request = &turn.request;
    let mark = if request.unread { "📬 " } else { "" };
    let place = paint(BOLD, inbox::place(request));
    let mut text = format!(
        "{mark}{place}  {}\n",
        paint(
            DIM,
            format!(
                "{}, {}, {}",
                visible::line(&request.model),
                age::ago(request.finished_at.unwrap_or(request.created_at), now),
                short(&request.id.0)
            )
        )
    );
    for line in visible::block(request.prompt.trim()).lines() {
        text.push_str(&paint(DIM, format!("> {line}")));
        text.push('\n');
    }
    if let Some(response) = &turn.response {
        let answer = visible::block(response.text.trim_end());
        if !answer.is_empty() {
            text.push_str(&format!("\n{answer}\n"));
        }
    }
    if let Some(notice) = &request.notice {
        text.push_str(&format!("\n{}\n", paint(DIM, visible::line(notice))));
    }
    let is_done = request.state == State::Done;
    if is_done && request.intent == Intent::Edit && request.preview.is_some() {
        text.push_str(&format!("\n{}\n", inbox::how_to_apply(&request.id)));
    }
    if !is_done {
        let style = if request.state == State::Failed {
            BAD
        } else {
            DIM
        };
        text.push_str(&format!("\n{}\n", paint(style, standing(request, now))));
    }
    text
}

/// Where a request stands, in words, for one that is not done.
#[must_use]
pub(super) fn standing(request: &RequestInfo, now: i64) -> String {
    let words = match (request.state, &request.failure, &request.hold) {
        (State::Failed, Some(failure), _) => {
            let why = sentence(&failure.message, failure.remedy.as_deref());
            format!("failed: {why}")
        }
        (State::Held, _, Some(hold)) => match hold.until {
            Some(until) => format!("is held: {}, again {}", hold.reason, age::until(until, now)),
            None => format!("is held: {}", hold.reason),
        },
        (State::Queued, _, _) => match request.place {
            Some(1) => "is queued, the next to run".to_owned(),
            Some(place) => format!("is queued, at place {place}"),
            None => "is queued".to_owned(),
        },
        (State::Running, _, _) => "is running".to_owned(),
        (State::Cancelled, _, _) => "was cancelled".to_owned(),
        (state, _, _) => format!("is {}", state.name()),
    };
    visible::line(&words)
}
