//! Servers that come back without what they acknowledged.

use parlor_chat::log::Log;
use parlor_chat::storage::Memory;
use parlor_chat::{Position, Trouble};
use parlor_jetstream::{JetStreamLog, Options};

use crate::support::{Server, append, arrive, catch_up, node, post};

/// The stream is put back to what it was: as if servers had lost power before they flushed.
fn put_back_to_an_older_state(server: &mut Server, log: &mut JetStreamLog<Memory>, later: &[&str]) {
    server.kill();
    let copy = server.copy_of_data();
    server.restart();
    let posts: Vec<_> = later.iter().map(|text| post(1, text)).collect();
    append(log, &posts);
    server.kill();
    server.put_back(&copy);
    server.restart();
}

#[test]
fn a_stream_that_lost_what_a_node_has_is_not_written_to_and_can_be_healed() {
    let mut server = Server::start();
    let (mut log, mut other) = (node(&server, "main"), node(&server, "main"));
    append(&mut log, &[arrive(1), post(1, "a"), post(1, "b")]);
    put_back_to_an_older_state(&mut server, &mut log, &["c", "d"]);

    let trouble = log.append(&[post(1, "e")]).unwrap_err();
    assert!(matches!(trouble, Trouble::Unfit(_)) && !trouble.may_pass(), "{trouble}");
    assert!(
        trouble.to_string().contains("ends at message 1, but this node has applied it up to 2"),
        "{trouble}"
    );
    assert_eq!(log.tail(Position(0), usize::MAX).unwrap().len(), 5, "what is here can be read");

    assert_eq!(log.heal(), Ok(2));
    assert_eq!(log.unfit(), None);
    append(&mut log, &[post(1, "e")]);
    catch_up(&mut other, &log);
    assert_eq!((other.last(), other.state_hash()), (Position(6), log.state_hash()));
    let later = node(&server, "main");
    assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn a_node_that_starts_before_a_stream_that_lost_something_can_be_read_and_heals() {
    let mut server = Server::start();
    let storage = Memory::new();
    let open = |server: &Server| {
        JetStreamLog::open(Options::new(server.address(), "main"), storage.clone()).unwrap()
    };
    let mut log = open(&server);
    append(&mut log, &[arrive(1), post(1, "a")]);
    put_back_to_an_older_state(&mut server, &mut log, &["b"]);
    drop(log);

    let mut log = open(&server);
    assert!(log.notes()[0].contains("servers have lost what they acknowledged"), "{:?}", log.notes());
    assert!(log.append(&[post(1, "c")]).is_err());
    assert_eq!(log.heal(), Ok(1));
    assert_eq!(append(&mut log, &[post(1, "c")])[0].position, Position(4));
}

#[test]
fn a_node_that_has_less_goes_on_by_itself_once_another_has_healed_the_stream() {
    let mut server = Server::start();
    let (mut log, mut other) = (node(&server, "main"), node(&server, "main"));
    append(&mut log, &[arrive(1), post(1, "a")]);
    server.kill();
    let copy = server.copy_of_data();
    server.restart();
    append(&mut log, &[post(1, "b")]);
    catch_up(&mut other, &log);
    append(&mut log, &[post(1, "c")]);
    server.kill();
    server.put_back(&copy);
    server.restart();

    assert!(matches!(other.append(&[arrive(2)]), Err(Trouble::Unfit(_))));
    assert_eq!(log.heal(), Ok(2));
    append(&mut other, &[arrive(2)]);
    catch_up(&mut log, &other);
    assert_eq!((log.last(), log.state_hash()), (Position(5), other.state_hash()));
}

#[test]
fn what_is_put_back_stands_in_the_messages_that_it_stood_in() {
    let mut server = Server::start();
    let storage = Memory::new();
    let open = |server: &Server| {
        JetStreamLog::open(Options::new(server.address(), "main"), storage.clone()).unwrap()
    };
    let mut log = open(&server);
    append(&mut log, &[arrive(1), post(1, "a"), post(1, "b")]);
    append(&mut log, &[post(1, "c")]);
    server.kill();
    let copy = server.copy_of_data();
    server.restart();
    for batch in [["d", "e"], ["f", "g"]] {
        append(&mut log, &batch.map(|text| post(1, text)));
        append(&mut log, &[post(1, &format!("{}-alone", batch[0]))]);
    }
    let mut other = node(&server, "main");
    server.kill();
    server.put_back(&copy);
    server.restart();
    drop(log);

    let mut log = open(&server);
    assert_eq!(log.heal(), Ok(6));
    // Who had all of it before goes on, which it could not behind other messages.
    append(&mut other, &[arrive(2), post(2, "h")]);
    append(&mut log, &[post(1, "i")]);
    catch_up(&mut other, &log);
    assert_eq!((log.last(), log.state_hash()), (other.last(), other.state_hash()));
    let later = node(&server, "main");
    assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn what_stands_in_the_stream_instead_is_noticed() {
    let mut server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), post(1, "a")]);
    put_back_to_an_older_state(&mut server, &mut log, &["b", "c"]);
    // Somebody who has never seen what was lost.
    let mut other = node(&server, "main");
    append(&mut other, &[arrive(2), post(2, "x"), post(2, "y")]);

    let trouble = log.append(&[post(1, "d")]).unwrap_err();
    assert!(
        matches!(trouble, Trouble::Unfit(_)) && trouble.to_string().contains("something else"),
        "{trouble}"
    );
    assert!(matches!(log.heal(), Err(Trouble::Unfit(_))), "there is nothing that could be put back");
}
