//! docs/protocol.md's tables and the schema beside it are made from the types that are read and written.
//!
//! `UPDATE=1 cargo test -p parlor` writes both.

use std::fmt::Write;
use std::path::PathBuf;

use parlor_chat::Visibility;
use parlor_chat::{
    Event, PersonId, Place, Position, Refusal, Retention, Role, RoomId, Sequence, Timestamp, What,
};
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::error::CODES;
use super::event::Told;
use super::orders::{Order, Oversight};
use super::request::{Query, Wish};
use super::shape::Kind;

/// What each event means, with one of its kind.
fn events() -> Vec<(&'static str, What)> {
    let (person, room, message) =
        (PersonId(0x5e17_0000_0000_0002), RoomId(0x5e17_0000_0000_0009), Sequence(17));
    let mut events = vec![
        (
            "Something was said.",
            What::Posted {
                text: "hello, @bob".into(),
                reply_to: Some(Sequence(12)),
                thread: None,
                mentions: vec![person],
            },
        ),
        ("A message has another text.", What::Edited { message, text: "hello".into(), mentions: vec![] }),
        (
            "A message was deleted, and with it its edits, reactions and pin.",
            What::Deleted { message, of: None },
        ),
        (
            "Messages were erased because their time had passed, or because their author erased themselves.",
            What::Expired { messages: vec![message] },
        ),
        ("A reaction was put on a message.", What::Reacted { message, reaction: "👍".into() }),
        ("A reaction was taken back.", What::Unreacted { message, reaction: "👍".into() }),
        ("A message was pinned.", What::Pinned { message }),
        ("A message was unpinned.", What::Unpinned { message }),
        (
            "A room was opened. Whoever opened it is told wherever they are, and so are the others of a direct one.",
            What::RoomCreated {
                visibility: Visibility::Public,
                name: "gardening".into(),
                topic: "Green things".into(),
                with: vec![],
            },
        ),
        (
            "Somebody became a member; `by` is another if they were invited. They are told wherever they are.",
            What::Joined { person },
        ),
        (
            "Somebody is a member no longer. Who may not read the room any more hears nothing of it after this.",
            What::Left { person },
        ),
        ("A member has another role.", What::RoleSet { person, role: Role::Moderator }),
        ("A room is called something else.", What::RoomRenamed { name: "weeds".into() }),
        ("The line under a room's name is another.", What::TopicSet { topic: "Brown things".into() }),
        (
            "A room remembers longer or shorter.",
            What::RetentionSet { retention: Retention::Milliseconds(86_400_000) },
        ),
        (
            "The whole web may read a public room from now on, or not any more.",
            What::WebAccessSet { open: true },
        ),
        ("You have read a room up to here, on this device or another.", What::Read { room, up_to: message }),
        ("Somebody is called something else. Everybody is told.", What::Renamed { nickname: "ann".into() }),
        (
            "Somebody is gone for good: show neither their name nor what they said any longer. Everybody is told.",
            What::PersonErased,
        ),
    ];
    events.extend(peace(person, message));
    events
}

/// What those events mean that keeping the peace causes, with one of each kind.
fn peace(person: PersonId, message: Sequence) -> Vec<(&'static str, What)> {
    vec![
        (
            "What some people did was undone: do not show these messages any longer. Ask `subscribe`d rooms' history for the rest.",
            What::Hidden { messages: vec![message] },
        ),
        (
            "What was undone or held back is there again: read these messages, and the room's.",
            What::Shown { messages: vec![message] },
        ),
        (
            "Something was said that is held back: its author and whoever keeps the peace alone know what.",
            What::Withheld { text: String::new(), reply_to: None, thread: None, mentions: vec![] },
        ),
        (
            "Somebody asks to be let in. Whoever keeps the peace is told; `waiting` has what they say.",
            What::Arrived {
                nickname: "bob".into(),
                ranges: vec![],
                invite: None,
                asks: None,
                waits: true,
                role: parlor_chat::ServerRole::Guest,
            },
        ),
        (
            "Somebody who keeps the peace ordered something, as the request of the same name says; `order` has it. Whom it is about is told, and whoever keeps the peace; a room, if it is about one.",
            What::Ordered { order: parlor_chat::Order::Ban { person, until: None, reason: "spam".into() } },
        ),
    ]
}

fn line_of(what: &What) -> String {
    let room = match what {
        What::Read { .. } | What::Renamed { .. } | What::PersonErased => None,
        What::Arrived { .. } | What::Ordered { .. } => None,
        _ => Some(Place { room: RoomId(0x5e17_0000_0000_0009), sequence: Sequence(18) }),
    };
    let by = PersonId(0x5e17_0000_0000_0001);
    let (position, at) = (Position(4_711), Timestamp(1_795_000_000_000));
    let event = Event { position, at, by, place: room, what: what.clone() };
    // The publisher takes over what an event says about names before it tells it.
    let own = match what {
        What::Renamed { nickname } | What::Arrived { nickname, .. } => nickname.clone(),
        What::PersonErased => String::new(),
        _ => "user-7".into(),
    };
    Told::line(&event, |person| if person == by { own.clone() } else { "bob".into() })
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    let orders = Order::KINDS.iter().chain(Oversight::KINDS);
    Wish::KINDS.iter().chain(Query::KINDS).chain(orders)
}

fn requests(kinds: &[Kind]) -> String {
    let mut text = String::new();
    for kind in kinds {
        let _ = write!(text, "\n#### `{}`\n\n{}\n", kind.name, sentence(kind.about));
        if !kind.fields.is_empty() {
            text.push_str("\n| Field | | Meaning |\n| --- | --- | --- |\n");
        }
        for field in kind.fields {
            let need = if field.required { "" } else { ", may be left out" };
            let _ = writeln!(
                text,
                "| `{}` | {}{need} | {} |",
                field.name,
                field.shape.words,
                sentence(field.about)
            );
        }
    }
    text
}

