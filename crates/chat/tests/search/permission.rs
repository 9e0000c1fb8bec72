//! Only what the asker may read, decided when they ask.

use parlor_chat::search::{Bounds, Readable};
use parlor_chat::{RoomId, Sequence};

use super::world::{NOW, World};

/// Three rooms with five messages each, all with the same word.
fn world() -> World {
    let world = World::new();
    for number in 1..=5 {
        for room in 1..=3 {
            world.post(RoomId(room), 1, NOW, &format!("secret plan {number}"));
        }
    }
    world.settle();
    world
}

fn places(world: &World, query: &str, readable: &Readable) -> Vec<(u64, u64)> {
    let hits = world.find_in(query, readable);
    let mut places: Vec<_> = hits.iter().map(|hit| (hit.message.room.0, hit.message.sequence.0)).collect();
    places.sort_unstable();
    places
}

#[test]
fn rooms_that_the_asker_may_not_read_are_not_searched_and_their_texts_never_read() {
    let world = world();
    world.chat.0.lock().unwrap().asked.clear();
    let readable = [(RoomId(2), Bounds::ALL)].into();
    for query in ["secret", "plan 3", "-nothing", "from:anna"] {
        assert!(places(&world, query, &readable).iter().all(|(room, _)| *room == 2), "{query}");
    }
    assert_eq!(places(&world, "secret", &readable).len(), 5);
    assert!(world.chat.0.lock().unwrap().asked.iter().all(|asked| asked.room == RoomId(2)));
}

#[test]
fn naming_a_room_opens_no_door() {
    let world = world();
    let readable = [(RoomId(2), Bounds::ALL)].into();
    assert!(places(&world, "secret in:attic", &readable).is_empty());
    assert_eq!(places(&world, "secret in:attic in:garden", &readable).len(), 5);
}

#[test]
fn whoever_may_read_nothing_finds_nothing() {
    assert!(places(&world(), "secret", &Readable::new()).is_empty());
}

#[test]
fn a_room_can_be_readable_in_part() {
    let world = world();
    let some = Bounds { first: Sequence(2), last: Sequence(3) };
    let readable = [(RoomId(1), some), (RoomId(3), Bounds { first: Sequence(5), ..Bounds::ALL })].into();
    assert_eq!(places(&world, "secret", &readable), [(1, 2), (1, 3), (3, 5)]);
}

#[test]
fn what_may_be_read_counts_for_each_page_anew() {
    let world = world();
    let all = (1..=3).map(|room| (RoomId(room), Bounds::ALL)).collect();
    let first = world.page("secret", &all, None, 4);
    assert_eq!(first.hits.len(), 4);
    let less = [(RoomId(1), Bounds::ALL)].into();
    let second = world.page("secret", &less, first.next, 50);
    assert!(!second.hits.is_empty());
    assert!(second.hits.iter().all(|hit| hit.message.room == RoomId(1)));
}

#[test]
fn a_few_quiet_rooms_beside_a_loud_one_are_searched_to_their_beginning() {
    let world = World::new();
    world.post(RoomId(2), 1, NOW, "the first words of a quiet room");
    for _ in 0..20_000 {
        world.post(RoomId(1), 1, NOW, "many words");
    }
    world.settle();
    let page = world.page("words", &[(RoomId(2), Bounds::ALL)].into(), None, 10);
    assert_eq!(page.hits.len(), 1);
    assert_eq!(page.next, None);
}
