//! `backchat sessions`: the conversations, in the order in which the editors show them.

use std::process::ExitCode;

use clap::Args;

use super::output::{BAD, BOLD, DIM, GOOD, WARN, paint, print, print_json, remark};
use super::problem::EXIT_CODES;
use super::{age, columns, inbox, output, visible};
use crate::clock;
use crate::protocol::{SessionInfo, SessionsResult};
use crate::session::State;
use crate::store::SessionFilter;
use crate::view;

/// The fewest columns for a title and for a buffer's name.
const NARROWEST_TITLE: usize = 16;
const NARROWEST_BUFFER: usize = 10;

/// The columns of a line.
const MARK: usize = 0;
const TITLE: usize = 1;
const BUFFER: usize = 2;
const STATE: usize = 3;
const REQUESTS: usize = 4;
const AGE: usize = 5;
const ID: usize = 6;

/// Blanks between two columns.
const GAP: &str = "  ";

/// Arguments of `backchat sessions`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Sessions {
    /// Only those with an unread answer.
    #[arg(long, short)]
    unread: bool,
    /// Only those whose title or file contains this text.
    #[arg(long, short, value_name = "TEXT")]
    query: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print JSON: the result of `backchat/sessions`.
    #[arg(long)]
    json: bool,
}

impl Sessions {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        let page = coordinator
            .sessions(SessionFilter {
                unread_only: self.unread,
                query: self.query.clone().filter(|query| !query.is_empty()),
                limit: self.limit,
                ..SessionFilter::default()
            })
            .await?;
        let result = SessionsResult {
            sessions: page.sessions.into_iter().map(view::session).collect(),
            total: page.total,
        };
        if self.json {
            print_json(&result)?;
        } else if result.sessions.is_empty() {
            remark(self.nothing());
        } else {
            print(&list(&result.sessions, clock::now(), output::width()))?;
            let left = result.total as usize - result.sessions.len();
            if left > 0 {
                remark(&format!("and {left} more"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn nothing(&self) -> &'static str {
        match (self.unread, &self.query) {
            (_, Some(_)) => "no session matches",
            (true, None) => "nothing is unread",
            (false, None) => {
                "no session yet: ask in an editor, or by `backchat ask FILE:FIRST-LAST PROMPT`"
            }
        }
    }
}

/// A line for each session, fitted to so many columns; without them as wide as it needs.
fn list(sessions: &[SessionInfo], now: i64, width: Option<usize>) -> String {
    let rows: Vec<[String; 7]> = sessions.iter().map(|session| cells(session, now)).collect();
    let mut widths: [usize; 7] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| columns::width(&row[column]));
        cells.max().unwrap_or(0)
    });
    let mut hidden = [false; 7];
    if let Some(width) = width {
        fit(&mut widths, &mut hidden, width);
    }
    let mut text = String::new();
    for (row, session) in rows.iter().zip(sessions) {
        let fitted: [String; 7] = std::array::from_fn(|column| {
            let (cell, width) = (&row[column], widths[column]);
            let cell = if column == BUFFER {
                columns::cut_start(cell, width)
            } else {
                columns::cut(cell, width)
            };
            columns::pad(&cell, width)
        });
        let styled = styled(&fitted, session);
        let shown: Vec<&str> = (0..styled.len())
            .filter(|column| !hidden[*column])
            .map(|column| styled[column].as_str())
            .collect();
        text.push_str(&shown.join(GAP));
        text.push('\n');
    }
    text
}

/// Narrows columns and hides some, until a line has so many columns of the terminal. The id is cut last, as it is what
/// is typed.
fn fit(widths: &mut [usize; 7], hidden: &mut [bool; 7], width: usize) {
    let excess = |widths: &[usize; 7], hidden: &[bool; 7]| {
        let shown = (0..widths.len()).filter(|column| !hidden[*column]);
        let needed: usize = shown.map(|column| widths[column] + GAP.len()).sum();
        needed.saturating_sub(width + GAP.len())
    };
    for (column, least) in [(TITLE, NARROWEST_TITLE), (BUFFER, NARROWEST_BUFFER)] {
        widths[column] -= excess(widths, hidden).min(widths[column].saturating_sub(least));
    }
    for column in [REQUESTS, AGE, STATE, BUFFER, TITLE, MARK] {
        let excess = excess(widths, hidden);
        if column == TITLE && excess < widths[TITLE] {
            widths[TITLE] -= excess;
        } else if excess > 0 {
            hidden[column] = true;
        }
    }
    widths[ID] = widths[ID].min(width);
}

