//! Taking over what stands decided: entries that were settled elsewhere.

use parlor_chat::log::{LocalLog, Log, Mark};
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Outcome, Position, Receipt, Refusal, Trouble, Verdict};

/// Takes entries over in order, from the place after the log's last, with what is noted of them, and says what became of each.
pub(crate) fn take_over<S: Storage>(
    local: &mut LocalLog<S>,
    entries: Vec<Entry>,
    marks: &[Mark],
) -> Result<Vec<Outcome>, Trouble> {
    local.replay_with(&entries, marks)?;
    entries.into_iter().map(|entry| outcome(local, entry)).collect()
}

/// What became of a proposal, from what the log says of it.
pub(crate) fn outcome<S: Storage>(local: &LocalLog<S>, entry: Entry) -> Result<Outcome, Trouble> {
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
) -> Result<Result<Receipt, Refusal>, Trouble> {
    let before = Position(first.0.saturating_sub(1));
    let entry = local.tail(before, 1)?.into_iter().find(|entry| entry.position == first);
    Ok(match entry.map(|entry| entry.verdict) {
        Some(Verdict::Accepted(receipt)) => Ok(receipt),
        Some(Verdict::Refused(refusal)) => Err(refusal),
        // It is trimmed away, and nobody asks any more.
        Some(Verdict::Repeated(_)) | None => Ok(Receipt { position: first, place: None }),
    })
}
