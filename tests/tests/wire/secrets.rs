//! What is never told, however much is told.

use std::fmt::Write;

use parlor_tests::client::Client;
use parlor_tests::http1::{ask, ask_with};
use parlor_tests::process::Folder;
use serde_json::json;

use crate::certificates::{Certificate, FLAGS};
use crate::server::{SOON, Server};

#[tokio::test]
async fn the_log_has_no_token_cookie_password_or_key_at_any_level() {
    let mut server = Server::start("secrets", &["--log", "trace"]);
    let address = format!("ws://{}", server.address);
    let mut anna = Client::new(&address).await;
    let said = json!({ "type": "post", "room": "0000000000001", "text": "whispered words" });
    anna.ask(said).await;
    let token = anna.token.clone();
    drop(anna);
    let back = Client::back(&address, &token).await;
    drop(back);
    let (host, bearer) = (server.address.clone(), token.clone());
    let asked = move || {
        let cookie = format!("Cookie: parlor={bearer}");
        ask(&host, "GET /?token=in-the-query", &[&cookie]);
        ask(&host, "GET /chat", &[&format!("Authorization: Bearer {bearer}x")]);
        let password = br#"{"name":"anna","password":"open sesame"}"#;
        for path in ["/session", "/me", "/nowhere"] {
            ask_with(&host, &format!("POST {path}"), &["X-Parlor: 1", &cookie], password);
        }
        ask(&host, "GET /", &[]).header("set-cookie").expect("somebody new is given a cookie").to_owned()
    };
    let cookie = tokio::task::spawn_blocking(asked).await.unwrap();
    let given = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    assert!(server.process.terminate(SOON).success());
    let told = server.told();
    assert!(told.contains("TRACE") && told.contains("opened") && told.contains("answered"), "{told}");

    let secret = std::fs::read(server.folder.path().join("parlor-data/secret")).unwrap();
    let secret = secret.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    });
    let signature = |token: &str| token.rsplit_once('.').unwrap().1.to_owned();
    for hidden in [
        &token,
        &signature(&token),
        &given,
        &signature(&given),
        &secret,
        "in-the-query",
        "open sesame",
        "whispered words",
    ] {
        assert!(!told.to_lowercase().contains(&hidden.to_lowercase()), "{hidden} is in: {told}");
    }
}

#[test]
fn the_log_has_nothing_of_the_key_of_tls() {
    let folder = Folder::new("secret-key");
    let certificate = Certificate::new();
    certificate.write(folder.path());
    let mut server = Server::start_in(folder, &[&FLAGS[..], &["--log", "trace"]].concat());
    assert_eq!(certificate.ask(&server.address, "GET /healthz").status, 200);
    server.process.signal("HUP");
    server.process.line_with("was read again", SOON);
    assert!(server.process.terminate(SOON).success());
    let (told, key) = (server.told(), certificate.key());
    assert!(told.contains("answered"), "{told}");
    assert!(!told.contains("PRIVATE KEY") && !told.contains(key.lines().nth(1).unwrap()), "{told}");
}
