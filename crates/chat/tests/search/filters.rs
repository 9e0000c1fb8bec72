//! Filters: who, where, when, and what a message has.

use parlor_chat::search::{Bounds, Change};
use parlor_chat::{Place, RoomId, Timestamp};

use super::world::{NOW, World};

const DAY: u64 = 86_400_000;

fn days_ago(days: u64) -> Timestamp {
    Timestamp(NOW.0 - days * DAY)
}

/// The world that the table is about: each message's text says what it is.
fn world() -> World {
    let world = World::new();
    world.post(RoomId(1), 1, days_ago(30), "old by anna in the lobby");
    world.post(RoomId(2), 2, days_ago(2), "by bela in the garden https://example.org");
    world.post(RoomId(2), 1, days_ago(1), "by anna in the garden `code`");
    let reacted = world.post(RoomId(1), 3, NOW, "by carl with a reaction");
    let pinned = world.post(RoomId(1), 3, NOW, "by carl and pinned");
    let edited = world.post(RoomId(1), 2, NOW, "not yet edited");
    world.log(Change::Reacted { message: reacted });
    world.log(Change::Pinned { message: pinned });
    world.log(Change::Edited { message: edited, text: "by bela and edited".into() });
    for (at, (thread, file), text) in [(90, (true, false), "in a thread"), (91, (false, true), "with a file")]
    {
        let message = Place { room: RoomId(3), sequence: parlor_chat::Sequence(at) };
        let author = parlor_chat::PersonId(1);
        world.log(Change::Posted { message, author, at: NOW, text: text.into(), thread, file });
    }
    world.chat.0.lock().unwrap().last.insert(RoomId(3), 91);
    world.settle();
    world
}

#[test]
fn filters_find_what_they_say() {
    let world = world();
    for (query, expected) in [
        ("from:bela", &["by bela and edited", "by bela in the garden https://example.org"][..]),
        ("from:anna in:garden", &["by anna in the garden `code`"]),
        (
            "from:anna from:bela in:garden",
            &["by anna in the garden `code`", "by bela in the garden https://example.org"],
        ),
        ("in:garden -from:anna", &["by bela in the garden https://example.org"]),
        ("-in:garden -in:attic by from:anna", &["old by anna in the lobby"]),
        ("has:link", &["by bela in the garden https://example.org"]),
        ("has:code", &["by anna in the garden `code`"]),
        ("has:file", &["with a file"]),
        ("has:reaction", &["by carl with a reaction"]),
        ("is:pinned", &["by carl and pinned"]),
        ("is:edited", &["by bela and edited"]),
        ("is:thread", &["in a thread"]),
        ("from:carl -has:reaction", &["by carl and pinned"]),
        ("from:carl -is:pinned", &["by carl with a reaction"]),
        ("has:reaction is:pinned", &[]),
        ("before:2026-11-01", &["old by anna in the lobby"]),
        ("before:7d by", &["old by anna in the lobby"]),
        ("after:2026-10 before:yesterday", &["by bela in the garden https://example.org"]),
        ("in:garden after:2026-11-19", &["by anna in the garden `code`"]),
        ("-before:yesterday -after:yesterday", &["by anna in the garden `code`"]),
        ("after:today", &[]),
        ("yet", &[]),
    ] {
        assert_eq!(world.find(query), expected, "{query}");
    }
}

#[test]
fn marks_follow_what_happens() {
    let world = world();
    let readable = (1..4).map(|room| (RoomId(room), Bounds::ALL)).collect();
    let message = world.find_in("has:reaction", &readable)[0].message;
    world.log(Change::Reacted { message });
    world.log(Change::Unreacted { message });
    world.log(Change::Edited { message, text: "edited, with its reaction".into() });
    world.log(Change::Pinned { message });
    world.settle();
    assert_eq!(world.find("has:reaction is:pinned is:edited"), ["edited, with its reaction"]);
    world.log(Change::Unreacted { message });
    world.log(Change::Unpinned { message });
    world.settle();
    assert!(world.find("has:reaction").is_empty());
    assert_eq!(world.find("is:pinned"), ["by carl and pinned"]);
}

#[test]
fn more_marks_than_are_read_at_once_are_all_found() {
    let world = World::new();
    for number in 0..1_300 {
        let message = world.say(&format!("number {number}"));
        if number % 13 != 0 {
            world.log(Change::Reacted { message });
        }
    }
    world.settle();
    assert_eq!(world.find("has:reaction").len(), 1_200);
    assert_eq!(world.find("-has:reaction number").len(), 100);
}
