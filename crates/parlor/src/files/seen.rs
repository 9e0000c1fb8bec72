//! Who may bring a file into a room, and who may have one: what the messages that name it say to whoever asks.

use parlor_chat::view::View;
use parlor_chat::{Failure, Permission, PersonId, Place, Refusal, RoomId, Timestamp};

use super::about::About;
use super::id::FileId;
use super::links::named;

/// Whether somebody may say something in a room, with the refusal that a message there would get. What a message is held
/// against besides, filters and slow mode, is left to it.
pub(crate) fn may_bring(view: &View<'_>, room: RoomId) -> Result<(), Failure> {
    let now = Timestamp::now();
    view.role()?.check(Permission::Speak, view.door()?)?;
    if view.muted()?.is_some_and(|mute| mute.holds(now)) {
        return Err(Refusal::Muted.into());
    }
    let room = view.room(room)?;
    if room.role.is_none() {
        return Err(Refusal::NotAMember.into());
    }
    if room.muted.is_some_and(|mute| mute.holds(now)) { Err(Refusal::Muted.into()) } else { Ok(()) }
}

/// Whether somebody may have a file: whoever reads a message that names it; who brought it, as long as they may read the
/// room; and of a message that is held back, who decides on it. `person` is nobody for whoever has not come in.
///
/// The database proposes, the messages decide: an edit, a deletion, an undoing or a room that is closed to somebody holds
/// at once.
pub(crate) fn may_have(
    view: &View<'_>,
    person: Option<PersonId>,
    (id, about): (FileId, &About),
    claims: &[Place],
) -> Result<bool, Failure> {
    let names = |message: Result<parlor_chat::view::Message, Failure>| match message {
        Ok(message) => Ok(named(&message.text).contains(&id)),
        Err(failure) => unless_trouble(failure),
    };
    let Some(person) = person else {
        for claim in claims {
            if names(view.web().message(claim.room, claim.sequence))? {
                return Ok(true);
            }
        }
        return Ok(false);
    };
    if let Err(failure) = view.room(about.room) {
        return unless_trouble(failure);
    }
    if about.owner == person {
        return Ok(true);
    }
    for claim in claims {
        if names(view.message(claim.room, claim.sequence))? {
            return Ok(true);
        }
    }
    Ok(view.held()?.iter().any(|held| claims.contains(&held.sample.message)))
}

/// What is refused is not had; what cannot be read is neither.
fn unless_trouble(failure: Failure) -> Result<bool, Failure> {
    match failure {
        Failure::Refused(_) => Ok(false),
        Failure::Trouble(_) => Err(failure),
    }
}
