//! Codes besides the password: as an authenticator shows them, and those for the day on which it is lost.

use parlor_tests::authenticator_app::{code, now};
use serde_json::{Value, json};

use super::server::{PASSWORD, Server, token_of, until_too_many};

/// A code that is none of those that are good now or soon.
fn wrong(key: &str) -> String {
    let good: Vec<String> = (now() - 2..now() + 20).map(|step| code(key, step)).collect();
    (0..100).map(|number| format!("{number:06}")).find(|code| !good.contains(code)).unwrap()
}

/// Sets up codes with the code of this moment. Returns the key and the recovery codes.
fn set_up(server: &Server, token: &str) -> (String, Vec<String>) {
    let begun = server.ok("POST /me/codes/begin", token, &json!({}));
    let key = begun["secret"].as_str().unwrap().to_owned();
    let mut asked = json!({"sealed": begun["sealed"], "password": PASSWORD, "code": wrong(&key)});
    assert_eq!(server.refused("POST /me/codes", token, &asked), (401, "wrong-code".into()));
    asked["code"] = code(&key, now()).into();
    let told = server.ok("POST /me/codes", token, &asked);
    (key, recovery_codes(&told))
}

fn recovery_codes(told: &Value) -> Vec<String> {
    told["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

fn sign_in(code: &str) -> Value {
    json!({"name": "Ada", "password": PASSWORD, "code": code})
}

#[tokio::test]
async fn who_asks_for_codes_signs_in_with_one_that_was_never_used() {
    let mut server = Server::start("codes");
    let (_, token) = server.claimed("Ada").await;
    let (key, recovery) = set_up(&server, &token);
    let me = server.ok("GET /me", &token, &json!(null));
    assert_eq!((&me["account"]["codes"], &me["account"]["recovery_codes"]), (&json!(true), &json!(10)));
    server.kill_and_start();
    assert_eq!(server.refused("POST /session", "", &sign_in("")), (401, "code-needed".into()));
    let unknown = json!({"name": "Ada", "password": "wrong horse battery", "code": code(&key, now())});
    assert_eq!(server.refused("POST /session", "", &unknown), (401, "wrong-password".into()));
    assert_eq!(server.refused("POST /session", "", &sign_in(&wrong(&key))), (401, "wrong-code".into()));
    // The next one, since this moment's may have been shown when codes were set up.
    let next = code(&key, now() + 1);
    let signed_in = server.ok("POST /session", "", &sign_in(&next));
    assert_eq!(server.back(&token_of(&signed_in)).await.name(), "Ada");
    assert_eq!(server.refused("POST /session", "", &sign_in(&next)), (401, "wrong-code".into()), "once");
    // Without the authenticator.
    let lost = format!(" {} ", recovery[3].to_uppercase());
    server.ok("POST /session", "", &sign_in(&lost));
    assert_eq!(server.refused("POST /session", "", &sign_in(&lost)), (401, "wrong-code".into()), "once");
    let me = server.ok("GET /me", &token, &json!(null));
    assert_eq!(me["account"]["recovery_codes"], 9);
}

#[tokio::test]
async fn new_recovery_codes_void_the_old_ones_and_codes_can_be_given_up() {
    let server = Server::start("codes-renewed");
    let (_, token) = server.claimed("Ada").await;
    let confirmed = json!({"password": PASSWORD});
    assert_eq!(server.refused("POST /me/codes/renew", &token, &confirmed), (403, "not-allowed".into()));
    let (_, old) = set_up(&server, &token);
    for path in ["/me/codes/renew", "/me/codes/remove"] {
        let refused = server.refused(&format!("POST {path}"), &token, &json!({}));
        assert_eq!(refused, (401, "wrong-password".into()), "{path}");
    }
    let new = recovery_codes(&server.ok("POST /me/codes/renew", &token, &confirmed));
    assert_eq!(server.refused("POST /session", "", &sign_in(&old[0])), (401, "wrong-code".into()));
    server.ok("POST /session", "", &sign_in(&new[0]));
    server.ok("POST /me/codes/remove", &token, &confirmed);
    server.sign_in("Ada");
    let me = server.ok("GET /me", &token, &json!(null));
    assert_eq!((&me["account"]["codes"], &me["account"]["recovery_codes"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn nobody_sets_up_codes_with_a_secret_that_was_made_for_somebody_else() {
    let server = Server::start("codes-foreign");
    let (_, ada) = server.claimed("Ada").await;
    let (_, bob) = server.claimed("Bob").await;
    let begun = server.ok("POST /me/codes/begin", &bob, &json!({}));
    let code = code(begun["secret"].as_str().unwrap(), now());
    let mut asked = json!({"sealed": begun["sealed"], "password": PASSWORD, "code": code});
    assert_eq!(server.refused("POST /me/codes", &ada, &asked), (401, "wrong-code".into()));
    asked["password"] = "wrong horse battery".into();
    assert_eq!(server.refused("POST /me/codes", &bob, &asked), (401, "wrong-password".into()));
}

#[tokio::test]
async fn code_brute_force() {
    let server = Server::start("codes-guessed");
    let (_, token) = server.claimed("Ada").await;
    let (key, recovery) = set_up(&server, &token);
    // Who knows the password gains nothing by showing it without a code in between.
    until_too_many(|number| {
        let guess = match number % 3 {
            0 => wrong(&key),
            1 => String::new(),
            _ => "0000-0000-0000-0000-0000".to_owned(),
        };
        server.ask("POST /session", "", &sign_in(&guess))
    });
    let key_and_codes = server.ok("GET /me", &token, &json!(null)).to_string();
    assert!(!key_and_codes.contains(&key) && !key_and_codes.contains(&recovery[0]));
}
