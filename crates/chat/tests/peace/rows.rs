//! The rows of the matrix: every request, what it takes, and how it is made.

use parlor_chat::view::View;
use parlor_chat::{
    Action, AddressRange, Door, Failure, FilterAction, FilterKind, InviteId, Order, Permission, Retention,
    Role, RoomPermission, SecretHash, Sequence, ServerRole, Visibility,
};

use crate::looks::LOOKS;
use crate::scene::{INVITE, Marks, ROOM, STRANGER, VICTIM, WAITING, of_victim, shown};
use crate::support::{person, room, say};

/// How a request is made.
pub(crate) enum Does {
    Wish(fn(&Marks) -> Action),
    Look(fn(&View<'_>, &Marks) -> Result<(), Failure>),
    /// It cannot be asked of the state alone: this says what shows that it is right.
    Elsewhere(&'static str),
}

/// One request, and what it takes.
pub(crate) struct Row {
    /// What it is called on the wire.
    pub(crate) name: &'static str,
    pub(crate) server: Permission,
    /// Nothing if it is about no room.
    pub(crate) room: Option<RoomPermission>,
    /// Whether only members may, whatever their role on the server.
    pub(crate) as_member: bool,
    /// Whether it says something, which a mute in the room keeps back.
    pub(crate) says: bool,
    /// Whether it is about a message that has to be there.
    pub(crate) message: bool,
    /// Whether nobody is kept from it.
    pub(crate) always: bool,
    /// Whether it is refused here, because it works only once.
    pub(crate) never: bool,
    /// Whether it is only for public rooms.
    pub(crate) public: bool,
    pub(crate) does: Does,
}

const ROW: Row = Row {
    name: "",
    server: Permission::Read,
    room: None,
    as_member: false,
    says: false,
    message: false,
    always: false,
    never: false,
    public: false,
    does: Does::Elsewhere(""),
};

pub(crate) const fn about(name: &'static str, server: Permission, does: Does) -> Row {
    Row { name, server, does, ..ROW }
}

pub(crate) const fn in_room(name: &'static str, server: Permission, room: RoomPermission, does: Does) -> Row {
    Row { name, server, room: Some(room), does, ..ROW }
}

fn order(order: Order) -> Action {
    Action::Order { order }
}

use Does::Wish;
use RoomPermission as In;

/// Every request.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    WISHES.iter().chain(LOOKS)
}

/// What changes something.
const WISHES: &[Row] = &[
    Row {
        as_member: true,
        says: true,
        ..in_room("post", Permission::Speak, In::Speak, Wish(|_| say(room(ROOM), "hello")))
    },
    Row {
        as_member: true,
        says: true,
        message: true,
        ..in_room(
            "edit",
            Permission::Speak,
            In::Speak,
            Wish(|at| Action::Edit {
                room: room(ROOM),
                message: at.own,
                text: "new".into(),
                mentions: vec![],
            }),
        )
    },
    Row {
        message: true,
        ..in_room(
            "delete",
            Permission::Oneself,
            In::DeleteOwn,
            Wish(|at| Action::Delete { room: room(ROOM), message: at.own }),
        )
    },
    Row {
        message: true,
        ..in_room(
            "delete",
            Permission::Oneself,
            In::DeleteOthers,
            Wish(|at| Action::Delete { room: room(ROOM), message: at.other }),
        )
    },
    Row {
        as_member: true,
        says: true,
        message: true,
        ..in_room(
            "react",
            Permission::Speak,
            In::Speak,
            Wish(|at| Action::React { room: room(ROOM), message: at.other, reaction: "x".into() }),
        )
    },
    Row {
        as_member: true,
        message: true,
        ..in_room(
            "unreact",
            Permission::Oneself,
            In::Speak,
            Wish(|at| Action::Unreact { room: room(ROOM), message: at.other, reaction: "x".into() }),
        )
    },
    Row {
        as_member: true,
        says: true,
        message: true,
        ..in_room(
            "pin",
            Permission::Speak,
            In::Speak,
            Wish(|at| Action::Pin { room: room(ROOM), message: at.other }),
        )
    },
    Row {
        as_member: true,
        ..in_room(
            "unpin",
            Permission::Speak,
            In::Speak,
            Wish(|at| Action::Unpin { room: room(ROOM), message: at.other }),
        )
    },
    Row {
        as_member: true,
        ..in_room(
            "read",
            Permission::Oneself,
            In::Speak,
            Wish(|_| Action::Read { room: room(ROOM), up_to: Sequence(1) }),
        )
    },
    about(
        "create_room",
        Permission::OpenRooms,
        Wish(|_| Action::CreateRoom {
            room: room(60),
            visibility: Visibility::Public,
            name: "new".into(),
            topic: String::new(),
        }),
    ),
    about(
        "open_direct",
        Permission::OpenRooms,
        Wish(|_| Action::OpenDirect { room: room(60), with: vec![person(STRANGER)] }),
    ),
    in_room("join", Permission::Speak, In::Read, Wish(|_| Action::Join { room: room(ROOM) })),
    in_room("leave", Permission::Oneself, In::Read, Wish(|_| Action::Leave { room: room(ROOM) })),
    Row {
        as_member: true,
        ..in_room(
            "invite",
            Permission::Speak,
            In::Invite,
            Wish(|_| Action::Invite { room: room(ROOM), person: person(STRANGER) }),
        )
    },
    in_room(
        "remove",
        Permission::Speak,
        In::RemoveMembers,
        Wish(|_| Action::Remove { room: room(ROOM), person: person(VICTIM) }),
    ),
    in_room(
        "set_role",
        Permission::Speak,
        In::SetRoles,
        Wish(|_| Action::SetRole { room: room(ROOM), person: person(VICTIM), role: Role::Moderator }),
    ),
    in_room(
        "rename_room",
        Permission::Speak,
        In::Describe,
        Wish(|_| Action::RenameRoom { room: room(ROOM), name: "other".into() }),
    ),
    in_room(
        "set_topic",
        Permission::Speak,
        In::Describe,
        Wish(|_| Action::SetTopic { room: room(ROOM), topic: "other".into() }),
    ),
    in_room(
        "set_retention",
        Permission::Speak,
        In::SetRetention,
        Wish(|_| Action::SetRetention { room: room(ROOM), retention: Retention::Forever }),
    ),
    Row {
        public: true,
        ..in_room(
            "set_web_access",
            Permission::Speak,
            In::Describe,
            Wish(|_| Action::SetWebAccess { room: room(ROOM), open: true }),
        )
    },
    about("rename", Permission::Oneself, Wish(|_| Action::Rename { nickname: "other".into() })),
    Row { always: true, ..about("erase_me", Permission::Oneself, Wish(|_| Action::EraseMe)) },
    Row {
        never: true,
        ..about(
            "claim_ownership",
            Permission::Oneself,
            Wish(|_| order(Order::ClaimOwnership { secret: SecretHash::of("first") })),
        )
    },
    about(
        "set_server_role",
        Permission::SetServerRoles,
        Wish(|_| order(Order::SetServerRole { person: person(VICTIM), role: ServerRole::Bot })),
    ),
    about("set_door", Permission::SetDoor, Wish(|_| order(Order::SetDoor { door: Door::Closed }))),
    about(
        "make_invite",
        Permission::LetIn,
        Wish(|_| {
            order(Order::MakeInvite {
                invite: InviteId(8),
                secret: SecretHash(1),
                until: None,
                uses: 1,
                rooms: vec![],
                role: ServerRole::Guest,
            })
        }),
    ),
    about(
        "revoke_invite",
        Permission::LetIn,
        Wish(|_| order(Order::RevokeInvite { invite: INVITE, ban: false })),
    ),
    about("use_invite", Permission::Oneself, Wish(|_| order(Order::UseInvite { shown: shown() }))),
    about("admit", Permission::LetIn, Wish(|_| order(Order::Admit { person: person(WAITING) }))),
    about("turn_away", Permission::LetIn, Wish(|_| order(Order::TurnAway { person: person(WAITING) }))),
    about(
        "mute",
        Permission::Restrain,
        Wish(|_| {
            order(Order::Mute { person: person(VICTIM), room: None, until: None, reason: String::new() })
        }),
    ),
    in_room(
        "mute",
        Permission::Oneself,
        In::Restrain,
        Wish(|_| {
            order(Order::Mute {
                person: person(VICTIM),
                room: Some(room(ROOM)),
                until: None,
                reason: String::new(),
            })
        }),
    ),
    about(
        "unmute",
        Permission::Restrain,
        Wish(|_| order(Order::Unmute { person: person(VICTIM), room: None })),
    ),
    in_room(
        "unmute",
        Permission::Oneself,
        In::Restrain,
        Wish(|_| order(Order::Unmute { person: person(VICTIM), room: Some(room(ROOM)) })),
    ),
    about(
        "kick",
        Permission::Restrain,
        Wish(|_| order(Order::Kick { person: person(VICTIM), reason: String::new() })),
    ),
    about(
        "ban",
        Permission::Restrain,
        Wish(|_| order(Order::Ban { person: person(VICTIM), until: None, reason: String::new() })),
    ),
    about("unban", Permission::Restrain, Wish(|_| order(Order::Unban { person: person(VICTIM) }))),
    about(
        "ban_range",
        Permission::Restrain,
        Wish(|_| order(Order::BanRange { range: AddressRange(1), until: None, reason: String::new() })),
    ),
    about("unban_range", Permission::Restrain, Wish(|_| order(Order::UnbanRange { range: AddressRange(1) }))),
    in_room(
        "set_slow_mode",
        Permission::Oneself,
        In::Restrain,
        Wish(|_| order(Order::SetSlowMode { room: room(ROOM), milliseconds: 1_000 })),
    ),
    about(
        "set_filter",
        Permission::Filter,
        Wish(|_| {
            order(Order::SetFilter {
                kind: FilterKind::Link,
                pattern: "x.example".into(),
                action: FilterAction::Refuse,
            })
        }),
    ),
    about(
        "remove_filter",
        Permission::Filter,
        Wish(|_| order(Order::RemoveFilter { kind: FilterKind::Word, pattern: "held".into() })),
    ),
    Row {
        message: true,
        ..in_room(
            "report",
            Permission::Report,
            In::Read,
            Wish(|at| order(Order::Report { room: room(ROOM), message: at.other, note: String::new() })),
        )
    },
    about(
        "settle_report",
        Permission::Review,
        Wish(|at| order(Order::SettleReport { report: at.report, note: String::new() })),
    ),
    about("undo", Permission::Undo, Wish(|_| order(Order::Undo { selection: of_victim() }))),
    about(
        "restore",
        Permission::Undo,
        Wish(|at| order(Order::Restore { withheld: at.withheld, rooms: vec![] })),
    ),
    about(
        "purge",
        Permission::Undo,
        Wish(|at| order(Order::Purge { withheld: at.withheld, messages: vec![] })),
    ),
];