fn cells(session: &SessionInfo, now: i64) -> [String; 7] {
    [
        match session.unread {
            0 => String::new(),
            1 => "📬".to_owned(),
            unread => format!("📬 {unread}"),
        },
        visible::line(&session.title),
        inbox::name(&session.uri),
        state(session),
        match session.requests {
            1 => "1 request".to_owned(),
            requests => format!("{requests} requests"),
        },
        age::ago(session.updated_at, now),
        inbox::short(&session.id.0).to_owned(),
    ]
}

/// What the session does now, in a word or two.
fn state(session: &SessionInfo) -> String {
    let mut words = match session.state {
        _ if session.running > 0 => "running".to_owned(),
        _ if session.held > 0 => "held".to_owned(),
        _ if session.queued > 0 => "queued".to_owned(),
        state => state.name().to_owned(),
    };
    let waiting = session.queued;
    if waiting > 1 || (waiting > 0 && session.running > 0) {
        words.push_str(&format!(", {waiting} wait"));
    } else if session.failed > 0 && session.state != State::Failed {
        words.push_str(&format!(", {} failed", session.failed));
    }
    words
}

fn styled(cells: &[String; 7], session: &SessionInfo) -> [String; 7] {
    let [mark, title, buffer, state, requests, age, id] = cells;
    let title = if session.unread > 0 {
        paint(BOLD, title)
    } else {
        title.clone()
    };
    let style = match session.state {
        _ if inbox::is_busy(session) => WARN,
        State::Failed => BAD,
        State::Cancelled => DIM,
        _ => GOOD,
    };
    [
        mark.clone(),
        title,
        buffer.clone(),
        paint(style, state),
        paint(DIM, requests),
        paint(DIM, age),
        paint(DIM, id),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionId;

    fn session(title: &str, unread: u32, state: State) -> SessionInfo {
        SessionInfo {
            id: SessionId("0193-abcd1234".to_owned()),
            uri: "file:///home/me/project/src/main.rs".to_owned(),
            title: title.to_owned(),
            unread,
            requests: 3,
            queued: u32::from(state == State::Queued),
            running: u32::from(state == State::Running),
            held: 0,
            failed: 0,
            state,
            updated_at: 0,
            created_at: 0,
        }
    }

    fn plain(sessions: &[SessionInfo], width: Option<usize>) -> String {
        anstream::adapter::strip_str(&list(sessions, 200_000, width)).to_string()
    }

    #[test]
    fn columns_line_up() {
        let sessions = [
            session("Why is this slow?", 2, State::Done),
            session("Name it", 0, State::Running),
        ];
        insta::assert_snapshot!(plain(&sessions, None), @"
        📬 2  Why is this slow?  /home/me/project/src/main.rs  done     3 requests  3 min ago  abcd1234
              Name it            /home/me/project/src/main.rs  running  3 requests  3 min ago  abcd1234
        ");
    }

    #[rstest::rstest]
    #[case(100)]
    #[case(70)]
    #[case(40)]
    #[case(12)]
    fn no_line_is_wider_than_the_terminal(#[case] width: usize) {
        let sessions = [
            session(
                "A rather long question about 📬 and other things",
                12,
                State::Done,
            ),
            session("\u{1b}[2J", 0, State::Failed),
        ];
        for line in plain(&sessions, Some(width)).lines() {
            assert!(columns::width(line) <= width, "{line:?}");
            assert!(
                line.ends_with("abcd1234"),
                "an id is what is typed: {line:?}"
            );
        }
    }

    #[test]
    fn a_title_can_not_steer_the_terminal() {
        let text = plain(&[session("a\u{1b}]0;b\u{7}\nc", 0, State::Done)], None);
        assert!(text.contains("a␛]0;b␇ c"), "{text}");
    }
}
