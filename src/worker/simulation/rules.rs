//! Which changes of the store may be, in the plainest words: the model that the code is held to.

use std::collections::BTreeSet;

use super::executor::Kind;
use crate::store::simulated::Row;
use crate::worker::{LEASE, MOST_LOST, millis};

/// A step and its circumstances.
pub(super) struct Step<'a> {
    pub kind: &'a Kind,
    /// The process that made it.
    pub owner: &'a str,
    /// The models that the process can call.
    pub models: &'a [(String, u32)],
    /// The attempts that run there.
    pub running: &'a [String],
    /// The processes that have died.
    pub dead: &'a BTreeSet<String>,
    /// The wall clock when the process's worker looked at it last. Not that of this moment: it may have
    /// been set back since, and others may have begun leases that are over by the earlier reading. No
    /// worker can rule that out; that such a lease was not prolonged meanwhile, the store sees to.
    pub looked: i64,
}

type Judgement = Result<(), String>;

fn demand(holds: bool, what: &str) -> Judgement {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Whether a step may have made these changes.
pub(super) fn judge(
    step: &Step<'_>,
    before: &[Row],
    paused: &[(String, i64)],
    after: &[Row],
) -> Judgement {
    demand(after.len() >= before.len(), "a request has vanished")?;
    // A step may claim several: each as if the claims before it were a step of their own.
    let mut seen = before.to_vec();
    let mut changes: Vec<(usize, &Row)> = after.iter().enumerate().collect();
    changes.sort_by_key(|(_, row)| row.event);
    for (index, new) in changes {
        let judged = match before.get(index) {
            None => begins(step, new),
            Some(old) if old == new => Ok(()),
            Some(old) => {
                stays_itself(step, old, new).and_then(|()| goes_on(step, old, new, &seen, paused))
            }
        };
        if let Some(row) = seen.get_mut(index) {
            row.clone_from(new);
        }
        judged.map_err(|why| {
            format!(
                "{why}\nby {:?} of {}\nbefore: {:?}\nafter:  {new:?}",
                step.kind,
                step.owner,
                before.get(index)
            )
        })?;
    }
    let mut busy = BTreeSet::new();
    for row in after.iter().filter(|row| row.state == "running") {
        demand(busy.insert(&row.session), "a session runs two requests")?;
    }
    Ok(())
}

fn begins(step: &Step<'_>, new: &Row) -> Judgement {
    demand(*step.kind == Kind::Submit, "only a submit makes a request")?;
    demand(
        new.state == "queued" && new.owner.is_none(),
        "a new request waits",
    )?;
    demand(!new.unread && new.attempt == 0, "nothing was done yet")?;
    demand(new.event > 0, "an event tells of it")
}

fn stays_itself(step: &Step<'_>, old: &Row, new: &Row) -> Judgement {
    let same = (&old.id, &old.session, old.seq, &old.prompt, &old.model)
        == (&new.id, &new.session, new.seq, &new.prompt, &new.model);
    demand(same, "a request stays what it is")?;
    let lifted = *step.kind == Kind::Submit && new.lane < old.lane;
    demand(
        old.lane == new.lane || lifted,
        "the lane changes only when a later turn lifts it",
    )?;
    let told = new.event > old.event;
    let silent = Row {
        lane: old.lane,
        lease_until: old.lease_until,
        pieces: old.pieces,
        ..new.clone()
    };
    demand(told || silent == *old, "an event tells of each change")?;
    demand(
        new.unread <= old.unread || new.state == "done" && old.state != "done",
        "unread is set once",
    )
}

fn goes_on(
    step: &Step<'_>,
    old: &Row,
    new: &Row,
    before: &[Row],
    paused: &[(String, i64)],
) -> Judgement {
    let is_mine = old.owner.as_deref() == Some(step.owner);
    let is_attempt = *step.kind == Kind::Attempt(old.id.clone(), old.attempt) && is_mine;
    match (old.state.as_str(), new.state.as_str()) {
        ("queued", "running") => {
            demand(*step.kind == Kind::Worker, "only a worker claims")?;
            let at = new.started_at.unwrap_or(0);
            let expected = next(step.owner, step.models, before, paused, at);
            demand(expected == Some(&old.id), "it was not its turn")?;
            demand(new.attempt == old.attempt + 1, "an attempt is counted")?;
            demand(
                new.owner.as_deref() == Some(step.owner),
                "it belongs to who claimed it",
            )?;
            demand(
                new.lease_until == Some(at + millis(LEASE)),
                "for the length of a lease",
            )?;
            demand(
                new.hold.is_none() && new.not_before == 0,
                "it is held no more",
            )
        }
        ("running", "running") => {
            let prolonged = *step.kind == Kind::Heart && is_mine && new.pieces == old.pieces;
            let streamed = is_attempt && new.pieces == old.pieces + 1;
            demand(prolonged || streamed, "only its owner goes on with it")
        }
        ("running", "done") => {
            demand(is_attempt, "only its own attempt ends it")?;
            demand(
                new.unread && new.owner.is_none(),
                "it is unread, and nobody's",
            )
        }
        ("running", "queued" | "failed") if *step.kind == Kind::Worker => {
            let owner = old.owner.as_deref().unwrap_or_default();
            let abandoned = is_mine && !step.running.contains(&old.id);
            let ran_out = !is_mine && old.lease_until < Some(step.looked);
            let lost = step.dead.contains(owner) || abandoned || ran_out;
            demand(lost, "it was taken from a living worker")?;
            demand(new.faults == old.faults + 1, "a loss is counted")?;
            demand(
                (new.faults >= MOST_LOST) == (new.state == "failed"),
                "and not too often",
            )
        }
        ("running", "failed") => demand(is_attempt && !new.unread, "only its own attempt fails it"),
        ("running", "queued") if *step.kind == Kind::Stop => demand(
            is_mine && new.faults == old.faults,
            "what is given back is not held against it",
        ),
        ("running", "queued") => {
            demand(
                is_attempt && new.faults == old.faults + 1,
                "a fault is counted",
            )?;
            demand(new.hold.is_some(), "it says what it waits for")
        }
        ("queued" | "running", "cancelled") => demand(
            *step.kind == Kind::Cancel(old.id.clone()),
            "only its user cancels it",
        ),
        ("failed" | "cancelled", "queued") => {
            demand(
                *step.kind == Kind::Retry(old.id.clone()),
                "only its user retries it",
            )?;
            demand(new.faults == 0 && !new.dismissed, "with a clean record")
        }
        ("queued", "queued") => waits(step, old, new),
        ("done" | "failed" | "cancelled", end) if end == old.state => {
            let dismissed = *step.kind == Kind::Dismiss(old.id.clone());
            let taken = *step.kind == Kind::Take(old.id.clone());
            demand(
                dismissed || taken,
                "what has ended is only read or dismissed",
            )?;
            let same = Row {
                unread: old.unread,
                dismissed: old.dismissed,
                event: old.event,
                ..new.clone()
            };
            demand(same == *old && !new.unread, "and stays as it is")
        }
        _ => Err("there is no such edge".to_owned()),
    }
}

/// What may happen to a request that goes on waiting.
fn waits(step: &Step<'_>, old: &Row, new: &Row) -> Judgement {
    let same_hold = (&old.hold, old.not_before) == (&new.hold, new.not_before);
    match (&old.hold, &new.hold) {
        _ if same_hold => demand(old.lane != new.lane, "something changes"),
        (_, None) => {
            let is_due = *step.kind == Kind::Worker && old.not_before <= step.looked;
            let by_user = *step.kind == Kind::Retry(old.id.clone());
            demand(is_due || by_user, "a hold ends when its time has come")
        }
        (None, Some(_)) => {
            let orphan = *step.kind == Kind::Worker
                && step.dead.contains(&old.submitter)
                && !step.models.iter().any(|(name, _)| *name == old.model);
            let endpoint_paused = matches!(step.kind, Kind::Attempt(..));
            demand(orphan || endpoint_paused, "it is held for a reason")
        }
        (Some(_), Some(_)) => Err("a hold is not replaced by another".to_owned()),
    }
}

/// The request that a process would have to claim.
pub(super) fn next<'a>(
    owner: &str,
    models: &[(String, u32)],
    rows: &'a [Row],
    paused: &[(String, i64)],
    now: i64,
) -> Option<&'a String> {
    let is_active = |row: &&Row| row.state == "queued" || row.state == "running";
    let mut waiting: Vec<&Row> = rows
        .iter()
        .filter(|row| row.state == "queued" && row.not_before <= now)
        .filter(|row| {
            let of_session = |other: &&Row| other.session == row.session && is_active(other);
            let mut others = rows.iter().filter(of_session);
            !others.any(|other| other.seq < row.seq || other.state == "running")
        })
        .filter(|row| {
            !paused
                .iter()
                .any(|(endpoint, until)| *endpoint == row.endpoint && *until > now)
        })
        .collect();
    waiting.sort_by_key(|row| (row.lane, row.seq));
    let may_run = |row: &&&Row| {
        let known = models.iter().find(|(name, _)| *name == row.model);
        let limit = match known {
            Some((_, limit)) => *limit,
            None if row.submitter == owner => models[0].1,
            None => return false,
        };
        let at_endpoint = |other: &&Row| other.state == "running" && other.endpoint == row.endpoint;
        let running = rows.iter().filter(at_endpoint).count();
        running < limit as usize + usize::from(row.lane == 0)
    };
    waiting.iter().find(may_run).map(|row| &row.id)
}
