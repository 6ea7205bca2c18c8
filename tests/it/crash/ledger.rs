//! What was sent and what was acknowledged: what the oracle holds the store to.

use std::collections::{BTreeMap, BTreeSet};

use backchat::protocol::TurnInfo;
use backchat::session::{RequestId, State};

use super::plan::Fate;
use crate::support::patience::Watched;

/// The ledger of a round, shared by everyone who takes part.
pub(super) type Ledger = Watched<Entries>;

/// One question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub file: usize,
    pub fate: Fate,
    pub idempotency_key: Option<String>,
    /// The moment before it was sent for the first time.
    pub sent: u64,
    /// The moment after it was acknowledged, and as what.
    pub acknowledged: Option<(u64, RequestId)>,
}

/// Everything that is known. A *moment* is a count of entries.
#[derive(Default)]
pub(super) struct Entries {
    moment: u64,
    /// By their tags.
    pub questions: BTreeMap<String, Question>,
    /// Someone has begun to cancel these.
    pub cancelling: BTreeSet<RequestId>,
    /// What a cancellation was answered with.
    pub cancelled: BTreeMap<RequestId, State>,
    /// Someone has begun to retry these.
    pub retrying: BTreeSet<RequestId>,
    /// Someone has begun to take or to dismiss these, or may have: whoever was killed over it has said
    /// no more.
    pub reading: BTreeSet<RequestId>,
    /// Someone has begun to read in these files' sessions.
    pub reading_in: BTreeSet<usize>,
    /// These were shown or dismissed for sure.
    pub read: BTreeSet<RequestId>,
    /// These were taken out of the margin for sure, at a time at which they had ended.
    pub dismissed: BTreeSet<RequestId>,
    /// How often `backchat/take` has handed these over.
    pub taken: BTreeMap<RequestId, u32>,
    /// How many processes were killed.
    pub kills: u32,
    /// The longest text that was seen of each request.
    pub seen: BTreeMap<RequestId, String>,
    /// What was seen that must not be.
    pub wrong: Vec<String>,
}

impl Entries {
    /// How much has happened.
    pub(super) fn moment(&self) -> u64 {
        self.moment
    }

    fn next(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// A question is about to be sent.
    pub(super) fn sends(&mut self, tag: &str, file: usize, fate: Fate, key: Option<String>) {
        let question = Question {
            file,
            fate,
            idempotency_key: key,
            sent: self.next(),
            acknowledged: None,
        };
        self.questions.insert(tag.to_owned(), question);
    }

    /// A question was acknowledged.
    pub(super) fn acknowledges(&mut self, tag: &str, id: &RequestId) {
        let moment = self.next();
        let question = self.questions.get_mut(tag).expect("it was sent");
        match &question.acknowledged {
            None => question.acknowledged = Some((moment, id.clone())),
            Some((_, earlier)) if earlier == id => {}
            Some((_, earlier)) => {
                let wrong = format!("{tag} was acknowledged as {earlier} and as {id}");
                self.wrong.push(wrong);
            }
        }
    }

    /// A cancellation was answered.
    pub(super) fn cancels(&mut self, id: &RequestId, state: State) {
        self.next();
        self.cancelled.insert(id.clone(), state);
    }

    /// `backchat/take` has handed over a response.
    pub(super) fn takes(&mut self, id: &RequestId) {
        self.next();
        *self.taken.entry(id.clone()).or_default() += 1;
        self.read.insert(id.clone());
    }

    /// Questions that have an id, in the order of their tags.
    pub(super) fn requests(&self) -> Vec<(RequestId, usize)> {
        self.questions
            .values()
            .filter_map(|question| {
                let (_, id) = question.acknowledged.as_ref()?;
                Some((id.clone(), question.file))
            })
            .collect()
    }

    /// Questions with a key whose sender has died over them.
    pub(super) fn to_send_again(&self) -> Vec<(String, Question)> {
        self.questions
            .iter()
            .filter(|(_, question)| {
                question.acknowledged.is_none() && question.idempotency_key.is_some()
            })
            .map(|(tag, question)| (tag.clone(), question.clone()))
            .collect()
    }

    /// A turn was seen as it is now. Looks must come one after the other.
    pub(super) fn sees(&mut self, turn: &TurnInfo) {
        let Some(response) = &turn.response else {
            if let Some(earlier) = self.seen.get(&turn.request.id) {
                let id = &turn.request.id;
                let wrong = format!("{id} showed {earlier:?} and then nothing");
                self.wrong.push(wrong);
            }
            return;
        };
        let earlier = self.seen.entry(turn.request.id.clone()).or_default();
        if response.text.starts_with(earlier.as_str()) {
            earlier.clone_from(&response.text);
        } else {
            let id = &turn.request.id;
            let wrong = format!("{id} showed {earlier:?} and then {:?}", response.text);
            self.wrong.push(wrong);
        }
    }
}
