//! A request to a route: who calls, from where, and what they say.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use parlor_chat::{AccountChange, Action, PersonId, Receipt, SessionId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CameFrom;
use super::answer::{Answered, Problem, json};
use crate::account::{Attempt, device};
use crate::identity::{Signed, random};
use crate::space::Space;

/// Somebody who is signed in, with an account or as a guest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) signed: Signed,
    pub(crate) has_account: bool,
}

/// A request.
pub(crate) struct Call {
    pub(crate) space: Arc<Space>,
    pub(crate) caller: Option<Caller>,
    pub(crate) from: CameFrom,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body of a route that takes it as it comes; `body` is empty then, and this otherwise. Behind a
    /// lock that nobody waits for, so that a call can be shared.
    pub(crate) stream: Mutex<Body>,
}

/// Who somebody is from now on.
#[derive(Serialize)]
struct You {
    id: PersonId,
    name: String,
    /// Only for programs: a page has it in a cookie that scripts cannot read.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Call {
    /// What the body says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| Problem::bad_request(&error))
    }

    /// Who calls. The table of routes has let nobody else through.
    pub(crate) fn caller(&self) -> Result<Signed, Problem> {
        self.caller.map(|caller| caller.signed).ok_or_else(Problem::not_signed_in)
    }

    /// The origin of the page that calls, such as `https://chat.example.org:8443`. That it is our own was checked before
    /// the route.
    pub(crate) fn origin(&self) -> Result<&str, Problem> {
        let origin = self.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        origin.ok_or_else(Problem::no_page)
    }

    /// Proposes a change of an account.
    pub(crate) async fn change(&self, by: PersonId, change: AccountChange) -> Result<Receipt, Problem> {
        Ok(self.space.ask(by, Action::Account { change }).await?)
    }

    /// Begins an attempt at guessing something; it is a wrong one until it is said to be right.
    pub(crate) fn begin_attempt(&self, name: &str) -> Result<Attempt, Problem> {
        let attempt = self.space.counters.attempts.of(self.from.address, name);
        self.space.counters.attempts.begin(&attempt, Instant::now()).map_err(Problem::too_fast)?;
        Ok(attempt)
    }

    /// A session that nobody has had before, and what the device is called that it is for.
    pub(crate) fn new_session(&self) -> (SessionId, String) {
        (SessionId::new(Timestamp::now(), random()), device(&self.headers))
    }

    /// Tells somebody that they are signed in, and makes it so: in the page's cookie, or for a program by a token.
    pub(crate) async fn signed_in(&self, signed: Signed) -> Answered {
        let id = signed.person;
        let name = self.space.look(move |view| Ok(view.person(id)?)).await?.map(|found| found.nickname);
        // A browser says where a request is from that may change something.
        let is_program = !self.headers.contains_key(header::ORIGIN);
        let token = is_program.then(|| self.space.identities.token(signed));
        let response = json(&You { id, name: name.unwrap_or_default(), token });
        Ok(if is_program { response } else { self.with_cookie(response, signed) })
    }

    /// Puts the cookie of a session onto an answer.
    pub(crate) fn with_cookie(&self, mut response: Response, signed: Signed) -> Response {
        let cookie: HeaderValue = self.space.identities.cookie(signed, self.from.is_secure);
        response.headers_mut().append(header::SET_COOKIE, cookie);
        response
    }
}
