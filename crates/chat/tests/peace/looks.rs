//! The rows of the matrix that only read.

use parlor_chat::view::From;
use parlor_chat::{Permission, PersonId, Position, RoomPermission as In, Sequence, Timestamp};

use crate::rows::Does::{Elsewhere, Look};
use crate::rows::{Row, about, in_room};
use crate::scene::{INVITE, ROOM, VICTIM, of_victim};
use crate::support::{person, room};

/// What only reads, or is about a connection.
pub(crate) const LOOKS: &[Row] = &[
    in_room(
        "subscribe",
        Permission::Read,
        In::Read,
        Look(|view, _| view.since(room(ROOM), Sequence(0), 100).map(drop)),
    ),
    in_room(
        "history",
        Permission::Read,
        In::Read,
        Look(|view, _| view.history(room(ROOM), From::Latest, 9).map(drop)),
    ),
    in_room(
        "history",
        Permission::Read,
        In::Read,
        Look(|view, at| view.history(room(ROOM), From::Around(at.own), 9).map(drop)),
    ),
    Row {
        message: true,
        ..in_room(
            "message",
            Permission::Read,
            In::Read,
            Look(|view, at| view.message(room(ROOM), at.own).map(drop)),
        )
    },
    in_room(
        "thread",
        Permission::Read,
        In::Read,
        Look(|view, at| view.thread(room(ROOM), at.own, Sequence(0), 9).map(drop)),
    ),
    in_room("pins", Permission::Read, In::Read, Look(|view, _| view.pins(room(ROOM)).map(drop))),
    in_room(
        "members",
        Permission::Read,
        In::Read,
        Look(|view, _| view.members(room(ROOM), PersonId(0), 9).map(drop)),
    ),
    in_room("present", Permission::Read, In::Read, Look(|view, _| view.room(room(ROOM)).map(drop))),
    in_room(
        "reacted",
        Permission::Read,
        In::Read,
        Look(|view, at| view.reacted(room(ROOM), at.own, "x", PersonId(0), 9).map(drop)),
    ),
    about("rooms", Permission::Read, Look(|view, _| Ok(view.rooms().map(drop)?))),
    about("public_rooms", Permission::Read, Look(|view, _| Ok(view.public_rooms("", "", 9).map(drop)?))),
    about("people", Permission::Read, Look(|view, _| Ok(view.person(person(VICTIM)).map(drop)?))),
    about("person", Permission::Read, Look(|view, _| Ok(view.person_called("user-21").map(drop)?))),
    about("about", Permission::Read, Look(|view, _| view.card(person(VICTIM), None).map(drop))),
    in_room(
        "about",
        Permission::Read,
        In::Read,
        Look(|view, _| view.card(person(VICTIM), Some(room(ROOM))).map(drop)),
    ),
    about("held", Permission::Read, Look(|view, _| view.held().map(drop))),
    about(
        "mentions",
        Permission::Read,
        Look(|view, _| Ok(view.mentions(Position(u64::MAX - 1), 9).map(drop)?)),
    ),
    about("search", Permission::Read, Elsewhere("what the room shows (`search/permission.rs`)")),
    about("unsubscribe", Permission::Read, Elsewhere("it tells nothing")),
    about("typing", Permission::Read, Elsewhere("only who watches a room is seen writing")),
    about("audit", Permission::Review, Look(|view, _| view.audit(Position(u64::MAX - 1), 9).map(drop))),
    about("restrained", Permission::Restrain, Look(|view, _| view.restrained(Timestamp(0)).map(drop))),
    about("invites", Permission::LetIn, Look(|view, _| view.invites().map(drop))),
    about("came_by", Permission::LetIn, Look(|view, _| view.came_by(INVITE, PersonId(0), 9).map(drop))),
    about("waiting", Permission::LetIn, Look(|view, _| view.waiting().map(drop))),
    about("filters", Permission::Filter, Look(|view, _| view.filters().map(drop))),
    about("reports", Permission::Review, Look(|view, _| view.reports().map(drop))),
    about("withheld", Permission::Undo, Look(|view, _| view.withheld().map(drop))),
    about("review", Permission::Undo, Look(|view, _| view.review(&of_victim()).map(drop))),
];
