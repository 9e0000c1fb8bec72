//! Mistakes that others made with accounts, each as a test that it is none of ours.

use parlor_tests::http1::{Answer, ask_with};
use serde_json::json;

use super::server::{PASSWORD, Server, until_too_many};

fn sign_in(server: &Server, name: &str, password: &str) -> Answer {
    server.ask("POST /session", "", &json!({"name": name, "password": password}))
}

#[tokio::test]
async fn password_brute_force() {
    let server = Server::start("brute-force");
    server.claimed("Ada").await;
    until_too_many(|number| sign_in(&server, "Ada", &format!("wrong horse {number}")));
}

#[tokio::test]
async fn user_enumeration() {
    let server = Server::start("enumeration");
    server.claimed("Ada").await;
    let guest = server.guest().await;
    let wrong = sign_in(&server, "Ada", "wrong horse battery");
    for name in ["Nobody at all", guest.name(), "", "\u{202e}", &"x".repeat(300)] {
        let answer = sign_in(&server, name, PASSWORD);
        assert_eq!((answer.status, answer.text()), (wrong.status, wrong.text()), "{name:?}");
    }
    // Whether a link is for somebody who is here is not to be learnt either.
    let link =
        |link: &str| server.refused("POST /session/link", "", &json!({"link": link, "password": PASSWORD}));
    for one in [format!("{}.00", guest.id()), "5w5r000000002.00".into(), "x.y".into(), "x".into()] {
        assert_eq!(link(&one), (409, "link-invalid".into()), "{one}");
    }
}

#[tokio::test]
async fn session_fixation() {
    let server = Server::start("fixation");
    server.claimed("Ada").await;
    // Somebody plants the cookie of their own guest in another's browser, and waits for a sign-in.
    let planted = server.guest().await;
    let answer = server.as_page("/session", &planted.token, &json!({"name": "Ada", "password": PASSWORD}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let set = answer.header("set-cookie").unwrap();
    assert!(!set.contains(&planted.token), "{set}");
    assert_ne!(server.back(&planted.token).await.name(), "Ada");
    // The same with a claim.
    let planted = server.guest().await;
    let answer = server.as_page("/session/claim", &planted.token, &json!({"password": PASSWORD}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.turned_away(&planted.token).await, 1008);
}

#[tokio::test]
async fn readable_tokens() {
    let server = Server::start("readable");
    let (guest, token) = server.claimed("Ada").await;
    let answer = server.as_page("/session", &token, &json!({"name": "Ada", "password": PASSWORD}));
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("parlor=v1.") && set.contains("; HttpOnly; SameSite=Lax"), "{set}");
    let secret = &set["parlor=".len()..set.find(';').unwrap()];
    assert!(!answer.text().contains(secret), "a script of the page could read it");
    let mut bob = server.guest().await;
    let seen = bob.ok(json!({"type": "people", "people": [guest.id()]})).await.to_string();
    let own = server.ok("GET /me", &token, &json!(null)).to_string();
    for text in [seen, own] {
        assert!(!text.contains("argon2") && !text.contains(&token), "{text}");
    }
}

#[tokio::test]
async fn cross_site_request_forgery() {
    let server = Server::start("forgery");
    let (_, token) = server.claimed("Ada").await;
    let cookie = format!("Cookie: parlor={token}");
    for lines in [
        vec![cookie.as_str()],
        vec![cookie.as_str(), "Origin: https://evil.example", "X-Parlor: 1"],
        vec![cookie.as_str(), "Sec-Fetch-Site: cross-site", "X-Parlor: 1"],
    ] {
        for path in ["/session/end", "/session/end-others", "/me/delete", "/me/password", "/session"] {
            let answer = ask_with(&server.address, &format!("POST {path}"), &lines, b"{}");
            assert_eq!(answer.status, 403, "{path} {lines:?}");
        }
    }
    assert_eq!(server.back(&token).await.name(), "Ada");
}

#[tokio::test]
async fn look_alike_and_reserved_names() {
    let server = Server::start("look-alike");
    server.claimed("paypal").await;
    let mut eve = server.guest().await;
    for (name, code) in [
        ("раураl", "nickname-alike"),
        ("PAYPAL", "nickname-taken"),
        ("admin", "nickname-reserved"),
        ("Everyone", "nickname-reserved"),
        ("a  b", "nickname-invalid"),
    ] {
        assert_eq!(eve.refused(json!({"type": "rename", "nickname": name})).await, code, "{name}");
        let asked = json!({"name": name, "password": PASSWORD});
        assert_eq!(server.refused("POST /session/claim", &eve.token, &asked), (409, code.into()), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let server = Server::start("no-request");
    for body in ["", "{", "[]", "{\"name\":1}", "null"] {
        let answer = ask_with(&server.address, "POST /session", &["X-Parlor: 1"], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let long = ask_with(&server.address, "POST /session", &["X-Parlor: 1"], &[b'x'; 20_000]);
    assert_eq!(long.status, 413);
    let (_, token) = server.claimed("Ada").await;
    assert_eq!(server.ask("GET /session", &token, &json!(null)).status, 405);
}
