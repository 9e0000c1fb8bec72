//! What everybody asks for: to say and change something, and to read.

use parlor_chat::{PersonId, Retention, Role, RoomId, Sequence, Visibility};
use serde::Deserialize;

#[cfg(test)]
use super::shape::{Field, Kind, Shaped};
use super::vocabulary::requests;

requests! {
    Wish "What goes through the log and changes something." {
        /// Says something in a room.
        "post" Post {
            /// Where; the lobby, if left out.
            room: Option<RoomId>,
            /// What, in Markdown.
            text: String,
            /// The message that it answers.
            reply_to: Option<Sequence>,
            /// The message whose thread it belongs to.
            thread: Option<Sequence>,
            /// Who is mentioned: they are told wherever they are.
            mentions: Option<Vec<PersonId>>,
        }
        /// Gives a message of one's own another text.
        "edit" Edit {
            /// Where.
            room: RoomId,
            /// Which message.
            message: Sequence,
            /// The new text.
            text: String,
            /// Who is mentioned now.
            mentions: Option<Vec<PersonId>>,
        }
        /// Deletes a message of one's own, or as a moderator anybody's. Its text is erased everywhere.
        "delete" Delete {
            /// Where.
            room: RoomId,
            /// Which message.
            message: Sequence,
        }
        /// Puts a reaction on a message.
        "react" React {
            /// Where.
            room: RoomId,
            /// On which message.
            message: Sequence,
            /// An emoji, or a name like `:shipit:`.
            reaction: String,
        }
        /// Takes a reaction back.
        "unreact" Unreact {
            /// Where.
            room: RoomId,
            /// From which message.
            message: Sequence,
            /// Which.
            reaction: String,
        }
        /// Pins a message.
        "pin" Pin {
            /// Where.
            room: RoomId,
            /// Which message.
            message: Sequence,
        }
        /// Unpins a message.
        "unpin" Unpin {
            /// Where.
            room: RoomId,
            /// Which message.
            message: Sequence,
        }
        /// Says how far one has read. Wait a second or two after scrolling before sending it.
        "read" Read {
            /// Which room.
            room: RoomId,
            /// The last place that was read; an earlier one than before marks messages unread.
            up_to: Sequence,
        }
        /// Opens a room, whose owner one is. The answer says its `room`.
        "create_room" CreateRoom {
            /// Who can find it: `public` or `private`.
            visibility: Visibility,
            /// What it is called.
            name: String,
            /// The line under its name.
            topic: Option<String>,
        }
        /// Opens a direct conversation, or finds the one there is. The answer says its `room`.
        "open_direct" OpenDirect {
            /// The others in it.
            with: Vec<PersonId>,
        }
        /// Becomes a member of a public room.
        "join" Join {
            /// Which room.
            room: RoomId,
        }
        /// Leaves a room.
        "leave" Leave {
            /// Which room.
            room: RoomId,
        }
        /// Makes somebody a member of a room that one is in.
        "invite" Invite {
            /// Which room.
            room: RoomId,
            /// Who.
            person: PersonId,
        }
        /// Removes a member, as a moderator.
        "remove" Remove {
            /// From which room.
            room: RoomId,
            /// Who.
            person: PersonId,
        }
        /// Gives a member another role, as an owner.
        "set_role" SetRole {
            /// In which room.
            room: RoomId,
            /// Who.
            person: PersonId,
            /// `member`, `moderator` or `owner`.
            role: Role,
        }
        /// Calls a room something else, as a moderator.
        "rename_room" RenameRoom {
            /// Which room.
            room: RoomId,
            /// What.
            name: String,
        }
        /// Sets the line under a room's name, as a moderator.
        "set_topic" SetTopic {
            /// Which room.
            room: RoomId,
            /// The line; an empty one takes it away.
            topic: String,
        }
        /// Says how long messages stay in a room, as an owner.
        "set_retention" SetRetention {
            /// Which room.
            room: RoomId,
            /// `inherit`, `forever`, or `{"milliseconds": 86400000}`.
            retention: Retention,
        }
        /// Lets the whole web read a public room, search engines among them, or ends that, as a moderator.
        "set_web_access" SetWebAccess {
            /// Which room.
            room: RoomId,
            /// Whether the web may read it.
            open: bool,
        }
        /// Calls oneself something else.
        "rename" Rename {
            /// What.
            nickname: String,
        }
        /// Is gone for good, and all that one said with it.
        "erase_me" EraseMe {}
    }
    Query "What only reads, or is about this connection." {
        /// Watches a room: everything after a place, and then whatever happens, without a gap and without a repeat.
        "subscribe" Subscribe {
            /// Which room.
            room: RoomId,
            /// The last place that the client knows. Left out: only what happens from now on.
            after: Option<Sequence>,
        }
        /// Watches a room no longer.
        "unsubscribe" Unsubscribe {
            /// Which room.
            room: RoomId,
        }
        /// Reads messages of a room as they are now, oldest first. Give one of `before`, `after` and `around`, or none
        /// for the latest.
        "history" History {
            /// Which room.
            room: RoomId,
            /// Those directly before this place.
            before: Option<Sequence>,
            /// Those directly after this place.
            after: Option<Sequence>,
            /// Those on both sides of this place, and the one at it.
            around: Option<Sequence>,
            /// How many, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Reads one message.
        "message" OneMessage {
            /// Where.
            room: RoomId,
            /// Which.
            message: Sequence,
        }
        /// Reads the answers in a thread, oldest first.
        "thread" Thread {
            /// Where.
            room: RoomId,
            /// The message that it began with.
            message: Sequence,
            /// Those after this one; from the first, if left out.
            after: Option<Sequence>,
            /// How many, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Reads the pinned messages of a room.
        "pins" Pins {
            /// Which room.
            room: RoomId,
        }
        /// Lists the rooms that one is in, with what is unread in each.
        "rooms" Rooms {}
        /// Lists public rooms by name.
        "public_rooms" PublicRooms {
            /// Those whose names begin like this, whatever the case.
            prefix: Option<String>,
            /// Those after this name.
            after: Option<String>,
            /// How many, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Lists the members of a room.
        "members" Members {
            /// Which room.
            room: RoomId,
            /// Those after this one.
            after: Option<PersonId>,
            /// How many, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Lists who watches a room now, up to 200 of them.
        "present" Present {
            /// Which room.
            room: RoomId,
        }
        /// Tells what people are called, up to 200 of them.
        "people" PeopleByIds {
            /// Who.
            people: Vec<PersonId>,
        }
        /// Finds somebody by nickname.
        "person" PersonCalled {
            /// What they are called, in any case.
            nickname: String,
        }
        /// Tells what one may know of somebody: their role, and for whoever keeps the peace what holds for them.
        "about" About {
            /// Who.
            person: PersonId,
            /// In which room, for their role and a mute there.
            room: Option<RoomId>,
        }
        /// Lists what filters hold back: one's own, and for whoever may let it through everybody's.
        "held" HeldBack {}
        /// Lists the messages that mention one, newest first.
        "mentions" Mentions {
            /// Those before this position of the log; the newest, if left out.
            before: Option<u64>,
            /// How many are looked at, up to 200; 50 if left out.
            limit: Option<u64>,
        }
        /// Lists who shares a reaction.
        "reacted" Reacted {
            /// Where.
            room: RoomId,
            /// On which message.
            message: Sequence,
            /// Which.
            reaction: String,
        }
        /// Finds messages, as docs/search.md tells.
        "search" Search {
            /// What for.
            query: String,
            /// How many results, up to 50; 20 if left out.
            limit: Option<u64>,
            /// Where to go on: the `next` of the page before.
            cursor: Option<String>,
            /// Minutes that the asker's clock is ahead of UTC, for days in the query; 0 if left out.
            minutes_ahead: Option<i32>,
        }
        /// Says that one is writing. Send it every 3 seconds while that is so.
        "typing" IsTyping {
            /// Where.
            room: RoomId,
        }
    }
}
