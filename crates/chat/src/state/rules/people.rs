//! Coming, being called something, and going.

use super::door;
use super::names::{is_name, is_nickname};
use super::{Decided, Decision};
use crate::event::What;
use crate::failure::Failure;
use crate::id::PersonId;
use crate::limits;
use crate::order::Origin;
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::look::{is_reserved, skeleton};
use crate::state::rows::Standing;
use crate::state::tables::Tables;

pub(crate) fn arrive(state: &impl Tables, proposal: &Proposal, nickname: &str, from: &Origin) -> Decided {
    let by = proposal.by;
    if by == PersonId::SERVER || state.person(by)?.is_some() {
        return Err(Refusal::IdTaken.into());
    }
    check_nickname(state, by, nickname)?;
    door::arrive(state, nickname, from, proposal.at)
}

pub(crate) fn rename(state: &impl Tables, by: PersonId, nickname: &str) -> Decided {
    let row = state.person(by)?.ok_or(Refusal::UnknownPerson)?;
    check_nickname(state, by, nickname)?;
    if state.nickname_of(&row)? == nickname {
        return Ok(Decision::Unchanged(None));
    }
    Ok(Decision::Outside(What::Renamed { nickname: nickname.into() }))
}

pub(crate) fn check_nickname(state: &impl Tables, by: PersonId, nickname: &str) -> Result<(), Failure> {
    if !is_name(nickname, limits::NICKNAME) || !is_nickname(nickname) {
        return Err(Refusal::NicknameInvalid.into());
    }
    if is_reserved(nickname) {
        return Err(Refusal::NicknameReserved.into());
    }
    if state.who_looks_like(&skeleton(nickname))?.is_some_and(|other| other != by) {
        // Of the same letters it is the same name, and of others one that looks like it.
        let is_same = state.who_is_called(nickname)?.is_some_and(|other| other != by);
        return Err(if is_same { Refusal::NicknameTaken } else { Refusal::NicknameAlike }.into());
    }
    match state.who_is_called(nickname)? {
        Some(other) if other != by => Err(Refusal::NicknameTaken.into()),
        _ => Ok(()),
    }
}

pub(crate) fn end(by: PersonId, what: What) -> Decided {
    if by == PersonId::SERVER { Err(Refusal::NotAllowed.into()) } else { Ok(Decision::Outside(what)) }
}

pub(crate) fn end_erasure(state: &impl Tables, by: PersonId, person: PersonId) -> Decided {
    if by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    match state.person(person)?.map(|row| row.standing) {
        Some(Standing::Erasing) => Ok(Decision::Outside(What::ErasureEnded { person })),
        Some(Standing::Erased) => Ok(Decision::Unchanged(None)),
        _ => Err(Refusal::NoSuchPerson.into()),
    }
}
