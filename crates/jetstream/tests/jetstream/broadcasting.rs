//! What is told beside the log: heard by all nodes of the space, and lost without harm.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use parlor_chat::storage::Memory;
use parlor_jetstream::{Broadcast, JetStreamLog};

use crate::support::{PATIENCE, Server, append, arrive, node};

/// A node with what it tells and hears.
fn listening(server: &Server, space: &str) -> (JetStreamLog<Memory>, Broadcast, Receiver<Vec<u8>>) {
    let log = node(server, space);
    let (sender, heard) = channel();
    let broadcast = log.broadcast(Box::new(move |octets| _ = sender.send(octets.to_vec())));
    (log, broadcast, heard)
}

/// Tells something until somebody hears it.
fn tell_until_heard(broadcast: &Broadcast, text: &str, heard: &Receiver<Vec<u8>>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        broadcast.tell(text.into());
        while let Ok(octets) = heard.recv_timeout(Duration::from_millis(100)) {
            if octets == text.as_bytes() {
                return;
            }
        }
        assert!(Instant::now() < deadline, "{text} is not heard");
    }
}

#[test]
fn all_nodes_of_a_space_hear_what_one_tells_and_so_does_it() {
    let server = Server::start();
    let (_one, telling, own) = listening(&server, "main");
    let (_other, answering, heard) = listening(&server, "main");
    let (_elsewhere, loud, strange) = listening(&server, "elsewhere");
    tell_until_heard(&telling, "hello", &heard);
    tell_until_heard(&answering, "welcome", &own);
    tell_until_heard(&loud, "here", &strange);
    assert!(strange.try_iter().all(|octets| octets == b"here"), "another space has its own");
    for number in 0..100 {
        assert!(telling.tell(format!("{number}").into()));
    }
    for number in 0..100 {
        let next = || own.recv_timeout(PATIENCE).unwrap();
        let told = std::iter::repeat_with(next).find(|octets| octets != b"hello" && octets != b"welcome");
        assert_eq!(told.unwrap(), format!("{number}").into_bytes(), "in its order");
    }
}

#[test]
fn telling_waits_for_nobody_while_the_servers_are_away_and_goes_on_afterwards() {
    let mut server = Server::start();
    let (mut one, telling, _own) = listening(&server, "main");
    let (_other, _answering, heard) = listening(&server, "main");
    tell_until_heard(&telling, "before", &heard);
    server.kill();
    for _ in 0..100_000 {
        telling.tell(vec![7; 1_000]);
    }
    server.restart();
    append(&mut one, &[arrive(1)]);
    tell_until_heard(&telling, "after", &heard);
}
