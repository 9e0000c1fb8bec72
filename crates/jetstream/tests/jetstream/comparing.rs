//! What nodes compare: whatever a node has the hash of, it has as every other one.

use std::collections::BTreeMap;
use std::time::Instant;

use parlor_chat::log::Log;
use parlor_chat::storage::Memory;
use parlor_chat::{Action, Position, RoomId, Sequence};
use parlor_jetstream::{Block, JetStreamLog};

use crate::support::{PATIENCE, Server, append, arrive, catch_up, node, post, proposal};

fn hashes(log: &JetStreamLog<Memory>) -> BTreeMap<Block, u64> {
    log.decisions().take().into_iter().collect()
}

fn posts(log: &mut JetStreamLog<Memory>, name: &str, count: usize) {
    let posts: Vec<_> = (0..count).map(|number| post(1, &format!("{name} {number}"))).collect();
    posts.chunks(9).for_each(|some| _ = append(log, some));
}

#[test]
fn every_node_has_the_same_hashes_whenever_it_came() {
    let server = Server::start();
    let (mut one, mut other) = (node(&server, "main"), node(&server, "main"));
    append(&mut one, &[arrive(1), arrive(1), post(2, "refused")]);
    for round in 0..6 {
        posts(&mut one, &format!("one {round}"), 30);
        catch_up(&mut other, &one);
        posts(&mut other, &format!("other {round}"), 30);
        // Again under the same keys.
        posts(&mut other, &format!("one {round}"), 5);
        catch_up(&mut one, &other);
    }
    let mut late = node(&server, "main");
    catch_up(&mut late, &one);
    let expected = hashes(&one);
    assert_eq!(expected.keys().map(|block| block.places().1).next_back(), Some(Position(300)));
    assert_eq!((&hashes(&other), &hashes(&late)), (&expected, &expected));
    let values: Vec<&u64> = expected.values().collect();
    assert!(values[0] != values[1] && values[1] != values[2]);
}

#[test]
fn what_was_erased_before_a_node_came_is_in_no_hash_of_it() {
    let server = Server::start();
    let mut one = node(&server, "main");
    append(&mut one, &[arrive(1)]);
    posts(&mut one, "early", 350);
    let delete = Action::Delete { room: RoomId::LOBBY, message: Sequence(150) };
    append(&mut one, &[proposal(1, "delete", delete)]);
    let deadline = Instant::now() + PATIENCE;
    while !one.scrub().unwrap() {
        assert!(Instant::now() < deadline, "it is not erased");
    }
    posts(&mut one, "late", 200);
    let mut late = node(&server, "main");
    catch_up(&mut late, &one);
    let (one, late) = (hashes(&one), hashes(&late));
    assert_eq!(one.len(), 5);
    assert!(late.len() < one.len() && !late.is_empty(), "{late:?}");
    assert!(late.iter().all(|(block, hash)| one[block] == *hash), "{late:?}, not {one:?}");
}
