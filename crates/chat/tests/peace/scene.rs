//! The scenes of the matrix: who asks, what they are in the room that it is about, and what happened before.

use std::ops::{Deref, DerefMut};

use parlor_chat::{
    Action, Door, FilterAction, FilterKind, InviteId, Order, Origin, PersonId, Position, SecretHash,
    Selection, Sequence, ServerRole, ShownInvite, Timestamp, Visibility,
};

use crate::support::{create, person, room, say};
use crate::world::World;

/// What the asker is in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum House {
    OwnPublic,
    JoinedPublic,
    /// They have been there, said something, and left.
    ForeignPublic,
    OwnPrivate,
    JoinedPrivate,
    ForeignPrivate,
}

impl House {
    const ALL: [House; 6] = [
        House::OwnPublic,
        House::JoinedPublic,
        House::ForeignPublic,
        House::OwnPrivate,
        House::JoinedPrivate,
        House::ForeignPrivate,
    ];

    pub(crate) fn visibility(self) -> Visibility {
        match self {
            House::OwnPublic | House::JoinedPublic | House::ForeignPublic => Visibility::Public,
            _ => Visibility::Private,
        }
    }
}

/// What happened before they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    Banned,
    Unbanned,
    Muted,
    MutedInRoom,
    /// The messages that it is about were deleted.
    Deleted,
    DoorClaimed,
}

/// One scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scene {
    pub(crate) role: ServerRole,
    pub(crate) house: House,
    pub(crate) before: Before,
}

/// What is there to ask about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    /// The asker's message.
    pub(crate) own: Sequence,
    /// Somebody else's.
    pub(crate) other: Sequence,
    pub(crate) report: Position,
    pub(crate) withheld: Position,
}

/// A world with marks.
pub(crate) struct Built {
    world: World,
    pub(crate) marks: Marks,
}

impl Deref for Built {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Built {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

const ACTOR: u64 = 20;
/// A member of the room without a role, whom orders are about.
pub(crate) const VICTIM: u64 = 21;
/// Whose room it is, if it is not the asker's.
const HOST: u64 = 22;
/// Somebody who is not in the room.
pub(crate) const STRANGER: u64 = 23;
/// Somebody who waits to be let in.
pub(crate) const WAITING: u64 = 24;
/// The room.
pub(crate) const ROOM: u64 = 50;
pub(crate) const INVITE: InviteId = InviteId(7);

impl Scene {
    pub(crate) fn all() -> Vec<Scene> {
        let befores = [
            Before::Nothing,
            Before::Banned,
            Before::Unbanned,
            Before::Muted,
            Before::MutedInRoom,
            Before::Deleted,
            Before::DoorClaimed,
        ];
        let mut scenes = Vec::new();
        for role in ServerRole::ALL {
            for house in House::ALL {
                scenes.extend(befores.map(|before| Scene { role, house, before }));
            }
        }
        scenes
    }

    pub(crate) fn actor(&self) -> PersonId {
        person(ACTOR)
    }

    pub(crate) fn build(&self) -> Built {
        let mut world = World::new();
        for number in [ACTOR, VICTIM, HOST, STRANGER] {
            crate::support::accept(&mut world.log, crate::support::arrive(number));
        }
        let is_own = matches!(self.house, House::OwnPublic | House::OwnPrivate);
        let owner = if is_own { ACTOR } else { HOST };
        crate::support::accept(&mut world.log, create(owner, ROOM, self.house.visibility()));
        for member in [ACTOR, VICTIM].into_iter().filter(|member| *member != owner) {
            world.does(owner, Action::Invite { room: room(ROOM), person: person(member) });
        }
        let own = world.does(ACTOR, say(room(ROOM), "own"));
        let other = world.does(VICTIM, say(room(ROOM), "other"));
        let mut marks = Marks { own, other, ..Marks::default() };
        keep(&mut world, &mut marks);
        if matches!(self.house, House::ForeignPublic | House::ForeignPrivate) {
            world.does(ACTOR, Action::Leave { room: room(ROOM) });
        }
        world.server(Order::SetServerRole { person: person(ACTOR), role: self.role });
        self.happen(&mut world, marks);
        Built { world, marks }
    }

    fn happen(&self, world: &mut World, marks: Marks) {
        let actor = person(ACTOR);
        let ban = Order::Ban { person: actor, until: None, reason: String::new() };
        let mute = |room| Order::Mute { person: actor, room, until: None, reason: String::new() };
        match self.before {
            Before::Nothing => {}
            Before::Banned => _ = world.server(ban),
            Before::Unbanned => {
                world.server(ban);
                world.server(Order::Unban { person: actor });
            }
            Before::Muted => _ = world.server(mute(None)),
            Before::MutedInRoom => _ = world.server(mute(Some(room(ROOM)))),
            Before::Deleted => {
                for message in [marks.own, marks.other] {
                    let deleted = world.wish(PersonId::SERVER, Action::Delete { room: room(ROOM), message });
                    assert!(deleted.verdict.is_ok());
                }
            }
            Before::DoorClaimed => _ = world.server(Order::SetDoor { door: Door::Claimed }),
        }
    }
}

/// What there is to do for those who keep the peace.
fn keep(world: &mut World, marks: &mut Marks) {
    let filter = |pattern: &str| Order::SetFilter {
        kind: FilterKind::Word,
        pattern: pattern.into(),
        action: FilterAction::Hold,
    };
    world.server(filter("held"));
    let (secret, role) = (SecretHash::of("secret"), ServerRole::Guest);
    world.order(
        crate::world::OWNER,
        Order::MakeInvite { invite: INVITE, secret, until: None, uses: 0, rooms: vec![], role },
    );
    let report = Order::Report { room: room(ROOM), message: marks.other, note: String::new() };
    marks.report = world.order(VICTIM, report).position;
    marks.withheld = world.wish(person(VICTIM), say(crate::world::LOBBY, "held")).position;
    world.server(Order::SetDoor { door: Door::Closed });
    let from = Origin { asks: Some("please".into()), ..Origin::default() };
    world.does(WAITING, Action::Arrive { nickname: "waiting".into(), from });
    world.server(Order::SetDoor { door: Door::Open });
}

pub(crate) fn shown() -> ShownInvite {
    ShownInvite { invite: INVITE, secret: SecretHash::of("secret") }
}

pub(crate) fn of_victim() -> Selection {
    Selection { people: vec![person(VICTIM)], since: Timestamp(0), ..Selection::default() }
}
