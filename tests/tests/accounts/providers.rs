//! Signing in by another site: who comes in by it, who is linked to it, and what is tried with it in vain.

use parlor_tests::authenticator_app::{code, now};
use parlor_tests::provider::{Person, Provider};
use serde_json::json;

use super::browser::{Browser, back, guest, ok, over, server_of};
use super::server::{PASSWORD, refusal_of};

fn person(subject: &str, username: &str, name: &str) -> Person {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Person { subject: subject.to_owned(), username: some(username), name: some(name) }
}

#[tokio::test]
async fn a_guest_becomes_somebody_by_a_provider_and_comes_back_by_it_from_elsewhere() {
    for is_elliptic in [false, true] {
        let provider = Provider::start("subject 1");
        provider.is_visited_by(person("subject 1", "ada", "Ada Lovelace"));
        if is_elliptic {
            provider.signs_by_curve();
        }
        let mut server = server_of("provider", &provider);
        let told = server.ok("GET /session/providers", "", &json!(null));
        assert_eq!(told, json!({"providers": ["Acme"]}));
        let (mut guest, mut browser) = guest(&server).await;
        let you = ok(&browser.signs_in(&server));
        assert_eq!((&you["id"], &you["name"]), (&json!(guest.id()), &json!("ada")));
        assert_eq!(guest.ended().await, 1008, "the guest's connection has ended with its session");
        assert_eq!(browser.0.len(), 1, "nothing is kept of having been away: {browser:?}");
        let me = server.ok("GET /me", browser.token(), &json!(null));
        assert_eq!(me["account"]["password"], false);
        assert_eq!(me["account"]["identities"][0]["provider"], "Acme");

        server.kill_and_start();
        // As somebody who is nobody yet, and without a name that would be free.
        let mut elsewhere = Browser::default();
        let you = ok(&elsewhere.signs_in(&server));
        assert_eq!((&you["id"], &you["name"]), (&json!(guest.id()), &json!("ada")));
        assert_eq!(server.back(elsewhere.token()).await.name(), "ada");
        let me = server.ok("GET /me", elsewhere.token(), &json!(null));
        assert!(me["account"]["identities"][0]["used_at"].as_u64().is_some());
        assert_eq!(me["account"]["sessions"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_name_is_taken_from_the_provider_if_it_is_free_and_the_guest_has_chosen_none() {
    let provider = Provider::start("");
    let server = server_of("provider-names", &provider);
    server.claimed("Ada").await;
    let cases = [
        // Who is said to come, what they have chosen, what they are called.
        (person("1", "ada", "Ada Lovelace"), None, Some("Ada Lovelace")),
        (person("2", "", " Grace "), None, Some("Grace")),
        (person("3", "admin", "everyone"), None, None),
        (person("4", "", ""), None, None),
        (person("5", "two\nlines", "x\u{202e}y"), None, None),
        (person("6", "linus", ""), Some("Tux"), Some("Tux")),
    ];
    for (person, chosen, expected) in cases {
        provider.is_visited_by(person.clone());
        let (mut guest, mut browser) = guest(&server).await;
        if let Some(name) = chosen {
            guest.ok(json!({"type": "rename", "nickname": name})).await;
        }
        let you = ok(&browser.signs_in(&server));
        let expected = expected.unwrap_or(guest.name());
        assert_eq!(you["name"], expected, "{person:?}");
    }
}

#[tokio::test]
async fn an_account_is_linked_and_unlinked_and_the_last_way_in_stays() {
    let provider = Provider::start("ada at acme");
    let server = server_of("provider-linked", &provider);
    let (_, token) = server.claimed("Ada").await;
    let mut browser = Browser::of(&token);
    let begin = |browser: &mut Browser, password: &str| {
        let asked = json!({"provider": "Acme", "password": password});
        browser.ask(&server, "/me/identities/begin", &asked)
    };
    assert_eq!(refusal_of(&begin(&mut browser, "wrong horse")), (401, "wrong-password".into()));
    let begun = ok(&begin(&mut browser, PASSWORD));
    let back_with = back(&server, begun["url"].as_str().unwrap());
    assert_eq!(ok(&browser.hands_in(&server, &back_with)), json!({"linked": "Acme"}));
    assert_eq!(ok(&Browser::default().signs_in(&server))["name"], "Ada");

    // It is hers, and nobody else's.
    let (_, bob) = server.claimed("Bob").await;
    let mut bob = Browser::of(&bob);
    let begun = ok(&begin(&mut bob, PASSWORD));
    let back_with = back(&server, begun["url"].as_str().unwrap());
    assert_eq!(refusal_of(&bob.hands_in(&server, &back_with)), (409, "identity-taken".into()));

    let linked = |token: &str| server.ok("GET /me", token, &json!(null))["account"]["identities"].clone();
    let identity = linked(browser.token())[0]["identity"].clone();
    let unlink = |password: &str| json!({"identity": identity, "password": password});
    let refused = server.refused("POST /me/identities/remove", &token, &unlink("wrong horse"));
    assert_eq!(refused, (401, "wrong-password".into()));
    server.ok("POST /me/identities/remove", bob.token(), &unlink(PASSWORD));
    assert_eq!(linked(&token).as_array().unwrap().len(), 1, "nobody unlinks what is somebody else's");
    server.ok("POST /me/identities/remove", &token, &unlink(PASSWORD));
    assert_eq!(linked(&token), json!([]));
    // Now nobody here is known by it, and somebody new becomes it.
    let refused = refusal_of(&Browser::default().signs_in(&server));
    assert_eq!(refused, (409, "not-linked".into()));
    let (_, mut new) = guest(&server).await;
    ok(&new.signs_in(&server));
    let only = linked(new.token())[0]["identity"].clone();
    let refused = server.refused("POST /me/identities/remove", new.token(), &json!({"identity": only}));
    assert_eq!(refused, (409, "last-way-in".into()));
}

#[tokio::test]
async fn what_is_known_by_a_provider_is_exported_and_goes_with_the_person() {
    let provider = Provider::start("subject-that-is-nobodys-business");
    let mut server = server_of("provider-erased", &provider);
    let (_, mut browser) = guest(&server).await;
    let you = ok(&browser.signs_in(&server));
    let export = server.ask("GET /me/export", browser.token(), &json!(null)).text();
    assert!(export.contains("\"identities\":[{") && export.contains("\"provider\":\"Acme\""), "{export}");
    server.ok("POST /me/delete", browser.token(), &json!({}));
    let (_, mut other) = guest(&server).await;
    assert_ne!(ok(&other.signs_in(&server))["id"], you["id"], "who comes now is somebody else");
    server.stop();
    for entry in std::fs::read_dir(server.folder.path().join("parlor-data")).unwrap() {
        let path = entry.unwrap().path();
        let octets = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        let subject = b"subject-that-is-nobodys-business";
        let has_it = octets.windows(subject.len()).any(|some| some == subject);
        assert!(!has_it, "what the provider calls somebody is in no file: {}", path.display());
    }
}

#[tokio::test]
async fn who_asks_for_codes_is_asked_for_one_after_a_provider_too() {
    let provider = Provider::start("ada at acme");
    let server = server_of("provider-codes", &provider);
    let (_, mut browser) = guest(&server).await;
    ok(&browser.signs_in(&server));
    let begun = server.ok("POST /me/codes/begin", browser.token(), &json!({}));
    let key = begun["secret"].as_str().unwrap().to_owned();
    let set = json!({"sealed": begun["sealed"], "code": code(&key, now())});
    let told = server.ok("POST /me/codes", browser.token(), &set);
    let recovery = told["recovery_codes"][0].as_str().unwrap();

    let mut elsewhere = Browser::default();
    let answer = elsewhere.signs_in(&server);
    assert_eq!(refusal_of(&answer), (401, "code-needed".into()));
    assert!(!elsewhere.0.contains_key("parlor"), "nobody is signed in yet");
    let mut show = |code: &str| elsewhere.ask(&server, "/session/provider/code", &json!({"code": code}));
    assert_eq!(refusal_of(&show("")), (401, "code-needed".into()));
    assert_eq!(refusal_of(&show("0000-0000-0000-0000-0000")), (401, "wrong-code".into()));
    let me = server.ok("GET /me", browser.token(), &json!(null));
    assert_eq!(ok(&show(recovery))["id"], me["id"]);
    assert_eq!(refusal_of(&show(recovery)), over(), "what was shown before is not known any more");
    // Without having been vouched for, a code is worth nothing.
    let refused = Browser::default().ask(&server, "/session/provider/code", &json!({"code": recovery}));
    assert_eq!(refusal_of(&refused), over());
}

#[tokio::test]
async fn codes_are_not_guessed_after_a_provider_either() {
    let provider = Provider::start("ada at acme");
    let server = server_of("provider-guessed", &provider);
    let (_, mut browser) = guest(&server).await;
    ok(&browser.signs_in(&server));
    let begun = server.ok("POST /me/codes/begin", browser.token(), &json!({}));
    let key = begun["secret"].as_str().unwrap();
    let set = json!({"sealed": begun["sealed"], "code": code(key, now())});
    server.ok("POST /me/codes", browser.token(), &set);
    let mut elsewhere = Browser::default();
    elsewhere.signs_in(&server);
    super::server::until_too_many(|number| {
        let mut guesser = elsewhere.clone();
        // Coming anew from the provider in between gains nothing.
        if number % 2 == 1 {
            guesser.signs_in(&server);
        }
        guesser.ask(&server, "/session/provider/code", &json!({"code": "0000-0000-0000-0000-0000"}))
    });
}

#[tokio::test]
async fn whoever_is_banned_does_not_come_in_by_a_provider() {
    let provider = Provider::start("ada at acme");
    let server = server_of("provider-banned", &provider);
    let (_, mut browser) = guest(&server).await;
    let you = ok(&browser.signs_in(&server));
    let mut owner = server.owner().await;
    owner.ok(json!({"type": "ban", "person": you["id"], "reason": "no"})).await;
    assert_eq!(refusal_of(&Browser::default().signs_in(&server)), (409, "banned".into()));
}
