//! A browser as a test has it: cookies, our own page's requests, and the way to a provider and back.

use std::collections::HashMap;

use parlor_tests::client::Client;
use parlor_tests::http1::{Answer, ask, ask_with};
use parlor_tests::provider::Provider;
use serde_json::{Value, json};

use super::server::Server;

/// A server that people sign in to by this provider, called Acme.
pub(crate) fn server_of(name: &str, provider: &Provider) -> Server {
    Server::start_with(name, &provider.settings("Acme"))
}

/// A browser: what it has in its cookies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser(pub(crate) HashMap<String, String>);

/// What a browser comes back with.
pub(crate) type Back = HashMap<String, String>;

impl Browser {
    /// One in which somebody is this.
    pub(crate) fn of(token: &str) -> Browser {
        Browser(HashMap::from([("parlor".to_owned(), token.to_owned())]))
    }

    pub(crate) fn token(&self) -> &str {
        &self.0["parlor"]
    }

    /// Asks a route as our own page does.
    pub(crate) fn ask(&mut self, server: &Server, path: &str, body: &Value) -> Answer {
        let cookies: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (origin, cookies) =
            (format!("Origin: {}", server.origin()), format!("Cookie: {}", cookies.join("; ")));
        let lines = ["X-Parlor: 1", "Sec-Fetch-Site: same-origin", &origin, &cookies];
        let answer = ask_with(&server.address, &format!("POST {path}"), &lines, body.to_string().as_bytes());
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            assert!(cookie.contains("; HttpOnly; SameSite="), "{cookie}");
            let (pair, rest) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) fn ok(&mut self, server: &Server, path: &str, body: &Value) -> Value {
        let answer = self.ask(server, path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Goes to the provider to sign in, and comes back.
    pub(crate) fn goes(&mut self, server: &Server) -> Back {
        let begun = self.ok(server, "/session/provider/begin", &json!({"provider": "Acme"}));
        back(server, begun["url"].as_str().unwrap())
    }

    /// Hands in what it came back with.
    pub(crate) fn hands_in(&mut self, server: &Server, back: &Back) -> Answer {
        self.ask(server, "/session/provider", &json!(back))
    }

    pub(crate) fn signs_in(&mut self, server: &Server) -> Answer {
        let back = self.goes(server);
        self.hands_in(server, &back)
    }
}

/// Follows an address to the provider, and back to the server's own page.
pub(crate) fn back(server: &Server, url: &str) -> Back {
    let (address, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let answer = ask(address, &format!("GET /{target}"), &[]);
    assert_eq!(answer.status, 302, "{}", answer.text());
    let location = answer.header("location").unwrap();
    let (page, query) = location.split_once('?').unwrap();
    assert_eq!(page, format!("{}/signed-in", server.origin()));
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(crate) fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// A guest who has come, in a browser.
pub(crate) async fn guest(server: &Server) -> (Client, Browser) {
    let guest = server.guest().await;
    let browser = Browser::of(&guest.token);
    (guest, browser)
}

pub(crate) fn over() -> (u16, String) {
    (401, "sign-in-over".to_owned())
}
