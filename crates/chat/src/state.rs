//! The state: what is the case after the log so far, and the one function that changes it.
//!
//! [`apply`] decides on a proposal ([`rules`]) and puts the effects of what happened into the tables
//! ([`effects`]). Replaying an entry does the latter alone.

pub(crate) mod deeds;
mod effects;
mod filter;
pub(crate) mod keeping;
pub(crate) mod keys;
mod look;
pub(crate) mod restraint;
pub(crate) mod rows;
mod rules;
mod tables;
pub(crate) mod withheld;

use crate::codec::Record;
use crate::entry::{Entry, Verdict};
use crate::event::Event;
use crate::failure::Failure;
use crate::key::Fingerprint;
use crate::outcome::{Outcome, Receipt};
use crate::place::{Place, Position};
use crate::proposal::Proposal;
use crate::storage::Staged;
use crate::trouble::Trouble;
use rows::{KeyRow, ServerRow};
use rules::Decision;

pub(crate) use effects::{found, replay};
pub(crate) use keys::{EVERYTHING, KEYS, MARK, SERVER, TRIMMED, is_hot};
pub(crate) use rows::{RoomRow, Standing};
pub(crate) use tables::{Tables, fold_name, rows};

/// Gives a proposal its place, decides on it, and stages what follows: entry and rows.
///
/// The same proposals in the same order come to the same state, whenever and wherever.
pub(crate) fn apply(
    state: &mut Staged<'_>,
    position: Position,
    proposal: &Proposal,
) -> Result<Outcome, Trouble> {
    let fingerprint = proposal.key.as_ref().map(|key| Fingerprint::of(proposal.by, key));
    if let Some(first) = fingerprint.map(|one| state.settled(one)).transpose()?.flatten() {
        return repeat(state, position, fingerprint, first);
    }
    let decision = match rules::decide(state, proposal) {
        Ok(decision) => Ok(decision),
        Err(Failure::Refused(refusal)) => Err(refusal),
        Err(Failure::Trouble(trouble)) => return Err(trouble),
    };
    let mut event = None;
    let verdict = match decision {
        Ok(Decision::Unchanged(place)) => Ok(Receipt { position, place }),
        Ok(Decision::Outside(what)) => {
            event = Some(Event { position, at: proposal.at, by: proposal.by, place: None, what });
            Ok(Receipt { position, place: None })
        }
        Ok(Decision::InRoom(room, what)) => {
            let sequence = state.last_in_room(room)?.next();
            let place = Some(Place { room, sequence });
            event = Some(Event { position, at: proposal.at, by: proposal.by, place, what });
            Ok(Receipt { position, place })
        }
        Err(refusal) => Err(refusal),
    };
    let settled = match verdict {
        Ok(receipt) => Verdict::Accepted(receipt),
        Err(refusal) => Verdict::Refused(refusal),
    };
    let entry = Entry { position, fingerprint, verdict: settled, event };
    replay(state, &entry)?;
    Ok(Outcome { position, verdict, repeated: false, event: entry.event })
}

/// Notes how far the log is applied.
pub(crate) fn applied(state: &mut Staged<'_>, last: Position) -> Result<(), Trouble> {
    let row = ServerRow { applied: last, ..state.server()? };
    state.put(SERVER, |to| row.put_fields(to));
    Ok(())
}

fn repeat(
    state: &mut Staged<'_>,
    position: Position,
    fingerprint: Option<Fingerprint>,
    first: KeyRow,
) -> Result<Outcome, Trouble> {
    let verdict = Verdict::Repeated(first.receipt.position);
    replay(state, &Entry { position, fingerprint, verdict, event: None })?;
    let verdict = first.refusal.map_or(Ok(first.receipt), Err);
    Ok(Outcome { position, verdict, repeated: true, event: None })
}
