//! What a client is answered: `ok` with what it asked for, and the welcome that comes first.

use std::collections::BTreeMap;

use parlor_chat::view::{self, Unread};
use parlor_chat::{PersonId, Place, RoomId, Sequence, Visibility};
use serde::Serialize;
use serde_json::value::RawValue;

use super::event::Named;

/// What people are called, by their ids.
pub(crate) type People = BTreeMap<PersonId, String>;

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(flatten)]
    answer: &'a T,
}

/// The line that answers a request.
pub(crate) fn ok(id: Option<&RawValue>, answer: &impl Serialize) -> String {
    serde_json::to_string(&Line { r#type: "ok", id, answer }).expect("these types have a JSON form")
}

/// The first thing that is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "welcome")]
pub(crate) struct Welcome<'a> {
    pub(crate) you: Named,
    /// Who has this is the same person when coming back; only where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<&'a str>,
    /// What the client's person is on the server.
    pub(crate) role: parlor_chat::ServerRole,
    /// Who is let in.
    pub(crate) door: parlor_chat::Door,
    pub(crate) rooms: Vec<Room>,
    pub(crate) people: People,
    pub(crate) limits: Limits,
    /// The server's version.
    pub(crate) server: &'static str,
    pub(crate) at: u64,
}

/// What whoever asked to be let in is told instead of the welcome: who comes back with the token is the same person.
pub(crate) fn waiting(token: Option<&str>) -> String {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "waiting")]
    struct Waiting<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
    }
    serde_json::to_string(&Waiting { token }).expect("these types have a JSON form")
}

/// What a client has to keep to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Limits {
    /// Octets of a message's text.
    pub(crate) text: usize,
    /// Octets of a file; 0 where none is taken.
    pub(crate) file_octets: u64,
    /// Requests that may come each second, over time.
    pub(crate) requests_per_second: u32,
    /// Requests that may come at once.
    pub(crate) request_burst: u32,
}

/// A room as the asker sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Room {
    pub(crate) room: RoomId,
    pub(crate) visibility: Visibility,
    pub(crate) name: String,
    pub(crate) topic: String,
    /// Its last place.
    pub(crate) last: Sequence,
    pub(crate) members: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<parlor_chat::Role>,
    pub(crate) read_up_to: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unread: Option<UnreadCount>,
    /// Who is in it, in a direct one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) with: Vec<PersonId>,
    pub(crate) retention: parlor_chat::Retention,
    /// Whether the whole web may read it.
    pub(crate) open_to_web: bool,
    /// The least seconds between two messages of one person.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) slow_mode: u64,
    /// How long the asker may say nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) muted: Option<Term>,
}

/// Something that holds for a time.
#[derive(Debug, Serialize)]
pub(crate) struct Term {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<u64>,
    pub(crate) reason: String,
}

