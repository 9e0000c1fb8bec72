//! What is kept about somebody is handed over to them whole.

use parlor_tests::client::Client;
use parlor_tests::http1::Answer;
use serde_json::{Value, json};

use super::server::Server;

const LOBBY: &str = "0000000000001";

/// What an answer says that came in chunks (RFC 9112 §7.1), if its end came.
fn whole(answer: &Answer) -> Option<Value> {
    let (mut rest, mut body) = (&answer.body[..], Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + length)?;
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + length + 2..)?;
        if length == 0 {
            return serde_json::from_slice(&body).ok();
        }
    }
}

fn export(server: &Server, token: &str) -> Value {
    let answer = server.ask("GET /me/export", token, &json!(null));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"parlor.json\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    whole(&answer).unwrap_or_else(|| panic!("this is not whole: {}", answer.text()))
}

fn said(export: &Value) -> Vec<&str> {
    let events = export["events"].as_array().unwrap().iter();
    events.filter_map(|event| event["what"]["text"].as_str()).collect()
}

async fn post(client: &mut Client, text: &str) -> u64 {
    client.ok(json!({"type": "post", "text": text})).await["sequence"].as_u64().unwrap()
}

#[tokio::test]
async fn everything_that_is_kept_about_somebody_is_written_out() {
    let server = Server::start("export");
    let (_, token) = server.claimed("Ada").await;
    let (mut ada, mut bob) = (server.back(&token).await, server.guest().await);
    let attic = ada.ok(json!({"type": "create_room", "name": "attic", "visibility": "private"})).await;
    let first = post(&mut ada, "said by Ada").await;
    ada.ok(json!({"type": "edit", "room": LOBBY, "message": first, "text": "changed by Ada"})).await;
    let theirs = post(&mut bob, "said by Bob").await;
    ada.ok(json!({"type": "react", "room": LOBBY, "message": theirs, "reaction": "👍"})).await;
    let asked = json!({"type": "post", "text": "hello, Ada", "mentions": [ada.id()]});
    bob.ok(asked).await;
    ada.ok(json!({"type": "read", "room": LOBBY, "up_to": theirs})).await;

    let all = export(&server, &token);
    assert_eq!(all["you"], server.ok("GET /me", &token, &json!(null)));
    assert_eq!((&all["you"]["name"], &all["you"]["id"]), (&json!("Ada"), &json!(ada.id())));
    let rooms = all["rooms"].as_array().unwrap();
    assert_eq!((rooms.len(), &rooms[0]["read_up_to"]), (2, &json!(theirs)));
    assert_eq!((&rooms[1]["room"], &rooms[1]["role"]), (&attic["room"], &json!("owner")));
    assert_eq!(said(&all), ["said by Ada", "changed by Ada", ""], "of a mention by another, not the text");
    let kinds: Vec<&str> = all["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["what"]["type"].as_str().unwrap())
        .collect();
    for kind in ["arrived", "renamed", "account", "room_created", "reacted", "read"] {
        assert!(kinds.contains(&kind), "{kind} is missing: {kinds:?}");
    }
    let text = all.to_string();
    for foreign in ["said by Bob", "hello, Ada", "argon2", token.rsplit('.').next().unwrap()] {
        assert!(!text.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn a_guest_is_shown_what_is_kept_about_them_and_who_is_nobody_nothing() {
    let server = Server::start("export-guest");
    let mut guest = server.guest().await;
    post(&mut guest, "said as a guest").await;
    let all = export(&server, &guest.token);
    assert_eq!((&all["you"]["id"], said(&all)), (&json!(guest.id()), vec!["said as a guest"]));
    assert_eq!(server.refused("GET /me/export", "", &json!(null)), (401, "not-signed-in".into()));
}

#[tokio::test]
async fn who_asks_again_and_again_has_to_wait() {
    let server = Server::start("export-again");
    let guest = server.guest().await;
    // On a busy machine one may take longer than the first waits; each is twice as long as the one before.
    let mut times = 0;
    let refused = loop {
        let answer = server.ask("GET /me/export", &guest.token, &json!(null));
        if answer.status != 200 {
            break answer;
        }
        times += 1;
        assert!(times < 16);
    };
    assert!(times > 5, "{times}");
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    // It is no reason to keep anybody from signing in, or from their own data.
    export(&server, &server.guest().await.token);
    server.claimed("Ada").await;
    server.sign_in("Ada");
}
