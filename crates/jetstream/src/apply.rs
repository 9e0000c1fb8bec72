//! Applying what stands in the stream to a node's own log: proposals are decided, entries taken over.

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Outcome, Position, Proposal, Receipt, Trouble, Verdict};

use crate::message::Said;

/// Applies them in order, from the place after the log's last, and says what became of each.
///
/// # Errors
///
/// Those before the one that failed are applied; how far that is, the log's last place says.
pub(crate) fn apply<S: Storage>(
    local: &mut LocalLog<S>,
    said: Vec<Said>,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), Trouble> {
    let (mut proposals, mut entries) = (Vec::new(), Vec::new());
    for one in said {
        match one {
            Said::Proposal(proposal) => {
                take_over(local, &mut entries, outcomes)?;
                proposals.push(proposal);
            }
            Said::Entry(entry) => {
                decide(local, &mut proposals, outcomes)?;
                entries.push(entry);
            }
        }
    }
    // One of them is empty.
    take_over(local, &mut entries, outcomes)?;
    decide(local, &mut proposals, outcomes)
}

fn decide<S: Storage>(
    local: &mut LocalLog<S>,
    proposals: &mut Vec<Proposal>,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), Trouble> {
    if !proposals.is_empty() {
        outcomes.extend(local.append(&std::mem::take(proposals))?);
    }
    Ok(())
}

fn take_over<S: Storage>(
    local: &mut LocalLog<S>,
    entries: &mut Vec<Entry>,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), Trouble> {
    let entries = std::mem::take(entries);
    if !entries.is_empty() {
        local.replay(&entries)?;
    }
    for entry in entries {
        outcomes.push(outcome(local, entry)?);
    }
    Ok(())
}

/// What became of a proposal, from what the log says of it.
fn outcome<S: Storage>(local: &LocalLog<S>, entry: Entry) -> Result<Outcome, Trouble> {
    let position = entry.position;
    let (verdict, repeated) = match entry.verdict {
        Verdict::Accepted(receipt) => (Ok(receipt), false),
        Verdict::Refused(refusal) => (Err(refusal), false),
        Verdict::Repeated(first) => (first_verdict(local, first)?, true),
    };
    Ok(Outcome { position, verdict, repeated, event: entry.event })
}

fn first_verdict<S: Storage>(
    local: &LocalLog<S>,
    first: Position,
) -> Result<Result<Receipt, parlor_chat::Refusal>, Trouble> {
    let before = Position(first.0.saturating_sub(1));
    let entry = local.tail(before, 1)?.into_iter().find(|entry| entry.position == first);
    Ok(match entry.map(|entry| entry.verdict) {
        Some(Verdict::Accepted(receipt)) => Ok(receipt),
        Some(Verdict::Refused(refusal)) => Err(refusal),
        // It is trimmed away, and nobody asks any more.
        Some(Verdict::Repeated(_)) | None => Ok(Receipt { position: first, place: None }),
    })
}
