//! Rebuilding: an index that is missing, damaged or of another kind is made anew from the log; any other goes on.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use parlor_chat::Position;
use parlor_chat::search::{Bounds, Request, SearchError};

use super::world::{NOW, ROOM, SOON, World};

fn world() -> World {
    let world = World::new();
    for number in 0..5_000 {
        world.say(&format!("message number {number}"));
    }
    world.settle();
    world
}

fn execute(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A way to damage a file.
type Way<'a> = &'a dyn Fn(&Path);

/// Puts something else in the place of the file and of what SQLite keeps beside it.
fn replace(path: &Path, octets: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    fs::write(path, octets).unwrap();
}

/// Starts the indexer again and says from where on it reads the log.
fn first_read(world: &mut World, meanwhile: &dyn Fn(&Path)) -> Position {
    let chat = world.chat.clone();
    world.restart(false, |path| {
        chat.0.lock().unwrap().reads.clear();
        meanwhile(path);
    });
    world.settle();
    let reads = &chat.0.lock().unwrap().reads;
    reads[0]
}

#[test]
fn an_index_that_cannot_be_used_is_built_anew() {
    let mut world = world();
    let expected = world.find("number 17");
    let ways: [(&str, Way<'_>); 6] = [
        ("missing", &|path| fs::remove_file(path).unwrap()),
        ("no database", &|path| replace(path, b"hello, I am a text")),
        ("empty", &|path| replace(path, b"")),
        ("of another version", &|path| execute(path, "UPDATE about SET version = version + 1")),
        ("of another shape", &|path| execute(path, "DROP TABLE about")),
        ("another program's", &|path| {
            replace(path, b"");
            execute(path, "CREATE TABLE about (x); INSERT INTO about VALUES (1)");
        }),
    ];
    for (way, damage) in ways {
        assert_eq!(first_read(&mut world, damage), Position(0), "{way}");
        assert_eq!(world.find("number 17"), expected, "{way}");
    }
}

#[test]
fn an_index_with_other_options_is_built_anew() {
    let mut world = world();
    assert!(world.find("umbe 17 ").is_empty());
    world.restart(true, |_| {});
    world.settle();
    assert_eq!(world.find("umbe 17 ").len(), 1);
}

#[test]
fn an_index_that_can_be_used_goes_on_where_it_was() {
    let mut world = world();
    assert_eq!(first_read(&mut world, &|_| {}), Position(5_000));
    world.say("one more");
    world.settle();
    assert_eq!(world.find("more"), ["one more"]);
    assert_eq!(world.find("message 4999"), ["message number 4999"]);
}

#[test]
fn a_cursor_of_an_index_from_before_is_refused() {
    let mut world = world();
    let readable = [(ROOM, Bounds::ALL)].into();
    let cursor = world.page("message", &readable, None, 5).next;
    assert!(cursor.is_some());
    world.restart(false, |path| fs::remove_file(path).unwrap());
    world.settle();
    let query = world.parse("message");
    let request = Request { query: &query, readable: &readable, now: NOW, limit: 5, cursor };
    let refused = world.search.find(request, &world.chat);
    assert!(matches!(refused, Err(SearchError::Cursor)));
}

#[test]
fn damage_that_shows_only_later_makes_the_index_anew_while_it_is_in_use() {
    let mut world = world();
    let chat = world.chat.clone();
    // All but the roots of the tables, so that it opens.
    world.restart(false, |path| {
        chat.0.lock().unwrap().reads.clear();
        let mut octets = fs::read(path).unwrap();
        octets[65_536..].fill(0x5a);
        replace(path, &octets);
    });
    let query = world.parse("number 17");
    let readable = [(ROOM, Bounds::ALL)].into();
    let request = Request { query: &query, readable: &readable, now: NOW, limit: 5, cursor: None };
    let deadline = Instant::now() + SOON;
    while world.search.find(request, &world.chat).map_or(0, |page| page.hits.len()) < 5 {
        assert!(Instant::now() < deadline, "{:?}", world.indexer.trouble());
        std::thread::sleep(Duration::from_millis(10));
    }
    // It opened, so the log was not read from its beginning at first.
    assert_eq!(chat.0.lock().unwrap().reads[0], Position(5_000));
    assert!(chat.0.lock().unwrap().reads.contains(&Position(0)));
    world.say("and on it goes");
    world.settle();
    assert_eq!(world.find("goes"), ["and on it goes"]);
}
