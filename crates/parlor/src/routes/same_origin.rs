//! What changes something comes from our own page or from a program, never from a foreign page in somebody's browser.
//!
//! A browser sends its cookies along whatever page asks it to. So a request with a method that may change something has to
//! show three things, each of which a foreign page fails at by itself:
//!
//! - `X-Parlor`, whatever its value: no form can set it, and a script of another origin would have to ask first
//!   (CORS), which is never allowed;
//! - `Sec-Fetch-Site: same-origin`, if the browser says where the request is from;
//! - an `Origin` of ours, if there is one.
//!
//! A program sends neither of the last two. WebSockets open by GET and are judged by their handshake.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use websocket_hub::Origins;

/// The header that is asked for, in lower case.
const HEADER: &str = "x-parlor";

/// A browser's word on where a request is from (Fetch Metadata).
const SITE: &str = "sec-fetch-site";

/// Lets a request through to its route, or refuses it with 403.
pub(super) async fn guard(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    match objection(&origins, &request) {
        Some(sentence) => (StatusCode::FORBIDDEN, sentence).into_response(),
        None => next.run(request).await,
    }
}

/// What there is against a request, if anything.
fn objection<B>(origins: &Origins, request: &axum::http::Request<B>) -> Option<&'static str> {
    // CONNECT opens a WebSocket over HTTP/2.
    if [Method::GET, Method::HEAD, Method::OPTIONS, Method::CONNECT].contains(request.method()) {
        return None;
    }
    let headers = request.headers();
    if !headers.get_all(SITE).iter().all(|site| site == "same-origin") || !origins.permit(request) {
        return Some("This request comes from a page of another origin, which may change nothing here.\n");
    }
    (!headers.contains_key(HEADER))
        .then_some("A request that may change something needs the header X-Parlor, with any value.\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn only_our_own_page_and_programs_change_something() {
        let ours = ("origin", "https://chat.example.org");
        let site = |site| (SITE, site);
        for (headers, may) in [
            (vec![(HEADER, "1")], true),
            (vec![(HEADER, "1"), ours, site("same-origin")], true),
            (vec![(HEADER, "1"), ours], true),
            (vec![], false),
            (vec![ours, site("same-origin")], false),
            (vec![(HEADER, "1"), ours, site("cross-site")], false),
            (vec![(HEADER, "1"), ours, site("same-site")], false),
            (vec![(HEADER, "1"), ours, site("none")], false),
            (vec![(HEADER, "1"), ours, site("same-origin"), site("cross-site")], false),
            (vec![(HEADER, "1"), ("origin", "https://evil.example")], false),
            (vec![(HEADER, "1"), ("origin", "https://example.org")], false),
            (vec![(HEADER, "1"), ("origin", "null")], false),
            (vec![(HEADER, "1"), ours, ours], false),
        ] {
            for method in ["POST", "PUT", "PATCH", "DELETE", "BREW"] {
                let request = Request::builder().method(method).header("host", "chat.example.org");
                let request =
                    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
                let request = request.body(()).unwrap();
                assert_eq!(objection(&Origins::same(), &request).is_none(), may, "{method} {headers:?}");
            }
        }
    }

    #[test]
    fn what_changes_nothing_needs_nothing() {
        for method in ["GET", "HEAD", "OPTIONS", "CONNECT"] {
            let request = Request::builder().method(method).header(SITE, "cross-site").body(()).unwrap();
            assert_eq!(objection(&Origins::same(), &request), None, "{method}");
        }
    }
}
