//! How large a request may be, and how long it may take.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;

use super::Rules;
use super::table::ROUTES;

/// Octets of a header beside its name and value: a colon, a space and the end of the line.
const AROUND: usize = 4;

/// Refuses headers that are too large, with 431.
pub(super) async fn head(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    if head_len(request.headers()) > rules.max_head {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return (status, "The headers are too large.\n").into_response();
    }
    next.run(request).await
}

fn head_len(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND).sum()
}

/// Refuses a body that says that it is too large, cuts off one that is, and bounds the time until the answer. Routes that
/// take a body as it comes have limits of their own.
pub(super) async fn body_and_time(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    if is_streamed(&request) {
        return next.run(request).await;
    }
    let len = request.headers().get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
    if len.is_some_and(|len: u64| usize::try_from(len).map_or(true, |len| len > rules.max_body)) {
        return (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.\n").into_response();
    }
    let request = request.map(|body| Body::new(Limited::new(body, rules.max_body)));
    match tokio::time::timeout(rules.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "The request took too long.\n").into_response(),
    }
}

/// Whether a route takes the body as it comes.
fn is_streamed(request: &Request) -> bool {
    let is_it = |path, method| request.uri().path() == path && request.method() == method;
    ROUTES.iter().any(|route| route.streams && is_it(route.path, route.method))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::time::Duration;

    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::{get, post};
    use tower_service::Service;
    use websocket_hub::{Origins, Proxies};

    use super::*;

    /// What some routes answer under narrow limits.
    async fn status(request: axum::http::request::Builder, body: Body) -> u16 {
        let rules = Rules {
            origins: Origins::same(),
            proxies: Proxies::none(),
            hosts: None,
            max_head: 1024,
            max_body: 100,
            request_timeout: Duration::from_millis(50),
            is_tls: false,
            hsts: 0,
        };
        let routes = Router::new()
            .route("/count", post(async |body: Bytes| body.len().to_string()))
            .route("/never", get(async || std::future::pending::<()>().await));
        let mut app = super::super::under(rules, routes);
        let request = request.header("x-parlor", "1").body(body).unwrap();
        let ready: Result<(), Infallible> = poll_fn(|cx| Service::<Request>::poll_ready(&mut app, cx)).await;
        ready.unwrap();
        app.call(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_request_is_as_large_as_the_settings_allow() {
        let post = || Request::post("/count");
        for (len, expected) in [(0, 200), (100, 200), (101, 413), (100_000, 413)] {
            assert_eq!(status(post(), Body::from(vec![0; len])).await, expected, "{len} octets");
            let said = post().header("content-length", len);
            assert_eq!(status(said, Body::from(vec![0; len])).await, expected, "{len} octets, said before");
        }
        let lie = post().header("content-length", "18446744073709551615");
        assert_eq!(status(lie, Body::empty()).await, 413);
        // Of 1024 octets, `X-Parlor: 1` and the name of the other one take 13 and 5.
        for (len, expected) in [(1006, 200), (1007, 431)] {
            let request = post().header("x", "y".repeat(len));
            assert_eq!(status(request, Body::empty()).await, expected, "{len} octets");
        }
    }

    #[tokio::test]
    async fn a_request_takes_as_long_as_the_settings_allow() {
        assert_eq!(status(Request::get("/never"), Body::empty()).await, 408, "no answer");
        let body = Body::new(Never);
        assert_eq!(status(Request::post("/count"), body).await, 408, "a body that does not end");
    }

    /// A body that never comes.
    struct Never;

    impl http_body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            std::task::Poll::Pending
        }
    }
}
