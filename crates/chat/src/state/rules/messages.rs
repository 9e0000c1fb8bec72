//! Saying something, and what can be done with what was said.

use super::names::is_reaction;
use super::{Decided, Decision, membership, readable, slow_mode, unchanged};
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::order::FilterAction;
use crate::permission::{RoomPermission, permits_in_room};
use crate::place::Sequence;
use crate::proposal::{Action, Proposal};
use crate::refusal::Refusal;
use crate::room::Retention;
use crate::state::filter::judge;
use crate::state::keys::{self, Table};
use crate::state::restraint::{authority, is_muted};
use crate::state::rows::{MessageRow, NumberRow, PinRow, ReactionCountRow, RoomRow, Standing};
use crate::state::tables::Tables;

pub(crate) fn post(state: &impl Tables, proposal: &Proposal) -> Decided {
    let Action::Post { room, text, reply_to, thread, mentions } = &proposal.action else {
        return Err(Refusal::Unsupported.into());
    };
    let room = *room;
    let row = speaking(state, proposal, room)?;
    check_text(text)?;
    if let Some(answered) = reply_to {
        message(state, room, *answered)?;
    }
    // A thread has one level: who answers an answer answers in the same thread.
    let thread = thread.map(|root| Ok::<_, Failure>(message(state, room, root)?.thread.unwrap_or(root)));
    let thread = thread.transpose()?;
    let mentions = readers(state, room, &row, mentions)?;
    let (text, reply_to) = (text.clone(), *reply_to);
    // Most of the time there is nothing that moderators alone may do, and who they are needs not be looked up.
    let is_restrained = row.slow_mode > 0 || state.server()?.filters > 0;
    if !is_restrained || moderates(state, room, &row, proposal.by)? {
        return Ok(Decision::InRoom(room, What::Posted { text, reply_to, thread, mentions }));
    }
    slow_mode::check(state, proposal, room, &row)?;
    let what = match judge(state, &text)? {
        Some(FilterAction::Refuse) => return Err(Refusal::Filtered.into()),
        Some(FilterAction::Hold) => What::Withheld { text, reply_to, thread, mentions },
        None => What::Posted { text, reply_to, thread, mentions },
    };
    Ok(Decision::InRoom(room, what))
}

/// A room in which somebody may say something now.
fn speaking(state: &impl Tables, proposal: &Proposal, room: RoomId) -> Result<RoomRow, Failure> {
    let (row, _) = membership(state, room, proposal.by)?;
    let is_muted = is_muted(state, room, &row, proposal.by, proposal.at)?;
    if is_muted { Err(Refusal::Muted.into()) } else { Ok(row) }
}

fn moderates(state: &impl Tables, room: RoomId, row: &RoomRow, person: PersonId) -> Result<bool, Failure> {
    Ok(permits_in_room(authority(state, room, row, person)?, RoomPermission::Restrain))
}

pub(crate) fn edit(
    state: &impl Tables,
    proposal: &Proposal,
    (room, sequence): (RoomId, Sequence),
    text: &str,
    mentions: &[PersonId],
) -> Decided {
    let by = proposal.by;
    let row = speaking(state, proposal, room)?;
    let before = message(state, room, sequence)?;
    if before.by != by {
        return Err(Refusal::NotTheAuthor.into());
    }
    check_text(text)?;
    let mentions = readers(state, room, &row, mentions)?;
    let is_same = before.mentions.iter().map(|one| one.person).eq(mentions.iter().copied());
    if is_same && state.text_of(&before)? == text {
        return unchanged(room, &row);
    }
    // What is changed afterwards would get past whoever looks at what was held back.
    if !moderates(state, room, &row, by)? && judge(state, text)?.is_some() {
        return Err(Refusal::Filtered.into());
    }
    Ok(Decision::InRoom(room, What::Edited { message: sequence, text: text.into(), mentions }))
}

pub(crate) fn delete(state: &impl Tables, by: PersonId, room: RoomId, sequence: Sequence) -> Decided {
    let row = readable(state, room, by)?;
    let author = message(state, room, sequence)?.by;
    let own = authority(state, room, &row, by)?;
    if author != by && !permits_in_room(own, RoomPermission::DeleteOthers) {
        return Err(Refusal::NotTheAuthor.into());
    }
    let of = (author != by).then_some(author);
    Ok(Decision::InRoom(room, What::Deleted { message: sequence, of }))
}

