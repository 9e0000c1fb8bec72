//! The server of a test, and requests to its routes.

use std::time::Duration;

use http::{HeaderValue, header};
use parlor_tests::client::Client;
use parlor_tests::http1::{Answer, ask_with};
use parlor_tests::process::{Folder, Process};
use serde_json::{Value, json};
use websocket_client::Connector;

/// How long starting may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A password that nobody guesses.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server with its data.
pub(crate) struct Server {
    process: Process,
    pub(crate) folder: Folder,
    /// Such as `127.0.0.1:4711`.
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(name: &str) -> Server {
        Server::start_with(name, "")
    }

    /// With these settings.
    pub(crate) fn start_with(name: &str, settings: &str) -> Server {
        let folder = Folder::new(name);
        std::fs::write(folder.path().join("parlor.toml"), settings).unwrap();
        let (process, address) = run(&folder);
        Server { process, folder, address }
    }

    /// One that was started otherwise.
    pub(crate) fn running(process: Process, folder: Folder, address: String) -> Server {
        Server { process, folder, address }
    }

    /// Kills the server as a power cut does, and starts it again where it was.
    pub(crate) fn kill_and_start(&mut self) {
        self.process.kill();
        (self.process, self.address) = run(&self.folder);
    }

    pub(crate) fn stop(&mut self) {
        let status = self.process.terminate(SOON);
        assert!(status.success(), "{status}{}", self.process.report());
    }

    /// Starts the server again where it was.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.address) = run(&self.folder);
    }

    fn websocket(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Somebody new.
    pub(crate) async fn guest(&self) -> Client {
        Client::new(&self.websocket()).await
    }

    /// Somebody who comes back with a token.
    pub(crate) async fn back(&self, token: &str) -> Client {
        Client::back(&self.websocket(), token).await
    }

    /// Who owns the server.
    pub(crate) async fn owner(&self) -> Client {
        let line = self.process.line_with("#own=", SOON);
        let (_, secret) = line.rsplit_once("#own=").unwrap();
        let mut owner = self.guest().await;
        owner.ok(json!({"type": "claim_ownership", "secret": secret})).await;
        owner
    }

    /// The close code of a connection with a token that is good for nothing.
    pub(crate) async fn turned_away(&self, token: &str) -> u16 {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        let connector = Connector::new().subprotocols(["parlor.v1"]).header(header::AUTHORIZATION, bearer);
        let mut ws = connector.connect(&self.websocket()).await.unwrap();
        if let Some(message) = ws.recv().await {
            panic!("{token} was welcomed: {message:?}");
        }
        ws.closed().unwrap().code.get()
    }

    /// Asks a route as a program does.
    pub(crate) fn ask(&self, first: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        let lines = ["X-Parlor: 1", &bearer];
        let body = if first.starts_with("GET") { Vec::new() } else { body.to_string().into_bytes() };
        ask_with(&self.address, first, if token.is_empty() { &lines[..1] } else { &lines }, &body)
    }

    /// Asks a route as our own page does, in a browser that has this token.
    pub(crate) fn as_page(&self, path: &str, token: &str, body: &Value) -> Answer {
        let (origin, cookie) = (format!("Origin: {}", self.origin()), format!("Cookie: parlor={token}"));
        let lines = ["X-Parlor: 1", "Sec-Fetch-Site: same-origin", &origin, &cookie];
        ask_with(&self.address, &format!("POST {path}"), &lines, body.to_string().as_bytes())
    }

    /// The origin of our own page.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a route answers that does what it is asked.
    pub(crate) fn ok(&self, first: &str, token: &str, body: &Value) -> Value {
        let answer = self.ask(first, token, body);
        assert_eq!(answer.status, 200, "{first}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The status and the code with which a route refuses what it is asked.
    pub(crate) fn refused(&self, first: &str, token: &str, body: &Value) -> (u16, String) {
        let answer = self.ask(first, token, body);
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(
            problem["message"].as_str().is_some_and(|sentence| sentence.ends_with('.')),
            "{}",
            answer.text()
        );
        (answer.status, problem["code"].as_str().unwrap().to_owned())
    }

    /// A guest who has claimed a name, and the token of their new session.
    pub(crate) async fn claimed(&self, name: &str) -> (Client, String) {
        let guest = self.guest().await;
        let you = self.ok("POST /session/claim", &guest.token, &json!({"name": name, "password": PASSWORD}));
        assert_eq!((&you["id"], &you["name"]), (&json!(guest.id()), &json!(name)));
        (guest, token_of(&you))
    }

    /// Signs in, and returns the token of the new session.
    pub(crate) fn sign_in(&self, name: &str) -> String {
        token_of(&self.ok("POST /session", "", &json!({"name": name, "password": PASSWORD})))
    }
}

pub(crate) fn token_of(you: &Value) -> String {
    you["token"].as_str().expect("a program is given a token").to_owned()
}

/// The token that a page is given, which it cannot read.
pub(crate) fn cookie_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").expect("a page is given a cookie");
    cookie["parlor=".len()..cookie.find(';').unwrap()].to_owned()
}

/// The status and the code of a refusal.
pub(crate) fn refusal_of(answer: &Answer) -> (u16, String) {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, problem["code"].as_str().unwrap_or_default().to_owned())
}

/// Tries what is wrong, by number, until that is too often: after more than five that were told to be wrong, and in time.
pub(crate) fn until_too_many(attempt: impl Fn(usize) -> Answer) {
    // On a busy machine, hashing may take longer than the first waits; each is twice as long as the one before.
    let mut statuses = Vec::new();
    let refused = loop {
        let answer = attempt(statuses.len());
        if answer.status == 429 {
            break answer;
        }
        statuses.push(answer.status);
        assert!(statuses.len() < 16, "{statuses:?}");
    };
    assert!(statuses.len() > 5 && statuses.iter().all(|status| *status == 401), "{statuses:?}");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

fn run(folder: &Folder) -> (Process, String) {
    let process = Process::start("parlor", &["--listen", "127.0.0.1:0"], folder);
    let line = process.line_with("listening on http://", SOON);
    (process, line.replace("listening on http://", ""))
}
