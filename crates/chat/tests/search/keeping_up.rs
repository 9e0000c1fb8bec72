//! Keeping up: what is in the log is soon in the index, and the index says how far it is.

use std::time::{Duration, Instant};

use parlor_chat::Position;
use parlor_chat::search::Bounds;

use super::world::{BREATH, ROOM, SOON, World};

#[test]
fn a_page_says_up_to_which_position_it_has_seen() {
    let world = World::new();
    let readable = [(ROOM, Bounds::ALL)].into();
    assert_eq!(world.page("hello", &readable, None, 5).up_to, Position(0));
    for count in 1..=3 {
        world.say("hello");
        world.settle();
        let page = world.page("hello", &readable, None, 5);
        assert_eq!((page.up_to, page.hits.len() as u64), (Position(count), count));
        assert_eq!(world.indexer.position(), Position(count));
    }
}

#[test]
fn waiting_ends_in_time_when_there_is_nothing_to_wait_for() {
    let world = World::new();
    assert!(world.indexer.wait_for(Position(0), SOON));
    let start = Instant::now();
    assert!(!world.indexer.wait_for(Position(1), Duration::from_millis(50)));
    assert!(start.elapsed() < SOON);
}

#[test]
fn batches_are_at_least_a_pause_apart_however_often_it_is_woken() {
    let world = World::new();
    let start = Instant::now();
    while start.elapsed() < 100 * BREATH {
        world.say("tick");
        world.indexer.wake();
        std::thread::sleep(Duration::from_micros(100));
    }
    world.settle();
    let reads = world.chat.0.lock().unwrap().reads.len();
    let most = start.elapsed().as_millis() / BREATH.as_millis() + 3;
    assert!(reads as u128 <= most, "{reads} reads of the log, {most} at most");
}

#[test]
fn a_log_that_cannot_be_read_is_shown_and_tried_again() {
    let world = World::new();
    world.say("hello");
    world.chat.0.lock().unwrap().trouble = Some("the disk is on fire".to_owned());
    world.indexer.wake();
    let deadline = Instant::now() + SOON;
    while world.indexer.trouble().is_none() {
        // The indexer may have read the message before the trouble came.
        world.say("and again");
        world.indexer.wake();
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(world.indexer.trouble().unwrap(), "the search index cannot read the log: the disk is on fire");
    world.chat.0.lock().unwrap().trouble = None;
    world.settle();
    assert_eq!(world.indexer.trouble(), None);
    assert_eq!(world.find("hello"), ["hello"]);
}

#[test]
fn questions_are_answered_while_the_index_grows() {
    let world = World::new();
    for number in 0..3_000 {
        world.say(&format!("first {number}"));
    }
    world.settle();
    for number in 0..30_000 {
        world.say(&format!("second {number}"));
    }
    world.indexer.wake();
    let last = Position(33_000);
    let mut answers = 0;
    while world.indexer.position() < last {
        assert_eq!(world.find("first 2999").len(), 1);
        answers += 1;
        assert!(world.indexer.trouble().is_none(), "{:?}", world.indexer.trouble());
    }
    world.settle();
    assert!(answers > 0);
    assert_eq!(world.find("second 29999").len(), 1);
}

#[test]
fn very_long_messages_are_taken_in_a_few_at_a_time() {
    let world = World::new();
    for number in 0..100 {
        let words: Vec<String> = (0..9_000).map(|word| format!("{number}x{word}")).collect();
        world.say(&words.join(" "));
    }
    world.settle();
    assert_eq!(world.find("99x8999 ").len(), 1);
    assert_eq!(world.find("0x0 ").len(), 1);
}
