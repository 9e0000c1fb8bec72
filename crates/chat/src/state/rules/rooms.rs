//! Opening rooms, being a member of them, and what they are called.

use super::names::{is_line, is_name};
use super::{Decided, Decision, check_retention, membership, readable, unchanged};
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::permission::{RoomPermission, permits_in_room};
use crate::place::Place;
use crate::refusal::Refusal;
use crate::room::{Retention, Role, Visibility};
use crate::state::keeping::{self, InviteRow};
use crate::state::keys;
use crate::state::restraint::authority;
use crate::state::rows::{NumberRow, RoomRow};
use crate::state::tables::Tables;

pub(crate) fn create(
    state: &impl Tables,
    by: PersonId,
    room: RoomId,
    visibility: Visibility,
    name: &str,
    topic: &str,
) -> Decided {
    if visibility == Visibility::Direct || by == PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    check_new(state, room)?;
    check_name(state, room, visibility, name)?;
    check_topic(topic)?;
    check_has_room_left(state, by)?;
    let (name, topic) = (name.into(), topic.into());
    Ok(Decision::InRoom(room, What::RoomCreated { visibility, name, topic, with: Vec::new() }))
}

pub(crate) fn open_direct(state: &impl Tables, by: PersonId, room: RoomId, with: &[PersonId]) -> Decided {
    if by == PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    // Before the list is looked at: it may be of any length.
    if with.len() >= limits::DIRECT_PEOPLE {
        return Err(Refusal::DirectPeopleInvalid.into());
    }
    let mut people = with.to_vec();
    people.push(by);
    people.sort_unstable();
    people.dedup();
    if people.len() < 2 {
        return Err(Refusal::DirectPeopleInvalid.into());
    }
    for person in &people {
        state.person_here(*person)?.ok_or(Refusal::NoSuchPerson)?;
    }
    if let Some(open) = state.row::<NumberRow>(&keys::direct(&people))? {
        let room = RoomId(open.number);
        let sequence = state.room(room)?.unwrap_or_default().sequence;
        return Ok(Decision::Unchanged(Some(Place { room, sequence })));
    }
    check_new(state, room)?;
    for person in &people {
        check_can_be_brought(state, by, *person)?;
    }
    people.retain(|person| *person != by);
    let (name, topic) = (String::new(), String::new());
    Ok(Decision::InRoom(
        room,
        What::RoomCreated { visibility: Visibility::Direct, name, topic, with: people },
    ))
}

pub(crate) fn join(state: &impl Tables, by: PersonId, room: RoomId) -> Decided {
    let row = match readable(state, room, by) {
        Err(Failure::Refused(_)) if is_opened_by_invite(state, by, room)? => {
            state.room(room)?.ok_or(Refusal::NoSuchRoom)?
        }
        row => row?,
    };
    if state.role(room, by)?.is_some() {
        return unchanged(room, &row);
    }
    check_has_room_left(state, by)?;
    Ok(Decision::InRoom(room, What::Joined { person: by }))
}

/// Whether the invitation that somebody came by opens a room to them, still.
fn is_opened_by_invite(state: &impl Tables, by: PersonId, room: RoomId) -> Result<bool, Failure> {
    let Some(invite) = state.person(by)?.and_then(|row| row.came_by) else { return Ok(false) };
    let row = state.row::<InviteRow>(&keeping::invite(invite))?;
    Ok(row.is_some_and(|row| !row.revoked && row.rooms.contains(&room)))
}

pub(crate) fn leave(state: &impl Tables, by: PersonId, room: RoomId) -> Decided {
    let row = readable(state, room, by)?;
    check_has_comings_and_goings(room, &row)?;
    match state.role(room, by)? {
        _ if by == PersonId::SERVER => Err(Refusal::NotAllowed.into()),
        None => unchanged(room, &row),
        Some(Role::Owner) if row.owners == 1 && row.members > 1 => Err(Refusal::LastOwner.into()),
        Some(_) => Ok(Decision::InRoom(room, What::Left { person: by })),
    }
}

pub(crate) fn invite(state: &impl Tables, by: PersonId, room: RoomId, person: PersonId) -> Decided {
    let (row, _) = membership(state, room, by)?;
    state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    if state.role(room, person)?.is_some() {
        return unchanged(room, &row);
    }
    check_has_comings_and_goings(room, &row)?;
    check_can_be_brought(state, by, person)?;
    Ok(Decision::InRoom(room, What::Joined { person }))
}

pub(crate) fn remove(state: &impl Tables, by: PersonId, room: RoomId, person: PersonId) -> Decided {
    let (row, role) = acting(state, by, room)?;
    check_has_comings_and_goings(room, &row)?;
    if state.role(room, person)?.is_none() {
        return unchanged(room, &row);
    }
    let theirs = authority(state, room, &row, person)?;
    let is_above = Some(role) > theirs || by == PersonId::SERVER;
    let may = permits_in_room(Some(role), RoomPermission::RemoveMembers);
    if !may || !is_above || person == PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    Ok(Decision::InRoom(room, What::Left { person }))
}

