//! What a client is told without asking: what happened in its rooms, who is there, who is writing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use parlor_chat::{Event, PersonId, Place, RoomId, What};
use serde::Serialize;

/// Somebody with the name to show for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Named {
    pub(crate) id: PersonId,
    pub(crate) name: String,
}

/// Something that happened, as one line.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    #[serde(flatten)]
    what: &'a What,
    #[serde(flatten)]
    place: Option<Place>,
    position: u64,
    at: u64,
    by: PersonId,
    /// What the author is called. Not `name`: a room's name is called that.
    by_name: &'a str,
    /// What others are called who are named in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    people: BTreeMap<PersonId, String>,
}

/// Whom an event names besides its author.
pub(crate) fn others(what: &What) -> Vec<PersonId> {
    let named: &[PersonId] = match what {
        What::Ordered { order } => return order.person().into_iter().collect(),
        What::RoomCreated { with, .. } => with,
        What::Joined { person } | What::Left { person } | What::RoleSet { person, .. } => {
            std::slice::from_ref(person)
        }
        What::Posted { mentions, .. } | What::Edited { mentions, .. } => mentions,
        _ => &[],
    };
    named.to_vec()
}

/// An event without what only queries tell, and only to whoever may know it.
pub(crate) fn for_others(event: &Event) -> Cow<'_, Event> {
    let what = match &event.what {
        What::Withheld { .. } => {
            What::Withheld { text: String::new(), reply_to: None, thread: None, mentions: Vec::new() }
        }
        What::Arrived { nickname, waits, role, .. } => What::Arrived {
            nickname: nickname.clone(),
            ranges: Vec::new(),
            invite: None,
            asks: None,
            waits: *waits,
            role: *role,
        },
        _ => return Cow::Borrowed(event),
    };
    Cow::Owned(Event { what, ..event.clone() })
}

impl Told<'_> {
    /// The line of an event; `name_of` knows what people are called.
    pub(crate) fn line(event: &Event, mut name_of: impl FnMut(PersonId) -> String) -> String {
        let people = others(&event.what).iter().map(|person| (*person, name_of(*person))).collect();
        let told = Told {
            what: &event.what,
            place: event.place,
            position: event.position.0,
            at: event.at.0,
            by: event.by,
            by_name: &name_of(event.by),
            people,
        };
        serde_json::to_string(&told).expect("these types have a JSON form")
    }
}

/// A message as the tutorial's text has it; nothing for everything that it does not have.
pub(crate) fn message_line(event: &Event, name: &str) -> Option<String> {
    match (&event.what, event.place) {
        (What::Posted { text, .. }, Some(Place { room: RoomId::LOBBY, .. })) => {
            Some(format!("{name}: {text}"))
        }
        _ => None,
    }
}

/// Who came to watch a room, and who does no longer, since this was said last.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "presence")]
pub(crate) struct Presence<'a> {
    pub(crate) room: RoomId,
    /// How many watch it now.
    pub(crate) present: usize,
    /// Some of those who came.
    pub(crate) joined: &'a [Named],
    /// Some of those who left.
    pub(crate) left: &'a [Named],
    /// How many more came or left.
    pub(crate) more: usize,
    pub(crate) at: u64,
}

/// Who is writing in a room; nobody listed means that nobody is any more.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "typing")]
pub(crate) struct Typing<'a> {
    pub(crate) room: RoomId,
    /// Some of them.
    pub(crate) people: &'a [Named],
    /// How many they are.
    pub(crate) count: usize,
}

#[cfg(test)]
mod tests {
    use parlor_chat::{Position, Sequence, Timestamp};

    use super::*;

    #[test]
    fn an_event_is_one_flat_object_with_names() {
        let what = What::Posted {
            text: "a \"b\"".into(),
            reply_to: Some(Sequence(3)),
            thread: None,
            mentions: vec![PersonId(9)],
        };
        let place = Some(Place { room: RoomId::LOBBY, sequence: Sequence(4) });
        let event = Event { position: Position(8), at: Timestamp(5), by: PersonId(7), place, what };
        let line = Told::line(&event, |person| format!("user-{}", person.0));
        assert_eq!(
            line,
            r#"{"type":"posted","text":"a \"b\"","reply_to":3,"mentions":["0000000000009"],"room":"0000000000001","sequence":4,"position":8,"at":5,"by":"0000000000007","by_name":"user-7","people":{"0000000000009":"user-9"}}"#
        );
        assert_eq!(message_line(&event, "user-7").unwrap(), "user-7: a \"b\"");
        let elsewhere = Some(Place { room: RoomId(2), sequence: Sequence(4) });
        assert_eq!(message_line(&Event { place: elsewhere, ..event }, "user-7"), None);
    }
}