/// Documentation as it stands in the code, in one line.
fn sentence(about: &str) -> String {
    about.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told() -> String {
    let mut text = String::new();
    for (about, what) in events() {
        let line = line_of(&what);
        let kind: Value = serde_json::from_str(&line).expect("it is JSON");
        let kind = kind["type"].as_str().expect("it has a type").to_owned();
        let _ = write!(text, "\n#### `{kind}`\n\n{about}\n\n```json\n{line}\n```\n");
    }
    text
}

fn errors() -> String {
    let own = CODES.iter().map(|(code, about)| (*code, (*about).to_owned()));
    let refusals = Refusal::ALL.iter().map(|refusal| (refusal.code(), refusal.sentence()));
    let mut text = "\n| Code | Meaning |\n| --- | --- |\n".to_owned();
    for (code, about) in own.chain(refusals.filter(|(code, _)| !CODES.iter().any(|(own, _)| own == code))) {
        let _ = writeln!(text, "| `{code}` | {about} |");
    }
    text
}

fn schema() -> String {
    let request = |kind: &Kind| {
        let mut properties = Map::new();
        properties.insert("type".into(), json!({"const": kind.name}));
        properties.insert("id".into(), json!({"type": ["string", "number"]}));
        if Wish::KINDS.iter().chain(Order::KINDS).any(|wish| wish.name == kind.name) {
            properties.insert("key".into(), json!({"type": "string", "minLength": 1, "maxLength": 64}));
        }
        let mut required = vec![json!("type")];
        for field in kind.fields {
            let mut shape: Value = serde_json::from_str(field.shape.schema).expect("a schema is JSON");
            shape["description"] = json!(sentence(field.about));
            properties.insert(field.name.into(), shape);
            if field.required {
                required.push(json!(field.name));
            }
        }
        json!({
            "title": kind.name, "description": sentence(kind.about), "type": "object",
            "properties": properties, "required": required,
        })
    };
    let all: Vec<Value> = kinds().map(request).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a client of parlor.v1 sends",
        "oneOf": all,
        "$defs": {"id": {"type": "string", "pattern": "^[0-9a-hjkmnp-tv-z]{13}$"}},
    });
    serde_json::to_string_pretty(&schema).expect("it is JSON") + "\n"
}

/// The text with what stands between two marks made anew.
fn between(text: &str, name: &str, new: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("\n<!-- end of {name} -->"));
    let first = text.find(&start).unwrap_or_else(|| panic!("docs/protocol.md has no {start}")) + start.len();
    let last = first + text[first..].find(&end).unwrap_or_else(|| panic!("docs/protocol.md has no {end}"));
    format!("{}{new}{}", &text[..first], &text[last..])
}

#[test]
fn the_documents_say_what_is_so() {
    let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let read = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap_or_default();
    let mut protocol = read("protocol.md");
    let parts = [
        ("wishes", requests(Wish::KINDS)),
        ("queries", requests(Query::KINDS)),
        ("orders", requests(Order::KINDS)),
        ("oversight", requests(Oversight::KINDS)),
        ("events", told()),
        ("errors", errors()),
    ];
    for (name, part) in parts {
        protocol = between(&protocol, name, &part);
    }
    for (name, text) in [("protocol.md", protocol), ("parlor.v1.schema.json", schema())] {
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(docs.join(name), &text).unwrap();
        }
        assert!(read(name) == text, "docs/{name} is out of date: run UPDATE=1 cargo test -p parlor");
    }
}

#[test]
fn every_request_has_a_row_in_the_table_of_who_may_do_what() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
    let text = std::fs::read_to_string(path).unwrap();
    for kind in kinds() {
        let row = format!("\n| `{}` | `", kind.name);
        assert!(text.contains(&row), "{}: add a row to crates/chat/tests/peace/rows.rs", kind.name);
    }
}

#[test]
fn no_line_says_a_field_twice() {
    for (_, what) in events() {
        let line = line_of(&what);
        let value: Map<String, Value> = serde_json::from_str(&line).unwrap();
        let fields = value.keys().map(|field| line.matches(&format!("\"{field}\":")).count());
        assert!(fields.eq(value.keys().map(|_| 1)), "{line}");
    }
}

#[test]
fn every_request_that_the_schema_knows_is_read() {
    for kind in kinds() {
        let mut request = json!({"type": kind.name, "id": 1});
        for field in kind.fields.iter().filter(|field| field.required) {
            request[field.name] = match field.shape.words {
                "text" => json!("x"),
                "number" | "place" => json!(1),
                "room" | "person" => json!("0000000000001"),
                "list of people" => json!(["0000000000001"]),
                "visibility" => json!("private"),
                "role" => json!("owner"),
                "retention" => json!("forever"),
                "invitation" => json!("0000000000001"),
                "role on the server" => json!("moderator"),
                "door" => json!("invite"),
                "kind of filter" => json!("link"),
                "action" => json!("hold"),
                "yes or no" => json!(true),
                words => panic!("no example of {words}"),
            };
        }
        Asked::parse(&request.to_string()).unwrap_or_else(|(_, error)| panic!("{request}: {error:?}"));
        for field in kind.fields.iter().filter(|field| field.required) {
            let mut lacking = request.clone();
            lacking.as_object_mut().unwrap().remove(field.name);
            assert!(Asked::parse(&lacking.to_string()).is_err(), "{lacking}");
        }
    }
}
