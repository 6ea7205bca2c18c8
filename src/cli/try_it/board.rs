//! The session list while it changes: drawn in place on a terminal, else a line for each change.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::buffer_name;
use crate::cli::output::{BOLD, DIM, GOOD, WARN, paint, print};
use crate::cli::{columns, output, visible};
use crate::protocol::SessionInfo;
use crate::session::{SessionId, State};

/// Columns of a file's name and of a state.
const NAME: usize = 22;
const STATE: usize = 8;

/// Columns at the left.
const MARGIN: usize = 3;

/// The list.
pub(super) struct Board {
    /// Draws in place; hidden when there is no terminal.
    drawing: ProgressBar,
    in_place: bool,
    sessions: Vec<SessionInfo>,
    streamed: HashMap<SessionId, String>,
    /// What was printed last of each session, where nothing can be drawn in place.
    printed: HashMap<SessionId, String>,
}

impl Board {
    pub(super) fn new() -> Self {
        let drawing = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        let style = ProgressStyle::with_template("{msg}   {spinner:.cyan} {elapsed:.dim}");
        drawing.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        drawing.enable_steady_tick(Duration::from_millis(120));
        Self {
            in_place: std::io::stdout().is_terminal() && !drawing.is_hidden(),
            drawing,
            sessions: Vec::new(),
            streamed: HashMap::new(),
            printed: HashMap::new(),
        }
    }

    /// Shows the list as it is now.
    pub(super) fn show(&mut self, sessions: &[SessionInfo]) -> anyhow::Result<()> {
        sessions.clone_into(&mut self.sessions);
        if self.in_place {
            self.draw();
            return Ok(());
        }
        for session in sessions {
            let row = row(session, None, usize::MAX);
            if self.printed.get(&session.id) != Some(&row) {
                print(&format!("{row}\n"))?;
                self.printed.insert(session.id.clone(), row);
            }
        }
        Ok(())
    }

    /// Shows what the model has said so far.
    pub(super) fn stream(&mut self, session: &SessionId, text: &str) -> anyhow::Result<()> {
        self.streamed.insert(session.clone(), text.to_owned());
        if self.in_place {
            self.draw();
        }
        Ok(())
    }

    /// Leaves the list on the screen as it is.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.drawing.finish_and_clear();
        if self.in_place {
            print(&self.rows())
        } else {
            Ok(())
        }
    }

    fn draw(&self) {
        self.drawing.set_message(output::drawn(self.rows()));
    }

    fn rows(&self) -> String {
        let width = output::width().unwrap_or(80).saturating_sub(1);
        let mut rows = String::new();
        for session in &self.sessions {
            let streamed = self.streamed.get(&session.id).map(String::as_str);
            rows.push_str(&row(session, streamed, width));
            rows.push('\n');
        }
        rows
    }
}

/// A session: mark, file, state, and its title or what is said in it now.
fn row(session: &SessionInfo, streamed: Option<&str>, width: usize) -> String {
    let name = visible::line(&buffer_name::short(&session.uri));
    let name = columns::pad(&columns::cut_start(&name, NAME), NAME);
    let state = columns::pad(session.state.name(), STATE);
    let left = width.saturating_sub(MARGIN + 2 + 1 + NAME + 2 + STATE + 2);
    let said = streamed
        .filter(|text| session.state == State::Running && !text.is_empty())
        .map(|text| paint(DIM, columns::cut_start(&visible::line(text), left)));
    let text = said.unwrap_or_else(|| columns::cut(&visible::line(&session.title), left));
    let (mark, name, style) = match session.state {
        State::Done if session.unread > 0 => ("📬", paint(BOLD, name), GOOD),
        State::Queued | State::Running | State::Held => ("  ", name, WARN),
        _ => ("  ", name, DIM),
    };
    let margin = " ".repeat(MARGIN);
    format!("{margin}{mark} {name}  {}  {text}", paint(style, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fits_and_shows_what_is_said() {
        let mut session = SessionInfo {
            id: SessionId("s".to_owned()),
            uri: "file:///home/me/a-rather-long-project/src/text/anchor.rs".to_owned(),
            title: "What does it compute?".to_owned(),
            unread: 0,
            requests: 1,
            queued: 0,
            running: 1,
            held: 0,
            failed: 0,
            state: State::Running,
            updated_at: 0,
            created_at: 0,
        };
        let plain = |row: String| anstream::adapter::strip_str(&row).to_string();
        let running = plain(row(
            &session,
            Some("It computes the place after the edit"),
            60,
        ));
        assert!(columns::width(&running) <= 60, "{running}");
        assert!(
            running.contains("running") && running.ends_with("after the edit"),
            "{running}"
        );
        session.state = State::Done;
        session.unread = 1;
        let done = plain(row(&session, Some("It computes"), 80));
        assert!(
            done.contains("📬") && done.ends_with("What does it compute?"),
            "{done}"
        );
    }
}
