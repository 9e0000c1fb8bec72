//! Saying something, and everything that can be done with what was said.

use serde_json::json;

use super::server::{LOBBY, Server};

#[tokio::test]
async fn what_is_said_is_answered_when_it_is_durable_and_heard_by_everybody_in_one_order() {
    let server = Server::start("said");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    for client in [&mut ann, &mut bob] {
        let answer = client.ok(json!({"type": "subscribe", "room": LOBBY})).await;
        assert_eq!(
            (&answer["last"], &answer["more"], &answer["events"]),
            (&json!(0), &json!(false), &json!([]))
        );
    }
    let first = ann.ok(json!({"type": "post", "text": "good morning", "key": "1"})).await;
    assert_eq!((&first["room"], &first["sequence"]), (&json!(LOBBY), &json!(1)));
    let second = bob.ok(json!({"type": "post", "room": LOBBY, "text": "and to you", "reply_to": 1})).await;
    assert!(second["position"].as_u64() > first["position"].as_u64());
    for client in [&mut ann, &mut bob] {
        let one = client.event_of("posted").await;
        assert_eq!((&one["text"], &one["sequence"]), (&json!("good morning"), &json!(1)));
        assert_eq!(one["position"], first["position"]);
        let other = client.event_of("posted").await;
        assert_eq!((&other["text"], &other["reply_to"]), (&json!("and to you"), &json!(1)));
    }
}

