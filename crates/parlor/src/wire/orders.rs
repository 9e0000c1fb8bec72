//! What whoever keeps the peace asks for: who is let in, who is restrained, what is undone, and what waits for them.

use parlor_chat::{Door, FilterAction, FilterKind, InviteId, PersonId, RoomId, Sequence, ServerRole};
use serde::Deserialize;

#[cfg(test)]
use super::shape::{Field, Kind, Shaped};
use super::vocabulary::requests;

requests! {
    Order "What keeps the peace: it goes through the log as every wish does." {
        /// Owns the server, by the secret that it printed when it started. It works once.
        "claim_ownership" ClaimOwnership {
            /// What stands in the link behind `#own=`.
            secret: String,
        }
        /// Gives somebody a role on the server, as an owner.
        "set_server_role" SetServerRole {
            /// Whom.
            person: PersonId,
            /// `guest`, `bot`, `member`, `moderator` or `owner`.
            role: ServerRole,
        }
        /// Says who is let in, as an owner.
        "set_door" SetDoor {
            /// `open`, `claimed`, `invite` or `closed`.
            door: Door,
        }
        /// Makes an invitation. The answer has it as `invite`: who opens `/?invite=` with it comes in. It is told once.
        "make_invite" MakeInvite {
            /// For how many seconds it works; without end, if left out.
            seconds: Option<u64>,
            /// How many people can use it; any number, if left out.
            uses: Option<u64>,
            /// Rooms that it opens, of those that one is in.
            rooms: Option<Vec<RoomId>>,
            /// What it makes of who uses it, below one's own role; `member`, if left out.
            role: Option<ServerRole>,
        }
        /// Makes an invitation useless.
        "revoke_invite" RevokeInvite {
            /// Which: the part before the full stop.
            invite: InviteId,
            /// Whether everybody who came by it is banned, too.
            ban: Option<bool>,
        }
        /// Uses an invitation when one is here already.
        "use_invite" UseInvite {
            /// All of it.
            invite: String,
        }
        /// Lets somebody in who asks for it.
        "admit" Admit {
            /// Whom.
            person: PersonId,
        }
        /// Does not let somebody in who asks for it.
        "turn_away" TurnAway {
            /// Whom.
            person: PersonId,
        }
        /// Keeps somebody from saying anything, in a room or everywhere.
        "mute" Mute {
            /// Whom.
            person: PersonId,
            /// Where; everywhere, if left out.
            room: Option<RoomId>,
            /// For how many seconds; until it is lifted, if left out.
            seconds: Option<u64>,
            /// Why: they are told.
            reason: Option<String>,
        }
        /// Lifts a mute.
        "unmute" Unmute {
            /// Whose.
            person: PersonId,
            /// Where; everywhere, if left out.
            room: Option<RoomId>,
        }
        /// Closes somebody's connections. They may come back.
        "kick" Kick {
            /// Whose.
            person: PersonId,
            /// Why: they are told.
            reason: Option<String>,
        }
        /// Shuts somebody out: their connections close at once, and they can read nothing.
        "ban" Ban {
            /// Whom.
            person: PersonId,
            /// For how many seconds; until it is lifted, if left out.
            seconds: Option<u64>,
            /// Why: they are told.
            reason: Option<String>,
        }
        /// Lifts a ban.
        "unban" Unban {
            /// Whose.
            person: PersonId,
        }
        /// Shuts out guests and whoever is new from a range of addresses.
        "ban_range" BanRange {
            /// Such as `192.0.2.0/24` or `2001:db8::/48`; the lengths 16, 24 and 32, and 32, 48, 56 and 64 are told apart.
            /// Or one of the `ranges` of `about`.
            range: String,
            /// For how many seconds; until it is lifted, if left out.
            seconds: Option<u64>,
            /// Why: they are told.
            reason: Option<String>,
        }
        /// Lifts the ban of a range.
        "unban_range" UnbanRange {
            /// As in `ban_range`, or its `range` as `restrained` lists it.
            range: String,
        }
        /// Lets everybody say something in a room only so often, as its moderator.
        "set_slow_mode" SetSlowMode {
            /// Where.
            room: RoomId,
            /// The least seconds between two messages of one person; 0 for no slow mode, and at most six hours.
            seconds: u64,
        }
        /// Refuses what has a word or a link in it, or holds it back until a moderator lets it through.
        "set_filter" SetFilter {
            /// `word` or `link`.
            kind: FilterKind,
            /// The words, or the host.
            pattern: String,
            /// `refuse` or `hold`.
            action: FilterAction,
        }
        /// Takes a filter away.
        "remove_filter" RemoveFilter {
            /// `word` or `link`.
            kind: FilterKind,
            /// The words, or the host.
            pattern: String,
        }
        /// Reports a message to the moderators.
        "report" Report {
            /// Where.
            room: RoomId,
            /// Which message.
            message: Sequence,
            /// What is wrong with it.
            note: Option<String>,
        }
        /// Says what became of a report.
        "settle_report" SettleReport {
            /// Its position.
            report: u64,
            /// What.
            note: Option<String>,
        }
        /// Undoes what people did: their messages, edits, reactions, pins, names, memberships, rooms, and that they came.
        /// `review` tells before what that would be.
        "undo" Undo {
            /// These people's deeds.
            people: Option<Vec<PersonId>>,
            /// Theirs who came by this invitation.
            invite: Option<InviteId>,
            /// Theirs who came from this range, as in `ban_range`.
            range: Option<String>,
            /// Of the last so many minutes.
            minutes: u64,
        }
        /// Brings back what was undone, or lets through what was held back.
        "restore" Restore {
            /// Its position.
            withheld: u64,
        }
        /// Erases for good what was undone or held back. After a week that happens by itself.
        "purge" Purge {
            /// Its position.
            withheld: u64,
        }
    }
    Oversight "What only reads, for whoever keeps the peace." {
        /// Lists what was ordered, newest first.
        "audit" Audit {
            /// What was ordered before this position; the newest, if left out.
            before: Option<u64>,
            /// How many are looked at, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Lists who is muted or banned, and from where nobody is let in.
        "restrained" Restrained {}
        /// Lists the invitations.
        "invites" Invites {}
        /// Lists who came by an invitation.
        "came_by" CameBy {
            /// Which.
            invite: InviteId,
            /// Those after this one.
            after: Option<PersonId>,
            /// How many, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Lists who asks to be let in.
        "waiting" WaitingPeople {}
        /// Lists the filters.
        "filters" Filters {}
        /// Lists the reports that wait, each with its message and those around it.
        "reports" Reports {}
        /// Lists what was undone or held back and can be brought back.
        "withheld" WithheldList {}
        /// Tells what `undo` would undo.
        "review" Review {
            /// As in `undo`.
            people: Option<Vec<PersonId>>,
            /// As in `undo`.
            invite: Option<InviteId>,
            /// As in `undo`.
            range: Option<String>,
            /// As in `undo`.
            minutes: u64,
        }
    }
}
