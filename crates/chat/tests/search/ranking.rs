//! Order: relevance and age, in pools from the newest to the oldest, page by page.

use parlor_chat::search::{Bounds, PAGE, POOL, Readable};
use parlor_chat::{RoomId, Timestamp};

use super::world::{NOW, ROOM, World};

const DAY: u64 = 86_400_000;

fn readable() -> Readable {
    [(ROOM, Bounds::ALL)].into()
}

#[test]
fn of_what_was_said_at_the_same_time_the_most_relevant_comes_first() {
    let world = World::new();
    let texts =
        ["a shipment arrived at last, and then some", "shipping", "relationship and a ship of ours", "ship"];
    for text in texts {
        world.say(text);
    }
    world.settle();
    assert_eq!(world.find("ship"), ["ship", texts[2], "shipping", texts[0]]);
}

#[test]
fn of_what_is_as_relevant_the_newest_comes_first() {
    let world = World::new();
    for days in [300, 20, 1, 0] {
        world.post(ROOM, 1, Timestamp(NOW.0 - days * DAY), &format!("{days:03} days ago"));
    }
    world.settle();
    assert_eq!(world.find("days ago "), ["000 days ago", "001 days ago", "020 days ago", "300 days ago"]);
}

#[test]
fn a_whole_word_from_last_week_is_better_than_a_beginning_from_today() {
    let world = World::new();
    world.post(ROOM, 1, Timestamp(NOW.0 - 7 * DAY), "on the port");
    world.post(ROOM, 1, NOW, "on a portal");
    world.settle();
    assert_eq!(world.find("port"), ["on the port", "on a portal"]);
}

#[test]
fn an_old_but_rare_word_is_found_under_all_that_came_after_it() {
    let world = World::new();
    world.post(ROOM, 1, Timestamp(NOW.0 - 1_000 * DAY), "the zyzzyva is a beetle");
    for number in 0..20_000 {
        world.say(&format!("the number {number} is no beetle"));
    }
    world.settle();
    let page = world.page("beetle zyz", &readable(), None, 10);
    assert_eq!(page.hits.len(), 1);
    assert_eq!(page.next, None);
}

#[test]
fn pages_show_everything_once_while_more_arrives() {
    let world = World::new();
    let count = 3 * POOL + 17;
    for number in 0..count {
        // A pool's order must differ from the order of time.
        let filler = "so ".repeat(number * 7 % 13);
        world.post(
            ROOM,
            1,
            Timestamp(NOW.0 - (count - number) as u64 * DAY / 9),
            &format!("common {filler}"),
        );
    }
    world.settle();
    for limit in [1, 7, 50] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = world.page("common", &readable(), cursor, limit);
            assert!(page.hits.len() <= limit);
            seen.extend(page.hits.iter().map(|hit| hit.message.sequence.0));
            world.say("common and new");
            if page.next.is_none() {
                break;
            }
            cursor = page.next;
            if limit > 1 {
                world.settle();
            }
        }
        let old: std::collections::BTreeSet<u64> = seen.iter().copied().collect();
        assert_eq!(old.len(), seen.len(), "nothing twice");
        assert!((1..=count as u64).all(|sequence| old.contains(&sequence)), "nothing left out");
    }
}

#[test]
fn a_page_costs_no_more_than_its_budget_and_says_where_to_go_on() {
    let world = World::new();
    world.say("needle needle");
    for _ in 0..5_000 {
        world.say("needle haystack needle");
    }
    world.settle();
    world.chat.0.lock().unwrap().asked.clear();
    let mut page = world.page("\"needle needle\"", &readable(), None, 10);
    let mut pages = 1;
    let first = world.chat.0.lock().unwrap().asked.len();
    assert!((500..=1_500).contains(&first), "{first} texts were read for the first page");
    while let Some(next) = page.next {
        page = world.page("\"needle needle\"", &readable(), Some(next), 10);
        pages += 1;
    }
    assert_eq!(page.hits.len(), 1);
    assert!((4..=11).contains(&pages), "{pages} pages");
}

#[test]
fn rooms_beyond_those_that_the_index_is_asked_for_are_searched_too() {
    let world = World::new();
    for room in 2..=100 {
        world.post(RoomId(room), 1, NOW, &format!("hello from {room}"));
    }
    for _ in 0..2_000 {
        world.say("noise");
    }
    world.settle();
    let readable = (2..=100).map(|room| (RoomId(room), Bounds::ALL)).collect();
    assert_eq!(world.find_in("hello", &readable).len(), 99);
}

#[test]
fn a_page_has_at_least_one_and_at_most_50_results() {
    let world = World::new();
    for number in 0..60 {
        world.say(&format!("hello {number}"));
    }
    world.settle();
    for (limit, results) in [(0, 1), (1, 1), (PAGE, PAGE), (PAGE + 1, PAGE), (usize::MAX, PAGE)] {
        assert_eq!(world.page("hello", &readable(), None, limit).hits.len(), results);
    }
}
