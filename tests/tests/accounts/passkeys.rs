//! Passkeys: a guest claims a name with one, signs in by it without a name, and each trick that could be played fails.

use parlor_tests::http1::Answer;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, PRESENT};
use super::server::{PASSWORD, Server, cookie_of, refusal_of};

fn begun(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// Adds the passkey of an authenticator for whoever has this token.
fn add(server: &Server, key: &mut Authenticator, token: &str, more: &Value) -> Answer {
    let begun = begun(&server.as_page("/me/passkeys/begin", token, &json!({})));
    let mut asked = json!({"made": key.register(&begun, &server.origin())});
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    server.as_page("/me/passkeys", token, &asked)
}

fn challenge(server: &Server) -> Value {
    begun(&server.as_page("/session/passkey/begin", "", &json!({})))
}

fn sign_in(server: &Server, key: &mut Authenticator) -> Answer {
    let answer = key.answer(&challenge(server), &server.origin());
    server.as_page("/session/passkey", "", &answer)
}

fn wrong() -> (u16, String) {
    (401, "wrong-passkey".to_owned())
}

fn passkeys(server: &Server, token: &str) -> Vec<Value> {
    server.ok("GET /me", token, &json!(null))["account"]["passkeys"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_guest_claims_a_name_with_a_passkey_and_signs_in_by_it_alone() {
    let mut server = Server::start("passkey");
    let mut guest = server.guest().await;
    let mut key = Authenticator::new(1);
    let claimed = add(&server, &mut key, &guest.token, &json!({"name": "Ada"}));
    let first = cookie_of(&claimed);
    assert_eq!(guest.ended().await, 1008, "the guest's connection has ended with its session");
    server.kill_and_start();
    let second = cookie_of(&sign_in(&server, &mut key));
    for token in [&first, &second] {
        let ada = server.back(token).await;
        assert_eq!((ada.id(), ada.name()), (guest.id(), "Ada"));
    }
    let me = server.ok("GET /me", &first, &json!(null));
    assert_eq!(me["account"]["password"], false);
    assert!(passkeys(&server, &first)[0]["used_at"].as_u64().is_some());
    let password = json!({"name": "Ada", "password": ""});
    assert_eq!(server.refused("POST /session", "", &password), (401, "wrong-password".into()));
}

#[tokio::test]
async fn passkeys_are_added_named_and_removed() {
    let server = Server::start("passkeys");
    let (_, token) = server.claimed("Ada").await;
    let (mut one, mut two) = (Authenticator::new(1), Authenticator::new(2));
    let refused = add(&server, &mut one, &token, &json!({"label": "blue"}));
    assert_eq!(refusal_of(&refused), (401, "wrong-password".into()), "the password confirms that it is her");
    for (key, label) in [(&mut one, "blue"), (&mut two, "green")] {
        let added = add(&server, key, &token, &json!({"label": label, "password": PASSWORD}));
        assert_eq!(added.status, 200, "{}", added.text());
    }
    let known = begun(&server.as_page("/me/passkeys/begin", &token, &json!({})));
    assert_eq!(known["known"].as_array().unwrap().len(), 2, "no authenticator makes another one");
    let first = passkeys(&server, &token)[0]["passkey"].clone();
    server.ok("POST /me/passkeys/label", &token, &json!({"passkey": first, "label": "red"}));
    let labels: Vec<_> = passkeys(&server, &token).iter().map(|one| one["label"].clone()).collect();
    assert_eq!(labels, ["red", "green"]);
    let remove = json!({"passkey": first, "password": PASSWORD});
    server.ok("POST /me/passkeys/remove", &token, &remove);
    assert_eq!(refusal_of(&sign_in(&server, &mut one)), wrong());
    cookie_of(&sign_in(&server, &mut two));
}

#[tokio::test]
async fn a_passkey_stands_for_password_and_code() {
    let server = Server::start("passkey-link");
    let guest = server.guest().await;
    let mut key = Authenticator::new(1);
    let token = cookie_of(&add(&server, &mut key, &guest.token, &json!({"name": "Ada"})));
    let only = passkeys(&server, &token)[0]["passkey"].clone();
    let remove = json!({"passkey": only});
    assert_eq!(server.refused("POST /me/passkeys/remove", &token, &remove), (409, "last-way-in".into()));
    server.ok("POST /me/password", &token, &json!({"new": PASSWORD}));
    server.sign_in("Ada");
    cookie_of(&sign_in(&server, &mut key));
}

#[tokio::test]
async fn a_challenge_is_good_once_and_for_what_it_was_given_out() {
    let server = Server::start("passkey-replay");
    let guest = server.guest().await;
    let mut key = Authenticator::new(1);
    let token = cookie_of(&add(&server, &mut key, &guest.token, &json!({"name": "Ada"})));
    let given = challenge(&server);
    let answer = key.answer(&given, &server.origin());
    cookie_of(&server.as_page("/session/passkey", "", &answer));
    assert_eq!(refusal_of(&server.as_page("/session/passkey", "", &answer)), wrong(), "the same again");
    let again = key.answer(&given, &server.origin());
    assert_eq!(refusal_of(&server.as_page("/session/passkey", "", &again)), wrong(), "another answer to it");
    let adding = begun(&server.as_page("/me/passkeys/begin", &token, &json!({})));
    let answer = key.answer(&adding, &server.origin());
    assert_eq!(refusal_of(&server.as_page("/session/passkey", "", &answer)), wrong(), "one for adding");
    let made_up = json!({"challenge": "Y2hhbGxlbmdl", "rp_id": given["rp_id"]});
    let answer = key.answer(&made_up, &server.origin());
    assert_eq!(refusal_of(&server.as_page("/session/passkey", "", &answer)), wrong(), "made up");
    // Somebody else's challenge for adding adds nothing here.
    let (_, bob) = server.claimed("Bob").await;
    let made = Authenticator::new(2).register(&adding, &server.origin());
    let foreign = server.as_page("/me/passkeys", &bob, &json!({"made": made, "password": PASSWORD}));
    assert_eq!(refusal_of(&foreign), wrong());
    assert_eq!(passkeys(&server, &bob).len(), 0);
}

#[tokio::test]
async fn what_is_signed_elsewhere_or_by_nobody_or_for_somebody_else_opens_nothing() {
    let server = Server::start("passkey-tricks");
    let guest = server.guest().await;
    let mut key = Authenticator::new(1);
    cookie_of(&add(&server, &mut key, &guest.token, &json!({"name": "Ada"})));
    let (bob, _) = server.claimed("Bob").await;
    let user = key.user.clone();
    let refused = |answer: Value| refusal_of(&server.as_page("/session/passkey", "", &answer));
    let phished = key.answer(&challenge(&server), "https://evil.example");
    assert_eq!(refused(phished), wrong(), "a page that looks like ours");
    let elsewhere = json!({"challenge": challenge(&server)["challenge"], "rp_id": "evil.example"});
    assert_eq!(refused(key.answer(&elsewhere, &server.origin())), wrong(), "another site's passkey");
    key.flags = PRESENT;
    assert_eq!(
        refused(key.answer(&challenge(&server), &server.origin())),
        wrong(),
        "whoever held the device"
    );
    key.flags = super::authenticator::PRESENT_AND_VERIFIED;
    let mut stranger = Authenticator::new(1);
    stranger.user.clone_from(&user);
    assert_eq!(refused(stranger.answer(&challenge(&server), &server.origin())), wrong(), "another key");
    for handle in [bob.id(), "x", ""] {
        key.user = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, handle);
        assert_eq!(refused(key.answer(&challenge(&server), &server.origin())), wrong(), "{handle}");
    }
    key.user = user;
    // A copy of the key that counts for itself is behind.
    cookie_of(&sign_in(&server, &mut key));
    key.count = 3;
    let copied = sign_in(&server, &mut key);
    assert_eq!(refusal_of(&copied), (409, "credential-invalid".into()));
    // A program is no page, and has no origin that could be signed.
    assert_eq!(server.refused("POST /session/passkey/begin", "", &json!({})), (400, "no-page".into()));
}
