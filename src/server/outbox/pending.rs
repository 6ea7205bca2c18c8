//! What waits to be told to a client, and how much of what happened is in it.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::session::RequestId;
use crate::store::{ChunkRecord, Event, EventKind, Followed};

/// The least time between two rounds of notifications.
pub(super) const INTERVAL: Duration = Duration::from_millis(50);

/// How long what has changed waits for more to change: a request that is submitted is claimed a moment later.
const GATHER: Duration = Duration::from_millis(10);

/// The least time between two rounds when a response is ready: nobody waits for that longer than for the
/// disk, and a hundred at once are still told together.
const INTERVAL_OF_READY: Duration = Duration::from_millis(5);

/// The end of a response may be stored so much later than the instant that it has.
const MARGIN_MS: i64 = 1000;

/// What waits to be told.
pub(super) struct Pending {
    pub deltas: Vec<ChunkRecord>,
    pub changed: Vec<RequestId>,
    ready: Vec<RequestId>,
    pub status: bool,
    /// Edits may have moved anchors: tell of those that have.
    pub moved: bool,
    /// The last event that was heard of, and when.
    last_event: i64,
    heard_at: i64,
    /// Events after the last one were lost on their way here. They are read from the store.
    is_behind: bool,
    /// Events after this instant are not in the store any more.
    missed_since: Option<i64>,
}

impl Pending {
    /// Nothing has happened after this event, and the client has not been told of the inbox.
    pub fn from(last_event: i64) -> Self {
        Self {
            deltas: Vec::new(),
            changed: Vec::new(),
            ready: Vec::new(),
            status: true,
            moved: false,
            last_event,
            heard_at: clock::now(),
            is_behind: false,
            missed_since: None,
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.deltas.is_empty()
            && self.changed.is_empty()
            && self.ready.is_empty()
            && !self.status
            && !self.moved
            && !self.is_behind
            && self.missed_since.is_none()
    }

    /// When to tell it, after a round at `last_round`; the first of it came at `since`.
    pub fn due(&self, last_round: Instant, since: Instant) -> Instant {
        if !self.ready.is_empty() {
            last_round + INTERVAL_OF_READY
        } else if !self.deltas.is_empty() {
            last_round + INTERVAL
        } else {
            (last_round + INTERVAL).max(since + GATHER)
        }
    }

    /// Takes what the feed tells.
    pub fn add(&mut self, followed: &Followed) {
        self.deltas.extend(followed.chunks.iter().cloned());
        // Otherwise they are read from the store together with those that were lost.
        if !self.is_behind {
            self.hear(followed);
        }
    }

    /// The feed has told of events that did not get here.
    pub fn lost_some(&mut self) {
        tracing::info!("the client reads slowly; what happened meanwhile is looked up");
        self.is_behind = true;
    }

    /// The event after which some were lost, if any were.
    pub fn lost_after(&self) -> Option<i64> {
        self.is_behind.then_some(self.last_event)
    }

    /// Takes what the store has of events that were lost.
    pub fn catch_up(&mut self, followed: &Followed) {
        self.hear(followed);
        self.is_behind = false;
    }

    /// The instant after which not even the store has all events, if there is one.
    pub const fn missed_since(&self) -> Option<i64> {
        self.missed_since
    }

    /// Looks at everything that the client shows, and at what became ready while events were missed.
    pub fn look_at(&mut self, shown: HashSet<RequestId>, ready: Vec<RequestId>) {
        self.missed_since = None;
        for id in shown.iter().chain(&ready) {
            self.change(id);
        }
        self.ready.extend(ready);
    }

    /// Everything is told. Gives back which responses became ready.
    pub fn are_told(&mut self) -> Vec<RequestId> {
        self.deltas.clear();
        self.changed.clear();
        self.status = false;
        self.moved = false;
        std::mem::take(&mut self.ready)
    }

    fn hear(&mut self, followed: &Followed) {
        if followed.missed {
            self.missed_since
                .get_or_insert(self.heard_at.saturating_sub(MARGIN_MS));
            self.status = true;
        }
        // Some may have been read from the store before the feed told of them.
        let last_event = self.last_event;
        let is_new = |event: &&Event| event.seq > last_event;
        for event in followed.events.iter().filter(is_new) {
            self.status = true;
            self.change(&event.request_id);
            if event.kind == Some(EventKind::Done) {
                self.ready.push(event.request_id.clone());
            }
        }
        self.last_event = last_event.max(followed.last_event);
        self.heard_at = clock::now();
    }

    fn change(&mut self, id: &RequestId) {
        if !self.changed.contains(id) {
            self.changed.push(id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionId;

    /// The ends of these responses, numbered by their events.
    fn ends(seqs: &[i64]) -> Followed {
        let end = |seq: &i64| Event {
            seq: *seq,
            kind: Some(EventKind::Done),
            request_id: RequestId(seq.to_string()),
            session_id: SessionId("s".to_owned()),
        };
        Followed {
            events: seqs.iter().map(end).collect(),
            last_event: seqs.last().copied().unwrap_or_default(),
            ..Followed::default()
        }
    }

    fn ready(pending: &mut Pending) -> Vec<String> {
        pending.are_told().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn what_was_lost_is_told_once() {
        let mut pending = Pending::from(0);
        pending.add(&ends(&[1]));
        pending.lost_some();
        pending.add(&ends(&[4]));
        assert_eq!(pending.lost_after(), Some(1));
        pending.catch_up(&ends(&[2, 3, 4, 5]));
        assert_eq!(pending.lost_after(), None);
        assert_eq!(ready(&mut pending), ["1", "2", "3", "4", "5"]);
        pending.add(&ends(&[5, 6]));
        assert_eq!(ready(&mut pending), ["6"], "5 was read before it was heard");
    }

    #[test]
    fn where_not_even_the_store_has_all_everything_is_looked_at() {
        let mut pending = Pending::from(0);
        pending.are_told();
        assert!(pending.is_empty());
        let missed = Followed {
            missed: true,
            ..ends(&[7])
        };
        pending.add(&missed);
        assert!(!pending.is_empty() && pending.missed_since().is_some());
        let shown = HashSet::from([RequestId("shown".to_owned())]);
        pending.look_at(shown, vec![RequestId("3".to_owned())]);
        assert_eq!(pending.missed_since(), None);
        assert_eq!(pending.changed.len(), 3);
        assert_eq!(ready(&mut pending), ["7", "3"]);
    }
}
