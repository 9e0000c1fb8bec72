//! docs/protocol-examples.md: every request with the answer that a real server gives.
//!
//! `UPDATE=1 cargo test -p parlor-tests --test chat documented` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use parlor_tests::client::Client;
use serde_json::{Value, json};

use super::overseeing::oversee;
use super::server::{LOBBY, Server};

/// Makes what differs from run to run the same.
#[derive(Default)]
struct Normal {
    ids: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Normal {
    fn of(&mut self, mut value: Value) -> String {
        self.walk("", &mut value);
        value.to_string()
    }

    fn walk(&mut self, field: &str, value: &mut Value) {
        match value {
            Value::Object(map) => {
                let old = std::mem::take(map);
                for (key, mut inner) in old {
                    self.walk(&key, &mut inner);
                    map.insert(self.id(&key), inner);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|inner| self.walk(field, inner)),
            Value::String(_) if field == "token" => *value = json!("v1.…"),
            Value::String(_) if field == "secret" => *value = json!("…"),
            // Keyed by a secret of this server.
            Value::String(text) if matches!(field, "range" | "ranges") && !text.contains('/') => {
                *value = json!("…")
            }
            Value::String(text) if field == "invite" && text.contains('.') => {
                let invite = text.split_once('.').map(|(id, _)| self.id(id)).unwrap_or_default();
                *value = json!(format!("{invite}.…"));
            }
            Value::String(text) => *text = self.id(text),
            Value::Number(_) if matches!(field, "at" | "edited_at" | "since" | "until") => {
                *value = json!(1_795_000_000_000_u64)
            }
            _ => {}
        }
    }

    /// Ids, and the names of guests, by the order in which they come up.
    fn id(&mut self, text: &str) -> String {
        let drawn = text.strip_prefix("user-").filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
        if drawn.is_some() {
            let next = self.names.len() + 1;
            return self.names.entry(text.to_owned()).or_insert_with(|| format!("user-{next:05}")).clone();
        }
        let is_id =
            text.len() == 13 && text.starts_with('6') && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_id {
            return text.to_owned();
        }
        let next = self.ids.len() + 1;
        self.ids.entry(text.to_owned()).or_insert_with(|| format!("6h5tp000000{next:02}")).clone()
    }
}

/// Asks and writes down.
pub(crate) struct Scribe {
    text: String,
    normal: Normal,
    asked: BTreeSet<String>,
}

impl Scribe {
    pub(crate) async fn show(&mut self, client: &mut Client, request: Value) -> Value {
        let kind = request["type"].as_str().expect("a request has a type").to_owned();
        let answer = client.ask(request.clone()).await;
        let mut shown = request;
        shown["id"] = answer["id"].clone();
        if self.asked.insert(kind.clone()) {
            let (request, answer) = (self.normal.of(shown), self.normal.of(answer.clone()));
            let _ = write!(self.text, "\n## `{kind}`\n\n```json\n{request}\n```\n\n```json\n{answer}\n```\n");
        }
        answer
    }

    /// Nothing is missing, and the document says the same.
    fn compare(&self) {
        let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
        let schema = std::fs::read_to_string(docs.join("parlor.v1.schema.json")).expect("it is there");
        let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
        let kinds = schema["oneOf"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|kind| kind["title"].as_str().expect("a name").to_owned());
        let missing: Vec<String> = kinds.filter(|kind| !self.asked.contains(kind)).collect();
        assert_eq!(missing, [""; 0], "no example of these");
        let file = docs.join("protocol-examples.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &self.text).expect("it can be written");
        }
        let is = std::fs::read_to_string(&file).unwrap_or_default();
        let differ = is.lines().zip(self.text.lines()).find(|(is, should)| is != should);
        assert_eq!(
            differ, None,
            "docs/protocol-examples.md is out of date; the head of this test says how to write it"
        );
        assert_eq!(is.len(), self.text.len(), "docs/protocol-examples.md is out of date");
    }
}

const HEAD: &str = "# Requests and their answers

What [protocol.md](protocol.md) describes, as a server said it: each request with its answer under it. Ids, times and
tokens are made alike.

## The welcome
";

#[tokio::test]
async fn every_request_is_shown_with_its_answer() {
    let server = Server::start("documented");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    bob.ok(json!({"type": "rename", "nickname": "bob"})).await;
    let mut scribe = Scribe { text: HEAD.to_owned(), normal: Normal::default(), asked: BTreeSet::new() };
    let welcome = {
        ann.ok(json!({"type": "rename", "nickname": "anna"})).await;
        let mut welcome = server.back(&ann.token).await.welcome;
        welcome["token"] = json!(ann.token);
        scribe.normal.of(welcome)
    };
    let _ = write!(scribe.text, "\n```json\n{welcome}\n```\n");

    talk(&mut scribe, &server, &mut ann, &mut bob).await;
    meet(&mut scribe, &mut ann, &mut bob).await;
    oversee(&mut scribe, &server, &mut ann, &mut bob).await;
    scribe.show(&mut server.back(&bob.token).await, json!({"type": "erase_me"})).await;
    scribe.compare();
}

/// Everything that can be done with messages.
async fn talk(scribe: &mut Scribe, server: &Server, ann: &mut Client, bob: &mut Client) {
    let (ann_id, bob_id) = (ann.id().to_owned(), bob.id().to_owned());
    scribe
        .show(
            ann,
            json!({"type": "rename", "nickname": "ann", "key": "019ab5e2-0000-7000-8000-000000000001"}),
        )
        .await;
    scribe.show(ann, json!({"type": "subscribe", "room": LOBBY, "after": 0})).await;
    let hello = json!({"type": "post", "text": "hello, @bob", "mentions": [bob_id], "key": "019ab5e2-0000-7000-8000-000000000002"});
    scribe.show(ann, hello).await;
    let of = |kind: &str| json!({"type": kind, "room": LOBBY, "message": 1});
    let with = |kind: &str, field: &str, value: Value| {
        let mut request = of(kind);
        request[field] = value;
        request
    };
    scribe.show(ann, with("edit", "text", json!("hello again"))).await;
    scribe.show(bob, with("react", "reaction", json!("👍"))).await;
    scribe.show(bob, with("reacted", "reaction", json!("👍"))).await;
    scribe.show(ann, of("pin")).await;
    scribe.show(ann, json!({"type": "pins", "room": LOBBY})).await;
    bob.ok(json!({"type": "post", "text": "and to you", "thread": 1, "reply_to": 1, "mentions": [ann_id]}))
        .await;
    scribe.show(ann, of("thread")).await;
    scribe.show(ann, of("message")).await;
    scribe.show(ann, json!({"type": "history", "room": LOBBY, "limit": 1})).await;
    scribe.show(ann, json!({"type": "mentions"})).await;
    let mut waits = server.back(&bob.token).await;
    while waits.ask(json!({"type": "search", "query": "again"})).await["results"] == json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    scribe.show(bob, json!({"type": "search", "query": "again", "minutes_ahead": 60})).await;
    scribe.show(bob, with("unreact", "reaction", json!("👍"))).await;
    scribe.show(ann, of("unpin")).await;
    scribe.show(ann, json!({"type": "read", "room": LOBBY, "up_to": 1})).await;
    scribe.show(ann, json!({"type": "typing", "room": LOBBY})).await;
    scribe.show(ann, json!({"type": "present", "room": LOBBY})).await;
    scribe.show(ann, json!({"type": "unsubscribe", "room": LOBBY})).await;
}

/// Everything that can be done with rooms and people.
async fn meet(scribe: &mut Scribe, ann: &mut Client, bob: &mut Client) {
    let bob_id = bob.id().to_owned();
    let create =
        json!({"type": "create_room", "visibility": "public", "name": "gardening", "topic": "Green things"});
    let room = scribe.show(ann, create).await["room"].clone();
    let of = |kind: &str| json!({"type": kind, "room": room});
    let with = |kind: &str, fields: Value| {
        let mut request = of(kind);
        request.as_object_mut().expect("it is one").extend(fields.as_object().expect("it is one").clone());
        request
    };
    scribe.show(bob, json!({"type": "public_rooms"})).await;
    scribe.show(bob, of("join")).await;
    scribe.show(ann, of("members")).await;
    scribe.show(ann, with("set_role", json!({"person": bob_id, "role": "moderator"}))).await;
    scribe.show(bob, with("rename_room", json!({"name": "weeds"}))).await;
    scribe.show(bob, with("set_topic", json!({"topic": "Brown things"}))).await;
    scribe.show(ann, with("set_retention", json!({"retention": {"milliseconds": 86_400_000}}))).await;
    scribe.show(ann, with("set_web_access", json!({"open": true}))).await;
    scribe.show(ann, with("remove", json!({"person": bob_id}))).await;
    scribe.show(ann, with("invite", json!({"person": bob_id}))).await;
    scribe.show(bob, of("leave")).await;
    scribe.show(ann, json!({"type": "open_direct", "with": [bob_id]})).await;
    scribe.show(ann, json!({"type": "rooms"})).await;
    scribe.show(ann, json!({"type": "people", "people": [bob_id]})).await;
    scribe.show(ann, json!({"type": "person", "nickname": "Bob"})).await;
    scribe.show(ann, json!({"type": "delete", "room": LOBBY, "message": 1})).await;
}