#[tokio::test]
async fn a_key_that_comes_again_changes_nothing_and_has_the_first_answer() {
    let mut server = Server::start("key");
    let mut ann = server.client().await;
    let post = json!({"type": "post", "text": "once", "key": "01941f29-7c00-7a3b-8c4d-5e6f70819203"});
    let first = ann.ok(post.clone()).await;
    let again = ann.ok(post.clone()).await;
    assert_eq!(again["repeated"], true);
    for field in ["position", "room", "sequence"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    let mut other = server.client().await;
    assert_eq!(other.ok(post.clone()).await["sequence"], 2, "a key is its author's alone");
    let token = ann.vanish();
    server.kill_and_start();
    let mut ann = server.back(&token).await;
    let much_later = ann.ok(post).await;
    assert_eq!((&much_later["sequence"], &much_later["repeated"]), (&json!(1), &json!(true)));
    let history = ann.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn messages_are_edited_deleted_reacted_to_pinned_and_answered_in_threads() {
    let server = Server::start("messages");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    bob.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    let said =
        ann.ok(json!({"type": "post", "text": "helo", "mentions": [bob.id()]})).await["sequence"].clone();
    let of = |kind: &str| json!({"type": kind, "room": LOBBY, "message": said});
    let with = |kind: &str, field: &str, value: &str| {
        let mut request = of(kind);
        request[field] = json!(value);
        request
    };
    ann.ok(with("edit", "text", "hello")).await;
    assert_eq!(bob.refused(with("edit", "text", "hijacked")).await, "not-the-author");
    bob.ok(with("react", "reaction", "👍")).await;
    ann.ok(with("react", "reaction", "👍")).await;
    ann.ok(of("pin")).await;
    let mut answer = json!({"type": "post", "text": "in the thread"});
    answer["thread"] = said.clone();
    bob.ok(answer).await;

    let page = bob.ok(of("message")).await;
    let message = &page["messages"][0];
    assert_eq!((&message["text"], &message["replies"]), (&json!("hello"), &json!(1)));
    assert_eq!(message["reactions"], json!([{"reaction": "👍", "count": 2, "own": true}]));
    assert_eq!(message["pinned_by"], json!(ann.id()));
    assert!(message["edited_at"].is_u64());
    assert_eq!(page["people"][ann.id()], json!(ann.name()));
    assert_eq!(bob.ok(of("thread")).await["messages"][0]["text"], "in the thread");
    assert_eq!(bob.ok(json!({"type": "pins", "room": LOBBY})).await["messages"][0]["sequence"], said);
    let reacted = bob.ok(with("reacted", "reaction", "👍")).await;
    assert_eq!(reacted["people"].as_object().unwrap().len(), 2);
    // The edit took the mention away, because it named nobody.
    assert_eq!(bob.ok(json!({"type": "mentions"})).await["mentions"], json!([]));

    bob.ok(with("unreact", "reaction", "👍")).await;
    ann.ok(of("unpin")).await;
    ann.ok(of("delete")).await;
    assert_eq!(bob.refused(of("message")).await, "no-such-message");
    let mut kinds = Vec::new();
    while kinds.last().map(String::as_str) != Some("deleted") {
        let event = bob.event().await;
        if event["sequence"].is_u64() {
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
    }
    let expected =
        ["posted", "edited", "reacted", "reacted", "pinned", "posted", "unreacted", "unpinned", "deleted"];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_a_sentence_and_does_nothing() {
    let server = Server::start("nonsense");
    let mut ann = server.client().await;
    for (text, code) in [
        ("", "bad-request"),
        ("hello", "bad-request"),
        ("[]", "bad-request"),
        ("{}", "bad-request"),
        (r#"{"type":1}"#, "bad-request"),
        (r#"{"type":"post"}"#, "bad-request"),
        (r#"{"type":"post","text":1}"#, "bad-request"),
        (r#"{"type":"post","text":"x","room":"nowhere"}"#, "bad-request"),
        (r#"{"type":"post","text":"x","key":""}"#, "bad-request"),
        (r#"{"type":"fly"}"#, "unsupported"),
        (r#"{"type":"expire","room":"0000000000001","messages":[1]}"#, "unsupported"),
        (r#"{"type":"post","text":"x","room":"0000000000009"}"#, "no-such-room"),
    ] {
        ann.send_text(text).await;
        let line = ann.receive().await;
        assert_eq!((&line["type"], &line["code"]), (&json!("error"), &json!(code)), "{text}: {line}");
    }
    // Under its id, if it has one that can be given back.
    ann.send_text(r#"{"id":"seven","type":"fly"}"#).await;
    assert_eq!(ann.receive().await["id"], "seven");
    for id in [r#"{"a":1}"#, "[1]", "true", &format!("\"{}\"", "x".repeat(63))] {
        ann.send_text(&format!(r#"{{"id":{id},"type":"rooms"}}"#)).await;
        assert_eq!(ann.receive().await["code"], "bad-request", "{id}");
    }
    let later = ann.ok(json!({"type": "post", "text": "x", "from_a_later_version": {"a": 1}})).await;
    assert_eq!(later["sequence"], 1);
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_when_to_go_on() {
    let server = Server::start_with("rate", &["--requests-per-second", "10", "--request-burst", "5"]);
    let mut ann = server.client().await;
    assert_eq!(ann.welcome["limits"]["requests_per_second"], 10);
    let mut refused = None;
    for _ in 0..50 {
        let answer = ann.ask(json!({"type": "post", "text": "flood"})).await;
        if answer["type"] == "error" {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("fifty at once are too many");
    assert_eq!(refused["code"], "too-fast");
    let wait = refused["retry_after"].as_u64().expect("it says when");
    assert!((1..=100).contains(&wait), "{wait}");
    tokio::time::sleep(std::time::Duration::from_millis(wait + 20)).await;
    ann.ok(json!({"type": "post", "text": "patient"})).await;
}

#[tokio::test]
async fn more_connections_are_no_way_to_ask_more() {
    let server = Server::start_with("rates", &["--requests-per-second", "1", "--request-burst", "20"]);
    let first = server.client().await;
    let mut connections = [server.back(&first.token).await, server.back(&first.token).await, first];
    let mut said = 0;
    for turn in 0..60 {
        let answer = connections[turn % 3].ask(json!({"type": "typing", "room": LOBBY})).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "too-fast");
            break;
        }
        said += 1;
    }
    assert!(said < 59, "three connections may not ask three times as much");
    let mut other = server.client().await;
    other.ok(json!({"type": "post", "text": "one of another asks as they like"})).await;
}

#[tokio::test]
async fn whoever_was_welcomed_may_ask_as_much_at_once_as_they_like() {
    let server = Server::start("welcomed");
    for _ in 0..20 {
        let mut ann = server.client().await;
        let mut last = 0;
        for _ in 0..400 {
            last = ann.send(json!({"type": "typing", "room": LOBBY})).await;
        }
        for id in 1..=last {
            let answer = ann.answer(id).await;
            assert_eq!(answer["type"], "ok", "{answer}");
        }
    }
}

#[tokio::test]
async fn the_longest_text_fits_however_json_escapes_it() {
    let server = Server::start("escaped");
    let mut ann = server.client().await;
    let most = usize::try_from(ann.welcome["limits"]["text"].as_u64().unwrap()).unwrap();
    for text in ["\u{1}".repeat(most), "\"".repeat(most), "é".repeat(most / 2), "👍".repeat(most / 4)] {
        let said = ann.ok(json!({"type": "post", "text": text})).await;
        let ask = json!({"type": "message", "room": LOBBY, "message": said["sequence"]});
        assert!(ann.ok(ask).await["messages"][0]["text"] == text.as_str(), "it comes back as it was");
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_whole() {
    let server = Server::start_with("long", &["--max-text", "1000"]);
    let mut ann = server.client().await;
    assert_eq!(ann.welcome["limits"]["text"], 1_000);
    assert_eq!(ann.refused(json!({"type": "post", "text": "é".repeat(501)})).await, "text-too-long");
    ann.ok(json!({"type": "post", "text": "é".repeat(500)})).await;
}
