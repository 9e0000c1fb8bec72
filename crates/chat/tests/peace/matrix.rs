//! Every request × every role × own and foreign rooms × what happened before: each is allowed exactly if the tables say so.
//!
//! What is expected is worked out from the tables and from what somebody is in a room, and from nothing else.

use parlor_chat::{
    Action, Door, Failure, Order, Permission, Refusal, Role, RoomPermission, ServerRole, Visibility,
    permits_in_room,
};

use crate::rows::{self, Does, Row};
use crate::scene::{Before, House, Scene};
use crate::support::person;
use crate::world::OWNER;

fn expected(row: &Row, scene: &Scene) -> Result<(), ()> {
    let allow = |is_allowed: bool| if is_allowed { Ok(()) } else { Err(()) };
    if row.always {
        return Ok(());
    }
    allow(scene.before != Before::Banned && !row.never)?;
    let door = if scene.before == Before::DoorClaimed { Door::Claimed } else { Door::Open };
    allow(scene.role.permits(row.server, door))?;
    let is_seen = row.name == "rename" || matches!(row.server, Permission::Speak | Permission::OpenRooms);
    allow(!(is_seen && scene.before == Before::Muted))?;
    let Some(needed) = row.room else { return Ok(()) };
    let own = match scene.house {
        House::OwnPublic | House::OwnPrivate => Some(Role::Owner),
        House::JoinedPublic | House::JoinedPrivate => Some(Role::Member),
        House::ForeignPublic | House::ForeignPrivate => None,
    };
    let is_public = scene.house.visibility() == Visibility::Public;
    allow(is_public || own.is_some() && !row.public)?;
    let of_server = match scene.role {
        ServerRole::Owner => Some(Role::Owner),
        ServerRole::Moderator => Some(Role::Moderator),
        _ => None,
    };
    let authority = if is_public && !row.as_member { own.max(of_server) } else { own };
    allow(permits_in_room(authority, needed))?;
    allow(!(row.says && scene.before == Before::MutedInRoom))?;
    allow(!(row.message && scene.before == Before::Deleted))?;
    // Somebody has to own a room that others are in.
    allow(!(row.name == "leave" && own == Some(Role::Owner)))
}

#[test]
fn every_request_is_allowed_exactly_where_the_tables_say_so() {
    let mut cases = 0;
    for scene in Scene::all() {
        let world = scene.build();
        for row in rows::all() {
            let outcome = match &row.does {
                Does::Wish(wish) => {
                    // Wishes change what comes after them, so each has a world of its own.
                    let mut world = scene.build();
                    let action = wish(&world.marks);
                    let verdict = world.wish(scene.actor(), action).verdict;
                    verdict.map(drop).map_err(Failure::Refused)
                }
                Does::Look(look) => world.see(scene.actor(), |view| look(view, &world.marks)),
                Does::Elsewhere(_) => continue,
            };
            cases += 1;
            let expected = expected(row, &scene);
            assert_eq!(outcome.clone().map_err(drop), expected, "{} {scene:?}: {outcome:?}", row.name);
            check_tells_nothing(row, &scene, &outcome);
        }
    }
    println!("{cases} cases");
    assert!(cases > 5_000, "{cases}");
}

/// A foreign private room is as if it were not there, and a ban is told as one whatever is asked.
fn check_tells_nothing(row: &Row, scene: &Scene, outcome: &Result<(), Failure>) {
    let Err(Failure::Refused(refusal)) = outcome else { return };
    if scene.before == Before::Banned {
        assert_eq!(*refusal, Refusal::Banned, "{} {scene:?}", row.name);
    } else if row.room.is_some() && scene.house == House::ForeignPrivate {
        let is_silent = matches!(
            refusal,
            Refusal::NoSuchRoom | Refusal::NotAllowed | Refusal::ClaimFirst | Refusal::Muted
        );
        // Without the permission on the server, it is refused before the room is looked at.
        assert!(is_silent, "{} {scene:?}: {refusal:?}", row.name);
    }
}

#[test]
fn an_order_that_is_no_request_is_nobodys_to_give_but_the_servers() {
    let mut world = crate::world::World::new();
    for order in [
        Order::ForgetOrigins { people: vec![person(OWNER)] },
        Order::OfferOwnership { secret: parlor_chat::SecretHash(1) },
        Order::Undone { undone: parlor_chat::Undone::default() },
    ] {
        assert_eq!(world.not_ordered(OWNER, order), Refusal::NotAllowed);
    }
    let others = [
        Action::Expire { room: crate::world::LOBBY, messages: vec![] },
        Action::SetServerRetention { retention: parlor_chat::Retention::Forever },
        Action::EndErasure { person: person(OWNER) },
    ];
    for action in others {
        assert_eq!(world.may_not(OWNER, action), Refusal::NotAllowed);
    }
}

/// What it takes in a room, by the name in the table.
pub(crate) fn room_name(permission: RoomPermission) -> &'static str {
    let row = RoomPermission::TABLE.iter().find(|row| row.0 == permission);
    row.map_or("", |row| row.1)
}

/// What it takes on the server, by the name in the table.
pub(crate) fn server_name(permission: Permission) -> &'static str {
    let row = Permission::TABLE.iter().find(|row| row.0 == permission);
    row.map_or("", |row| row.1)
}
