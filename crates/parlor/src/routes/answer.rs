//! What a route answers: JSON, and for what was not done the same codes and sentences as on a WebSocket.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlor_chat::{Failure, Refusal, Trouble};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

use crate::account::PasswordError;
use crate::wire::WireError;

/// After how many milliseconds it makes sense to ask a site again that did not answer.
const PROVIDER_AGAIN: u64 = 10_000;

/// An answer, or why there is none.
pub(crate) type Answered = Result<Response, Problem>;

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    error: WireError,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Problem { status, error: WireError::new(code, message) }
    }

    /// The body is not what the route takes.
    pub(crate) fn bad_request(error: &serde_json::Error) -> Self {
        Problem { status: StatusCode::BAD_REQUEST, error: WireError::bad_request(error) }
    }

    pub(crate) fn too_large() -> Self {
        let message = "This is too much for one request.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message)
    }

    /// The address does not say what it must.
    pub(crate) fn bad_parameter(message: &'static str) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// The same for a file that is not there as for one that is not for whoever asks.
    pub(crate) fn no_such_file() -> Self {
        Problem::new(StatusCode::NOT_FOUND, "no-such-file", "There is no such file, or not for you.")
    }

    /// With the milliseconds after which trying again makes sense, if it does.
    pub(crate) fn again(
        status: StatusCode,
        code: &'static str,
        message: String,
        retry_after: Option<u64>,
    ) -> Self {
        Problem { status, error: WireError { retry_after, ..WireError::new(code, message) } }
    }

    /// Nobody is signed in whom the route is for.
    pub(crate) fn not_signed_in() -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Sign in first.")
    }

    /// The same for a name that nobody has, a name that is not claimed, and a wrong password.
    pub(crate) fn wrong_password() -> Self {
        let message = "This name and this password do not belong together.";
        Problem::new(StatusCode::UNAUTHORIZED, "wrong-password", message)
    }

    /// The password is right, and a code is asked for besides.
    pub(crate) fn code_needed() -> Self {
        let message = "Type the code that your authenticator shows, or a recovery code.";
        Problem::new(StatusCode::UNAUTHORIZED, "code-needed", message)
    }

    /// The same for a code that was used before as for a wrong one.
    pub(crate) fn wrong_code() -> Self {
        let message = "This code is wrong, or was used already; take the next one.";
        Problem::new(StatusCode::UNAUTHORIZED, "wrong-code", message)
    }

    /// What the log says of a code, told as of every other.
    pub(crate) fn of_code(self) -> Self {
        if self.error.code == WireError::from(Refusal::CodeUsed).code { Problem::wrong_code() } else { self }
    }

    /// The same for whatever is wrong with a passkey, or if it is nobody's.
    pub(crate) fn wrong_passkey() -> Self {
        let message = "This passkey does not open anything here.";
        Problem::new(StatusCode::UNAUTHORIZED, "wrong-passkey", message)
    }

    /// What belongs to a page, and none is calling.
    pub(crate) fn no_page() -> Self {
        let message = "This is for pages: ask from one, so that its origin is said.";
        Problem::new(StatusCode::BAD_REQUEST, "no-page", message)
    }

    /// Nobody signs in by a site of this name.
    pub(crate) fn no_such_provider() -> Self {
        let message = "Nobody signs in here by a site of this name (any more).";
        Problem::new(StatusCode::NOT_FOUND, "no-such-provider", message)
    }

    /// The same whatever does not fit: the browser, the time, the page, or a code that was redeemed already.
    pub(crate) fn away_too_long() -> Self {
        let message = "This sign-in was not begun here, or too long ago, or is done; begin again.";
        Problem::new(StatusCode::UNAUTHORIZED, "sign-in-over", message)
    }

    /// A site vouches for somebody whom nobody here is, and who is no guest that could become it.
    pub(crate) fn not_linked() -> Self {
        let message =
            "Nobody here signs in by this yet. Come in as a guest first, or link it in your account.";
        Problem::new(StatusCode::CONFLICT, "not-linked", message)
    }

    /// The site does not answer.
    pub(crate) fn provider_down(name: &str) -> Self {
        let message = format!("{name} cannot be reached now. Try again in a while, or sign in another way.");
        let error = WireError::new("provider-down", message);
        let retry_after = Some(PROVIDER_AGAIN);
        Problem { status: StatusCode::SERVICE_UNAVAILABLE, error: WireError { retry_after, ..error } }
    }

    /// The site answers what cannot be.
    pub(crate) fn provider_invalid(name: &str) -> Self {
        let message = format!(
            "What {name} says of you is not in order. Sign in another way, and tell whoever runs this server."
        );
        Problem::new(StatusCode::BAD_GATEWAY, "provider-invalid", message)
    }

    /// The same for a link to nobody as for a wrong one.
    pub(crate) fn of_link(self) -> Self {
        match self.status {
            StatusCode::CONFLICT | StatusCode::UNAUTHORIZED => Refusal::LinkInvalid.into(),
            _ => self,
        }
    }

    /// Too many wrong attempts were made before.
    pub(crate) fn too_fast(wait: Duration) -> Self {
        Problem::again_after(wait, "There were too many wrong attempts; wait a while before the next.")
    }

    /// What is kept about somebody was written out too often.
    pub(crate) fn export_too_fast(wait: Duration) -> Self {
        Problem::again_after(wait, "This was asked for often enough; wait a while before the next time.")
    }

    fn again_after(wait: Duration, message: &'static str) -> Self {
        let wait = wait.max(Duration::from_secs(1));
        let error = WireError { message: message.into(), ..WireError::too_fast(wait) };
        Problem { status: StatusCode::TOO_MANY_REQUESTS, error }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Trouble::Busy.into(),
            PasswordError::Unfit => {
                let message = "A password has at least 8 characters, and no more than 1024 octets.";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password-invalid", message)
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NotAllowed => StatusCode::FORBIDDEN,
            Refusal::UnknownPerson => StatusCode::UNAUTHORIZED,
            _ => StatusCode::CONFLICT,
        };
        Problem { status, error: refusal.into() }
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        Problem { status: StatusCode::SERVICE_UNAVAILABLE, error: trouble.into() }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Trouble(trouble) => trouble.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = json(&self.error);
        *response.status_mut() = self.status;
        if let Some(milliseconds) = self.error.retry_after {
            // In seconds (RFC 9110 §10.2.3), never too early.
            response.headers_mut().insert(header::RETRY_AFTER, milliseconds.div_ceil(1_000).into());
        }
        response
    }
}

/// An answer in JSON, which no cache keeps.
pub(crate) fn json(value: &impl Serialize) -> Response {
    let body = serde_json::to_string(value).expect("these types have a JSON form");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_when_to_come_back() {
        let response = Problem::too_fast(Duration::from_millis(1_500)).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        let response = Problem::from(PasswordError::Busy).into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
            (503, &"1".parse().unwrap())
        );
        assert!(!Problem::wrong_password().into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
