//! One node of a cluster is succeeded while people talk at all of them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use serde_json::{Value, json};

use crate::node::{LOBBY, Node, post};

/// Texts that everybody says before, and again afterwards.
const TEXTS: usize = 20;
/// How long all of it may take on a busy machine.
const SOON: Duration = Duration::from_secs(180);
/// What is said last.
const OVER: &str = "over";

/// Somebody who says one text after the other, and each until that is acknowledged.
struct Speaker<'a> {
    name: &'a str,
    address: &'a str,
    said: Cell<usize>,
    /// Why they were sent away, or asked to try again: looked at once nothing is left running if it is wrong.
    codes: RefCell<Vec<String>>,
}

impl<'a> Speaker<'a> {
    fn at(node: &'a Node, name: &'a str) -> Self {
        Speaker { name, address: &node.address, said: Cell::new(0), codes: RefCell::default() }
    }

    async fn talk(&self, is_over: &Cell<bool>) {
        let mut client = Client::new(self.address).await;
        while !is_over.get() {
            let text = post(&format!("{} {}", self.name, self.said.get()));
            match client.ask_unless_ended(text).await {
                Ok(answer) if answer["type"] == "ok" => self.said.set(self.said.get() + 1),
                // The same again, under the same key.
                Ok(answer) => self.codes.borrow_mut().push(answer["code"].to_string()),
                Err(code) => {
                    client = Client::back_in_a_while(self.address, &client.token).await;
                    self.codes.borrow_mut().push(code.to_string());
                }
            }
            wait().await;
        }
    }

    fn has_come_back(&self) -> bool {
        self.codes.borrow().iter().any(|code| code == "1012")
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        (0..self.said.get()).map(|number| format!("{} {number}", self.name))
    }
}

async fn wait() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// What somebody is told at a node up to the end, with the places; they go on where they were if they are sent away.
async fn hear(address: &str) -> Vec<(u64, String)> {
    let mut client = Client::new(address).await;
    let (mut told, mut last) = (Vec::new(), 0);
    while told.last().is_none_or(|(_, text)| text != OVER) {
        let answer =
            client.ask_unless_ended(json!({"type": "subscribe", "room": LOBBY, "after": last})).await;
        let mut events: Vec<Value> = match &answer {
            Ok(answer) => answer["events"].as_array().unwrap_or_else(|| panic!("{answer}")).clone(),
            Err(_) => Vec::new(),
        };
        let mut is_watching = answer.is_ok_and(|answer| answer["more"] == false);
        loop {
            for event in events.drain(..).filter(|event| event["type"] == "posted") {
                last = event["sequence"].as_u64().expect("it has a place");
                told.push((last, event["text"].as_str().expect("it is a text").to_owned()));
            }
            if !is_watching || told.last().is_some_and(|(_, text)| text == OVER) {
                break;
            }
            match client.event_unless_ended().await {
                Ok(event) => events.push(event),
                Err(_) => is_watching = false,
            }
        }
        if client.has_ended() {
            client = Client::back_in_a_while(address, &client.token).await;
        }
    }
    told
}

/// Waits until everybody has said so many texts more.
async fn said_more(speakers: &[Speaker<'_>]) {
    let goals: Vec<usize> = speakers.iter().map(|speaker| speaker.said.get() + TEXTS).collect();
    while speakers.iter().zip(&goals).any(|(speaker, goal)| speaker.said.get() < *goal) {
        wait().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_one_node_of_several_is_succeeded() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let speakers = [Speaker::at(&one, "ann"), Speaker::at(&one, "bob"), Speaker::at(&other, "cid")];
    let is_over = Cell::new(false);
    let course = async {
        said_more(&speakers).await;
        let successor = one.succeed().await;
        // Whoever was at it has come back.
        while !speakers[..2].iter().all(Speaker::has_come_back) {
            wait().await;
        }
        said_more(&speakers).await;
        is_over.set(true);
        successor
    };
    let talk = async {
        let [ann, bob, cid] = speakers.each_ref().map(|speaker| speaker.talk(&is_over));
        let (successor, ..) = tokio::join!(course, ann, bob, cid);
        other.client().await.ok(post(OVER)).await;
        successor
    };
    let all = async { tokio::join!(talk, hear(&one.address), hear(&other.address)) };
    let (_successor, here, there) = tokio::time::timeout(SOON, all).await.expect("it comes to an end");
    assert_eq!(here, there, "one order");
    assert!(here.windows(2).all(|two| two[0].0 < two[1].0), "{here:?}");
    assert!(!speakers[2].has_come_back(), "nobody is sent away from the other node");
    for speaker in &speakers {
        let codes = speaker.codes.borrow();
        assert!(codes.iter().all(|code| code == "1012" || code == "\"try-again\""), "{codes:?}");
        let name = format!("{} ", speaker.name);
        let heard: Vec<&String> =
            here.iter().map(|(_, text)| text).filter(|text| text.starts_with(&name)).collect();
        assert_eq!(heard, speaker.texts().collect::<Vec<_>>().iter().collect::<Vec<_>>());
    }
    assert_eq!(hear(&one.address).await, here, "and whoever comes later is told the same");
}
