//! What a request waits for, a line on standard error for each change: for whoever has no terminal on which to
//! watch it.

use std::io::IsTerminal as _;

use crate::cli::inbox::{self, short};
use crate::cli::output::remark;
use crate::cli::read::standing;
use crate::clock;
use crate::coordinator::Coordinator;
use crate::session::State;
use crate::store::TurnRecord;

/// The states that were told.
pub(super) struct States {
    /// What was told last. Nothing is told of a request that simply runs.
    told: Option<Told>,
    is_watched: bool,
}

/// What makes two states the same.
#[derive(PartialEq, Eq)]
struct Told {
    state: State,
    hold: Option<(String, i64)>,
}

impl States {
    /// Says nothing where a terminal shows it anyway.
    pub(super) fn new() -> Self {
        Self {
            told: None,
            is_watched: std::io::stderr().is_terminal(),
        }
    }

    /// Tells where the request stands, if that has changed.
    pub(super) async fn update(
        &mut self,
        coordinator: &Coordinator,
        turn: &TurnRecord,
    ) -> anyhow::Result<()> {
        let request = &turn.request;
        let now = Told {
            state: request.state,
            hold: request
                .hold_reason
                .clone()
                .map(|reason| (reason, request.not_before)),
        };
        if self.is_watched || self.told.as_ref() == Some(&now) {
            return Ok(());
        }
        if self.told.is_none() {
            let waits = match request.state {
                State::Held => true,
                // It is claimed in a moment, unless what else runs keeps it waiting.
                State::Queued => {
                    let running = coordinator.status().await?.inbox.running;
                    let still = coordinator.store().request(&request.id).await?;
                    running > 0 && still.state == State::Queued
                }
                _ => false,
            };
            if !waits {
                return Ok(());
            }
        }
        let info = inbox::Places::now(coordinator).await?.request(turn);
        remark(&format!(
            "backchat: request {} {}",
            short(&request.id.0),
            standing(&info, clock::now())
        ));
        self.told = Some(now);
        Ok(())
    }
}