pub(crate) fn react(
    state: &impl Tables,
    proposal: &Proposal,
    (room, sequence): (RoomId, Sequence),
    reaction: &str,
) -> Decided {
    let by = proposal.by;
    let row = speaking(state, proposal, room)?;
    if !is_reaction(reaction, limits::REACTION) {
        return Err(Refusal::ReactionInvalid.into());
    }
    message(state, room, sequence)?;
    if state.row::<NumberRow>(&keys::reaction(room, sequence, reaction, by))?.is_some() {
        return unchanged(room, &row);
    }
    let count_key = keys::reaction_count(room, sequence, reaction);
    if state.row::<ReactionCountRow>(&count_key)?.is_none() {
        let different = state.reaction_counts(room, sequence)?.len();
        if different >= limits::REACTIONS {
            return Err(Refusal::TooManyReactions.into());
        }
    }
    Ok(Decision::InRoom(room, What::Reacted { message: sequence, reaction: reaction.into() }))
}

pub(crate) fn unreact(
    state: &impl Tables,
    by: PersonId,
    room: RoomId,
    sequence: Sequence,
    reaction: &str,
) -> Decided {
    let (row, _) = membership(state, room, by)?;
    message(state, room, sequence)?;
    if state.row::<NumberRow>(&keys::reaction(room, sequence, reaction, by))?.is_none() {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::Unreacted { message: sequence, reaction: reaction.into() }))
}

pub(crate) fn pin(state: &impl Tables, proposal: &Proposal, room: RoomId, sequence: Sequence) -> Decided {
    let row = speaking(state, proposal, room)?;
    message(state, room, sequence)?;
    if is_pinned(state, room, sequence)? {
        return unchanged(room, &row);
    }
    if row.pins >= limits::PINS {
        return Err(Refusal::TooManyPins.into());
    }
    Ok(Decision::InRoom(room, What::Pinned { message: sequence }))
}

pub(crate) fn unpin(state: &impl Tables, by: PersonId, room: RoomId, sequence: Sequence) -> Decided {
    let (row, _) = membership(state, room, by)?;
    if !is_pinned(state, room, sequence)? {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::Unpinned { message: sequence }))
}

pub(crate) fn read(state: &impl Tables, by: PersonId, room: RoomId, up_to: Sequence) -> Decided {
    let (row, _) = membership(state, room, by)?;
    if up_to > row.sequence {
        return Err(Refusal::NotThereYet.into());
    }
    let pointer = state.row::<NumberRow>(&keys::pointer(by, room))?.unwrap_or_default();
    if by == PersonId::SERVER || pointer.number == up_to.0 {
        return unchanged(room, &row);
    }
    Ok(Decision::Outside(What::Read { room, up_to }))
}

pub(crate) fn expire(
    state: &impl Tables,
    proposal: &Proposal,
    room: RoomId,
    sequences: &[Sequence],
) -> Decided {
    if proposal.by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    if sequences.len() > limits::ERASED_AT_ONCE {
        return Err(Refusal::TooManyAtOnce.into());
    }
    let row = state.any_room(room)?.ok_or(Refusal::NoSuchRoom)?;
    let kept_for = match row.retention {
        Retention::Inherit => state.server()?.retention,
        own => own,
    };
    let mut expired = Vec::new();
    for sequence in sequences {
        let Some(message) = state.message(room, *sequence)? else {
            continue;
        };
        let is_over = match kept_for {
            Retention::Milliseconds(kept_for) => message.at.0.saturating_add(kept_for) <= proposal.at.0,
            Retention::Inherit | Retention::Forever => false,
        };
        let is_unwanted = || {
            let author = state.person(message.by)?;
            Ok::<_, Failure>(author.is_some_and(|author| author.standing == Standing::Erasing))
        };
        if is_over || is_unwanted()? {
            expired.push(*sequence);
        }
    }
    expired.sort_unstable();
    expired.dedup();
    if expired.is_empty() {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::Expired { messages: expired }))
}

/// A message that is there.
fn message(state: &impl Tables, room: RoomId, sequence: Sequence) -> Result<MessageRow, Failure> {
    state.message(room, sequence)?.ok_or_else(|| Refusal::NoSuchMessage.into())
}

fn is_pinned(state: &impl Tables, room: RoomId, sequence: Sequence) -> Result<bool, Failure> {
    Ok(state.row::<PinRow>(&keys::in_room(Table::Pin, room, sequence))?.is_some())
}

fn check_text(text: &str) -> Result<(), Failure> {
    if text.len() > limits::TEXT { Err(Refusal::TextTooLong.into()) } else { Ok(()) }
}

/// Of those who are mentioned, whoever can read the room, each once.
fn readers(
    state: &impl Tables,
    room: RoomId,
    row: &RoomRow,
    mentions: &[PersonId],
) -> Result<Vec<PersonId>, Failure> {
    if mentions.len() > limits::MENTIONS {
        return Err(Refusal::TooManyMentions.into());
    }
    let mut readers = Vec::new();
    for person in mentions {
        let is_here = state.person_here(*person)?.is_some();
        if is_here && !readers.contains(person) && state.may_read(room, row, *person)? {
            readers.push(*person);
        }
    }
    Ok(readers)
}
