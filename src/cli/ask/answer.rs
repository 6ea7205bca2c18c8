//! An answer on the screen while it comes.
//!
//! The text goes to standard output. When standard error is a terminal, a spinner there tells what
//! is waited for and how fast the answer comes; when both are terminals, the last line, which is
//! not complete yet, is drawn together with the spinner and printed when it is complete.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::{DIM, paint, print, remark};
use crate::cli::{age, columns, output, visible};
use crate::clock;
use crate::protocol::RequestInfo;
use crate::session::State;
use crate::store::TurnRecord;

/// What a token of prose and code is in bytes, nearly: providers tell the number at the end only.
const BYTES_PER_TOKEN: usize = 4;

/// The most rows of an incomplete line that are drawn.
const ROWS: usize = 8;

/// The answer.
pub(super) struct Answer {
    spinner: ProgressBar,
    /// Whether the text is shown at all.
    seen: bool,
    /// What the model has said, as far as it is known here.
    text: String,
    /// How much of `text` was printed.
    printed: usize,
    began: Option<Instant>,
}

impl Answer {
    /// An answer that is shown as it comes.
    pub(super) fn on_screen() -> Self {
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}{spinner:.cyan} {prefix:.dim}");
        spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        spinner.enable_steady_tick(Duration::from_millis(120));
        Self {
            seen: true,
            spinner,
            text: String::new(),
            printed: 0,
            began: None,
        }
    }

    /// An answer that nobody watches.
    pub(super) fn unseen() -> Self {
        Self {
            spinner: ProgressBar::hidden(),
            seen: false,
            text: String::new(),
            printed: 0,
            began: None,
        }
    }

    /// Shows the request as it is now.
    pub(super) fn update(&mut self, turn: &TurnRecord) -> anyhow::Result<()> {
        if !self.seen {
            return Ok(());
        }
        if let Some(response) = &turn.response {
            self.show(&response.text)?;
        }
        self.tick(turn);
        Ok(())
    }

    /// Shows the request as it is now, of which nothing but the time has changed.
    pub(super) fn tick(&mut self, turn: &TurnRecord) {
        self.spinner.set_prefix(self.status(turn));
    }

    /// Shows the whole answer and what it has cost.
    pub(super) fn finish(mut self, text: &str, request: &RequestInfo) -> anyhow::Result<()> {
        if !self.seen {
            return Ok(());
        }
        self.show(text)?;
        self.spinner.finish_and_clear();
        self.print_to(self.text.len())?;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            print("\n")?;
        }
        if request.state == State::Done && std::io::stderr().is_terminal() {
            remark(&paint(DIM, cost(request)));
        }
        Ok(())
    }

    /// Ends the drawing where it is.
    pub(super) fn leave(mut self) {
        self.spinner.finish_and_clear();
        let _ = self.print_to(self.text.len());
        if self.printed > 0 && !self.text.ends_with('\n') {
            let _ = print("\n");
        }
    }

    fn show(&mut self, text: &str) -> anyhow::Result<()> {
        if !text.starts_with(&self.text) {
            self.print_to(self.text.len())?;
            self.spinner.suspend(|| print("\n"))?;
            self.spinner
                .suspend(|| remark("backchat: the answer broke off; it begins anew"));
            self.printed = 0;
        }
        text.clone_into(&mut self.text);
        if self.began.is_none() && !text.is_empty() {
            self.began = Some(Instant::now());
        }
        if self.spinner.is_hidden() || !std::io::stdout().is_terminal() {
            // The second half of a `\r\n` may be yet to come.
            let end = text.trim_end_matches('\r').len();
            return self.print_to(end);
        }
        let complete = text.rfind('\n').map_or(0, |at| at + 1);
        self.print_to(complete)?;
        self.spinner.set_message(self.incomplete_line());
        Ok(())
    }

    fn incomplete_line(&self) -> String {
        let line = visible::line(&self.text[self.printed..]);
        if line.is_empty() {
            return line;
        }
        let columns = output::width().unwrap_or(80).saturating_sub(1);
        let rows = columns::wrap(&line, columns);
        let last = rows.len().saturating_sub(ROWS);
        format!("{}\n", rows[last..].join("\n"))
    }

    fn print_to(&mut self, end: usize) -> anyhow::Result<()> {
        if end <= self.printed {
            return Ok(());
        }
        let new = visible::block(&self.text[self.printed..end]);
        self.spinner.set_message("");
        self.spinner.suspend(|| print(&new))?;
        self.printed = end;
        Ok(())
    }

    fn status(&self, turn: &TurnRecord) -> String {
        let request = &turn.request;
        let model = visible::line(&request.model);
        match (request.state, &request.hold_reason) {
            (State::Held, Some(reason)) => format!(
                "held: {}, again {}",
                visible::line(reason),
                age::until(request.not_before, clock::now())
            ),
            (State::Queued, _) => "queued; another question is answered first".to_owned(),
            _ => match self.rate() {
                Some(rate) => format!("{model}, about {rate:.0} tokens a second"),
                None => format!("{model} reads the question"),
            },
        }
    }

    fn rate(&self) -> Option<f64> {
        let seconds = self.began?.elapsed().as_secs_f64();
        let tokens = u32::try_from(self.text.len() / BYTES_PER_TOKEN).ok()?;
        (seconds > 0.5).then(|| f64::from(tokens) / seconds)
    }
}

/// How long it took and what it cost.
fn cost(request: &RequestInfo) -> String {
    let mut cost = visible::line(&request.model);
    let took = request
        .started_at
        .zip(request.finished_at)
        .map(|(start, end)| end - start);
    if let Some(took) = took {
        cost.push_str(&format!(", {}", age::lasted(took)));
    }
    if let Some(tokens) = request.usage.and_then(|usage| usage.output_tokens) {
        cost.push_str(&format!(", {tokens} tokens"));
        if let Some(took) = took.filter(|took| *took >= 500)
            && let Ok(milliseconds) = i32::try_from(took)
        {
            let rate = f64::from(tokens) * 1000.0 / f64::from(milliseconds);
            cost.push_str(&format!(", {rate:.0} a second"));
        }
    }
    cost
}