impl From<view::Term> for Term {
    fn from(term: view::Term) -> Self {
        Term { until: term.until.map(|until| until.0), reason: term.reason }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What is unread.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadCount {
    pub(crate) messages: u64,
    pub(crate) mentions: u64,
    /// Whether there are more than were counted.
    pub(crate) more: bool,
}

impl From<Unread> for UnreadCount {
    fn from(unread: Unread) -> Self {
        UnreadCount { messages: unread.messages, mentions: unread.mentions, more: unread.more }
    }
}

impl Room {
    pub(crate) fn new(room: view::Room, unread: Option<Unread>, with: Vec<PersonId>) -> Self {
        Room {
            room: room.id,
            visibility: room.visibility,
            name: room.name,
            topic: room.topic,
            last: room.last,
            members: room.members,
            role: room.role,
            read_up_to: room.read_up_to,
            unread: unread.map(UnreadCount::from),
            with,
            retention: room.retention,
            slow_mode: room.slow_mode / 1_000,
            muted: room.muted.map(Term::from),
            open_to_web: room.open_to_web,
        }
    }
}

/// A message as it is now.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) sequence: Sequence,
    pub(crate) position: u64,
    pub(crate) at: u64,
    pub(crate) by: PersonId,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<Sequence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<Sequence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edited_at: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<Reaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pinned_by: Option<PersonId>,
    /// How many answers its thread has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replies: Option<u64>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_reply: Option<Sequence>,
}

/// A reaction with how many share it.
#[derive(Debug, Serialize)]
pub(crate) struct Reaction {
    pub(crate) reaction: String,
    pub(crate) count: u64,
    pub(crate) own: bool,
}

impl From<view::Message> for Message {
    fn from(message: view::Message) -> Self {
        let reaction =
            |one: view::Reaction| Reaction { reaction: one.reaction, count: one.count, own: one.own };
        Message {
            sequence: message.sequence,
            position: message.position.0,
            at: message.at.0,
            by: message.by,
            text: message.text,
            reply_to: message.reply_to,
            thread: message.thread,
            mentions: message.mentions,
            edited_at: message.edited_at.map(|at| at.0),
            reactions: message.reactions.into_iter().map(reaction).collect(),
            pinned_by: message.pin.map(|pin| pin.by),
            replies: message.replies.map(|thread| thread.count),
            last_reply: message.replies.map(|thread| thread.last),
        }
    }
}

/// A message that a search found.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) room: RoomId,
    pub(crate) sequence: Sequence,
    pub(crate) by: PersonId,
    pub(crate) at: u64,
    /// A part of the text.
    pub(crate) snippet: String,
    /// What to highlight in it: beginnings and ends, in UTF-16 code units, as a page counts.
    pub(crate) highlights: Vec<(usize, usize)>,
    /// Whether the text goes on before the snippet, and behind it.
    pub(crate) cut: (bool, bool),
}

impl Found {
    pub(crate) fn new(hit: parlor_chat::search::Hit) -> Self {
        let units = |octet: usize| hit.snippet.text[..octet].encode_utf16().count();
        let highlights =
            hit.snippet.ranges.iter().map(|range| (units(range.start), units(range.end))).collect();
        Found {
            room: hit.message.room,
            sequence: hit.message.sequence,
            by: hit.author,
            at: hit.at.0,
            highlights,
            cut: (hit.snippet.is_cut_before, hit.snippet.is_cut_behind),
            snippet: hit.snippet.text,
        }
    }
}

/// What an `ok` carries.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Answer {
    #[serde(flatten)]
    pub(crate) place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<u64>,
    /// All of a new invitation; told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invite: Option<String>,
    /// Whether the message is held back until a moderator lets it through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) held: bool,
    /// Whether the key had come before; then this is what became of it the first time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) repeated: bool,
}

/// The line that answers a wish to watch a room: what was missed, and from which place on it goes on by itself.
pub(crate) fn subscribed<'a>(
    id: Option<&RawValue>,
    room: RoomId,
    last: u64,
    present: usize,
    lines: impl Iterator<Item = &'a str>,
) -> String {
    #[derive(Serialize)]
    struct Head {
        room: RoomId,
        up_to: u64,
        last: u64,
        more: bool,
        present: usize,
    }
    with_events(ok(id, &Head { room, up_to: last, last, more: false, present }), lines)
}

/// The line that answers with a part of what was missed; the client asks on from `up_to`.
pub(crate) fn behind<'a>(
    id: Option<&RawValue>,
    room: RoomId,
    up_to: Sequence,
    last: Sequence,
    lines: impl Iterator<Item = &'a str>,
) -> String {
    #[derive(Serialize)]
    struct Head {
        room: RoomId,
        up_to: Sequence,
        last: Sequence,
        more: bool,
    }
    with_events(ok(id, &Head { room, up_to, last, more: true }), lines)
}

/// Adds events that are JSON already.
fn with_events<'a>(mut answer: String, lines: impl Iterator<Item = &'a str>) -> String {
    answer.pop();
    answer.push_str(",\"events\":[");
    for (number, line) in lines.enumerate() {
        if number > 0 {
            answer.push(',');
        }
        answer.push_str(line);
    }
    answer.push_str("]}");
    answer
}
