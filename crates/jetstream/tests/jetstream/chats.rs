//! Two chats over one stream: each hears everything once, in the one order, whoever said it.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use parlor_chat::storage::Memory;
use parlor_chat::{Chat, Outcome, Position, Proposal, Refusal, What};
use parlor_jetstream::{JetStreamLog, Options};

use crate::support::{PATIENCE, Server, arrive, fresh_space, post, proposal, submit, texts};

/// A chat and what its listener heard.
struct Node {
    chat: Chat,
    heard: Arc<Mutex<Vec<Outcome>>>,
}

impl Node {
    fn open(server: &Server, space: &str) -> Self {
        let log = JetStreamLog::open(Options::new(server.address(), space), Memory::new()).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = {
            let heard = Arc::clone(&heard);
            move |outcomes: &[Outcome]| heard.lock().unwrap().extend_from_slice(outcomes)
        };
        Node { chat: Chat::start_shared(log, Box::new(listener), Box::new(|_| {})).unwrap(), heard }
    }

    fn heard(&self) -> Vec<Outcome> {
        self.heard.lock().unwrap().clone()
    }

    /// What it has heard once it has heard of a place.
    fn heard_up_to(&self, place: Position) -> Vec<Outcome> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heard = self.heard();
            if heard.last().is_some_and(|last| last.position >= place) {
                return heard;
            }
            assert!(Instant::now() < deadline, "of {place} nothing is heard");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn ask(&self, proposal: Proposal) -> Outcome {
        self.chat.ask(proposal).unwrap()
    }
}

#[test]
fn what_is_said_on_either_is_heard_on_both_once_and_in_one_order() {
    const EACH: usize = 200;
    let (server, space) = (Server::start(), fresh_space());
    let nodes = [Node::open(&server, &space), Node::open(&server, &space)];
    let speak = |by: usize| {
        let (node, by) = (&nodes[by], by as u64 + 1);
        node.ask(arrive(by)).verdict.unwrap();
        let answers: Vec<_> =
            (0..EACH).map(|number| submit(&node.chat, post(by, &format!("{by}-{number}")))).collect();
        let places = answers.into_iter().map(|answer| answer.recv_timeout(PATIENCE).unwrap());
        places.map(|outcome| outcome.position).max().unwrap()
    };
    let last = thread::scope(|scope| {
        let speakers = [0, 1].map(|by| scope.spawn(move || speak(by)));
        speakers.into_iter().map(|speaker| speaker.join().unwrap()).max().unwrap()
    });
    let [one, other] = nodes.each_ref().map(|node| node.heard_up_to(last));
    assert_eq!(one, other, "each hears the same");
    let places: Vec<u64> = one.iter().map(|outcome| outcome.position.0).collect();
    assert_eq!(places, (1..=last.0).collect::<Vec<_>>(), "each place once and in order");
    for by in [1, 2] {
        let said = texts(&one).into_iter().filter(|text| text.starts_with(&format!("{by}-")));
        let expected: Vec<String> = (0..EACH).map(|number| format!("{by}-{number}")).collect();
        assert_eq!(said.collect::<Vec<_>>(), expected);
    }
    let [one, other] = nodes.map(|node| node.chat.stop().unwrap());
    assert_eq!(one.state_hash(), other.state_hash());
}

#[test]
fn a_name_that_is_taken_on_one_is_taken_on_the_other_and_a_key_that_was_used_is_known_again() {
    let (server, space) = (Server::start(), fresh_space());
    let [one, other] = [Node::open(&server, &space), Node::open(&server, &space)];
    one.ask(arrive(1)).verdict.unwrap();
    let same_name = proposal(2, "arrive", arrive(1).action);
    assert_eq!(other.ask(same_name).verdict, Err(Refusal::NicknameTaken));
    let first = one.ask(post(1, "once"));
    let again = other.ask(post(1, "once"));
    assert_eq!((again.verdict, again.repeated, again.event), (first.verdict, true, None));
    assert_eq!(texts(&one.heard_up_to(again.position)), ["once"]);
}

#[test]
fn a_node_that_comes_later_has_all_of_it_and_hears_what_is_new() {
    let (server, space) = (Server::start(), fresh_space());
    let one = Node::open(&server, &space);
    one.ask(arrive(1)).verdict.unwrap();
    let before = one.ask(post(1, "before"));
    let other = Node::open(&server, &space);
    let tail = other.chat.tail(Position(before.position.0 - 1), 1).unwrap();
    assert!(matches!(&tail[0].event.as_ref().unwrap().what, What::Posted { text, .. } if text == "before"));
    assert_eq!(other.heard(), [], "what was before is no news");
    let after = one.ask(post(1, "after"));
    assert_eq!(texts(&other.heard_up_to(after.position)), ["after"]);
}

#[test]
fn what_is_said_while_the_server_is_away_waits_and_goes_out_once_when_it_is_back() {
    let (mut server, space) = (Server::start(), fresh_space());
    let [one, other] = [Node::open(&server, &space), Node::open(&server, &space)];
    one.ask(arrive(1)).verdict.unwrap();
    server.kill();
    let answers: Vec<_> = ["a", "b", "c"].map(|text| submit(&one.chat, post(1, text))).into();
    assert!(answers.iter().all(|answer| answer.try_recv().is_err()), "nobody is told that it is sent");
    server.restart();
    let outcomes: Vec<_> = answers.iter().map(|answer| answer.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(outcomes.iter().all(|outcome| outcome.verdict.is_ok() && !outcome.repeated));
    let last = outcomes.iter().map(|outcome| outcome.position).max().unwrap();
    for node in [&one, &other] {
        assert_eq!(texts(&node.heard_up_to(last)), ["a", "b", "c"]);
    }
}