pub(crate) fn set_role(
    state: &impl Tables,
    by: PersonId,
    room: RoomId,
    person: PersonId,
    role: Role,
) -> Decided {
    let (row, own) = acting(state, by, room)?;
    let may = permits_in_room(Some(own), RoomPermission::SetRoles);
    if !may || row.visibility == Visibility::Direct {
        return Err(Refusal::NotAllowed.into());
    }
    state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    let theirs = state.role(room, person)?.ok_or(Refusal::NoSuchPerson)?;
    if theirs == role {
        return unchanged(room, &row);
    }
    // The lobby does without an owner: the server is one.
    if theirs == Role::Owner && row.owners == 1 && room != RoomId::LOBBY {
        return Err(Refusal::LastOwner.into());
    }
    Ok(Decision::InRoom(room, What::RoleSet { person, role }))
}

pub(crate) fn rename(state: &impl Tables, by: PersonId, room: RoomId, name: &str) -> Decided {
    let row = moderated(state, by, room)?;
    check_name(state, room, row.visibility, name)?;
    if row.name == name {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::RoomRenamed { name: name.into() }))
}

pub(crate) fn set_topic(state: &impl Tables, by: PersonId, room: RoomId, topic: &str) -> Decided {
    let row = moderated(state, by, room)?;
    check_topic(topic)?;
    if row.topic == topic {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::TopicSet { topic: topic.into() }))
}

pub(crate) fn set_retention(
    state: &impl Tables,
    by: PersonId,
    room: RoomId,
    retention: Retention,
) -> Decided {
    let (row, role) = acting(state, by, room)?;
    if !permits_in_room(Some(role), RoomPermission::SetRetention) {
        return Err(Refusal::NotAllowed.into());
    }
    check_retention(retention)?;
    if row.retention == retention {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::RetentionSet { retention }))
}

pub(crate) fn set_web_access(state: &impl Tables, by: PersonId, room: RoomId, open: bool) -> Decided {
    let row = moderated(state, by, room)?;
    // Of a private room nobody else even knows.
    if row.visibility != Visibility::Public {
        return Err(Refusal::NotAllowed.into());
    }
    if row.open_to_web == open {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::WebAccessSet { open }))
}

/// A room whose name and topic somebody may set.
fn moderated(state: &impl Tables, by: PersonId, room: RoomId) -> Result<RoomRow, Failure> {
    let (row, role) = acting(state, by, room)?;
    if !permits_in_room(Some(role), RoomPermission::Describe) || row.visibility == Visibility::Direct {
        return Err(Refusal::NotAllowed.into());
    }
    Ok(row)
}

/// A room in which somebody may act as this, as a member or because of their role on the server.
fn acting(state: &impl Tables, by: PersonId, room: RoomId) -> Result<(RoomRow, Role), Failure> {
    let row = readable(state, room, by)?;
    let role = authority(state, room, &row, by)?.ok_or(Refusal::NotAMember)?;
    Ok((row, role))
}

fn check_new(state: &impl Tables, room: RoomId) -> Result<(), Failure> {
    if room == RoomId(0) || state.any_room(room)?.is_some() {
        return Err(Refusal::IdTaken.into());
    }
    Ok(())
}

fn check_name(state: &impl Tables, room: RoomId, visibility: Visibility, name: &str) -> Result<(), Failure> {
    if !is_name(name, limits::ROOM_NAME) {
        return Err(Refusal::RoomNameInvalid.into());
    }
    // Private rooms may share names: refusing one would tell that another is there.
    let other = if visibility == Visibility::Public { state.room_called(name)? } else { None };
    if other.is_some_and(|other| other != room) { Err(Refusal::RoomNameTaken.into()) } else { Ok(()) }
}

fn check_topic(topic: &str) -> Result<(), Failure> {
    if is_line(topic, limits::TOPIC) { Ok(()) } else { Err(Refusal::TopicInvalid.into()) }
}

fn check_has_room_left(state: &impl Tables, person: PersonId) -> Result<(), Failure> {
    let row = state.person(person)?.unwrap_or_default();
    if row.rooms >= limits::ROOMS { Err(Refusal::TooManyRooms.into()) } else { Ok(()) }
}

/// Others bring somebody into so many rooms that they can still join some themselves.
fn check_can_be_brought(state: &impl Tables, by: PersonId, person: PersonId) -> Result<(), Failure> {
    if by == person {
        return check_has_room_left(state, person);
    }
    let row = state.person(person)?.unwrap_or_default();
    if row.rooms >= limits::ROOMS_BY_OTHERS { Err(Refusal::BroughtTooOften.into()) } else { Ok(()) }
}

/// Everybody is in the lobby, and in a direct conversation are those who began it: nobody comes or goes.
fn check_has_comings_and_goings(room: RoomId, row: &RoomRow) -> Result<(), Failure> {
    let is_fixed = room == RoomId::LOBBY || row.visibility == Visibility::Direct;
    if is_fixed { Err(Refusal::NotAllowed.into()) } else { Ok(()) }
}
