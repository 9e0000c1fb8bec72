//! Under which names the server answers: a page that has made another name point here gets nothing (DNS rebinding), and
//! no answer is made of a name that a stranger chose.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Rules;
use super::health::PATHS;

pub(super) async fn check(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let is_known = rules.hosts.as_ref().is_none_or(|hosts| is_for(hosts, &request));
    // Who looks whether the server lives often knows its address alone.
    if is_known || PATHS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "This server does not go by that name.\n").into_response()
}

/// Whether every name that a request calls us by is one of ours, and there is one.
fn is_for<B>(hosts: &[String], request: &axum::http::Request<B>) -> bool {
    let ours = |name: &Authority| hosts.contains(&name.host().to_lowercase());
    let said: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let said_ours = said.iter().all(|value| {
        let name = value.to_str().ok().and_then(|value| value.parse::<Authority>().ok());
        name.is_some_and(|name| !name.as_str().contains('@') && ours(&name))
    });
    let asked = request.uri().authority();
    said_ours && asked.is_none_or(ours) && said.len() + usize::from(asked.is_some()) > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn every_name_that_a_request_says_has_to_be_ours() {
        let hosts = ["chat.example.org".to_owned(), "[::1]".to_owned()];
        for (uri, said, is_ours) in [
            ("/", vec!["chat.example.org"], true),
            ("/", vec!["CHAT.example.org:8443"], true),
            ("/", vec!["[::1]:80"], true),
            ("https://chat.example.org/", vec![], true),
            ("https://chat.example.org/", vec!["chat.example.org"], true),
            ("/", vec![], false),
            ("/", vec![""], false),
            ("/", vec!["evil.example"], false),
            ("/", vec!["chat.example.org.evil.example"], false),
            ("/", vec!["chat.example.org@evil.example"], false),
            ("/", vec!["evil.example@chat.example.org"], false),
            ("/", vec!["chat.example.org", "evil.example"], false),
            ("https://evil.example/", vec!["chat.example.org"], false),
            ("https://chat.example.org/", vec!["evil.example"], false),
        ] {
            let request = said.iter().fold(Request::get(uri), |request, host| request.header("host", *host));
            assert_eq!(is_for(&hosts, &request.body(()).unwrap()), is_ours, "{said:?} for {uri}");
        }
    }
}
