//! Every route for every kind of caller, as the table in docs/accounts.md has it.

use parlor_tests::http1::ask_with;
use serde_json::json;

use crate::server::{PASSWORD, Server, refusal_of};

/// Somebody who calls a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    /// Who shows a token that this server has not made.
    Forger,
    Guest,
    /// A guest who has left for good.
    DepartedGuest,
    BannedGuest,
    Account,
    Moderator,
    Owner,
    /// Who shows the token of a session that was ended.
    SignedOut,
    BannedAccount,
    /// Who has erased themselves.
    Erased,
}

use Caller::*;

const CALLERS: [Caller; 11] = [
    Nobody,
    Forger,
    Guest,
    DepartedGuest,
    BannedGuest,
    Account,
    Moderator,
    Owner,
    SignedOut,
    BannedAccount,
    Erased,
];

impl Caller {
    /// Whether they are whom the table names so.
    fn is(self, who: &str) -> bool {
        let is_guest = matches!(self, Guest | BannedGuest);
        let has_account = matches!(self, Account | Moderator | Owner | BannedAccount);
        match who {
            // What these two need besides is not who calls.
            "anybody" | "who was vouched for" | "whoever is signed out" => true,
            "somebody" => is_guest || has_account,
            "a guest" => is_guest,
            "an account" => has_account,
            other => panic!("the table names {other:?}, of whom this test knows nothing"),
        }
    }
}

/// A server with everybody on it.
struct Town {
    server: Server,
    owner: parlor_tests::client::Client,
    people: usize,
}

impl Town {
    async fn open(name: &str) -> Town {
        let server = Server::start(name);
        let owner = server.owner().await;
        Town { server, owner, people: 0 }
    }

    /// A token of somebody of this kind, good for one call: the call may be their last.
    async fn token(&mut self, caller: Caller) -> String {
        self.people += 1;
        let name = format!("caller-{}", self.people);
        let everything = json!({});
        match caller {
            Nobody => String::new(),
            Forger => {
                let token = self.server.guest().await.token;
                let (rest, _) = token.rsplit_once('.').unwrap();
                format!("{rest}.{}", "A".repeat(token.len() - rest.len() - 1))
            }
            Guest => self.server.guest().await.token,
            DepartedGuest => {
                let token = self.server.guest().await.token;
                self.server.ok("POST /session/end", &token, &everything);
                token
            }
            BannedGuest => {
                let guest = self.server.guest().await;
                self.ban(guest.id()).await;
                guest.token
            }
            Account => self.server.claimed(&name).await.1,
            Moderator | Owner => {
                let (client, token) = self.server.claimed(&name).await;
                let role = if caller == Owner { "owner" } else { "moderator" };
                let order = json!({"type": "set_server_role", "person": client.id(), "role": role});
                self.owner.ok(order).await;
                token
            }
            SignedOut => {
                let (_, token) = self.server.claimed(&name).await;
                self.server.ok("POST /session/end", &token, &everything);
                token
            }
            BannedAccount => {
                let (client, token) = self.server.claimed(&name).await;
                self.ban(client.id()).await;
                token
            }
            Erased => {
                let (_, token) = self.server.claimed(&name).await;
                self.server.ok("POST /me/delete", &token, &json!({"password": PASSWORD}));
                token
            }
        }
    }

    async fn ban(&mut self, person: &str) {
        self.owner.ok(json!({"type": "ban", "person": person, "reason": "for the test"})).await;
    }
}

/// Routes and who may call them, out of the document.
fn documented() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/accounts.md")).unwrap();
    let (_, section) = text.split_once("## Routes\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let routes = rows.filter(|(route, _)| route.contains(" /"));
    routes.map(|(route, rest)| (route.to_owned(), rest.split(" |").next().unwrap().to_owned())).collect()
}

/// A call that says nothing changes nothing of an account that asks for a password, and is answered all the same.
#[tokio::test]
async fn a_route_lets_those_call_it_whom_the_table_names_and_nobody_else() {
    let mut town = Town::open("routes").await;
    let routes = documented();
    assert!(routes.len() > 20, "{routes:?}");
    for (route, who) in &routes {
        for caller in CALLERS {
            let token = town.token(caller).await;
            let answer = town.server.ask(route, &token, &json!({}));
            let (status, code) = refusal_of(&answer);
            let is_turned_away = status == 401 && code == "not-signed-in";
            assert_eq!(is_turned_away, !caller.is(who), "{route} for {caller:?}: {status} {code}");
            assert!(status < 500, "{route} for {caller:?}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn no_route_does_anything_for_another_site_or_by_another_method() {
    let mut town = Town::open("routes-crossed").await;
    for (route, _) in documented() {
        let token = town.token(Account).await;
        let cookie = format!("Cookie: parlor={token}");
        let (method, path) = route.split_once(' ').unwrap();
        let foreign: &[&[&str]] = &[
            &[&cookie],
            &[&cookie, "X-Parlor: 1", "Origin: https://evil.example"],
            &[&cookie, "X-Parlor: 1", "Sec-Fetch-Site: cross-site"],
            &[&cookie, "X-Parlor: 1", "Origin: null"],
        ];
        for lines in foreign.iter().filter(|_| method != "GET") {
            let answer = ask_with(&town.server.address, &route, lines, b"{}");
            assert_eq!(answer.status, 403, "{route} with {lines:?}: {}", answer.text());
        }
        for other in ["GET", "POST", "PUT", "DELETE", "PATCH"].iter().filter(|other| **other != method) {
            let known = documented().iter().any(|(route, _)| *route == format!("{other} {path}"));
            let answer = town.server.ask(&format!("{other} {path}"), &token, &json!({}));
            assert!(known || answer.status == 405, "{other} {path}: {}", answer.status);
        }
        let still = town.server.ask("GET /me", &token, &json!({}));
        assert_eq!(still.status, 200, "{route} was called from elsewhere, and did something");
    }
}

#[tokio::test]
async fn what_is_nobodys_is_answered_the_same_whoever_asks() {
    let mut town = Town::open("routes-unknown").await;
    for path in ["/me/", "/me/nothing", "/session/x", "/me/%2e%2e/session", "/ME", "/me/export/../.."] {
        let mut answers = Vec::new();
        for caller in [Nobody, Guest, Owner] {
            let token = town.token(caller).await;
            answers.push(refusal_of(&town.server.ask(&format!("GET {path}"), &token, &json!({}))));
        }
        assert!(answers.iter().all(|answer| answer.0 == 404), "{path}: {answers:?}");
    }
}
