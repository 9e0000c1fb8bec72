//! A number for each request, so that what somebody saw can be found in the log.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::identity::random;

/// The header of the answer.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Answers within a span of the request's number, and says the number in the answer. What a request calls itself is no
/// matter: it could be anybody's.
pub(super) async fn give(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", random());
    // Not the query, which may hold a secret.
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let answered = async {
        let response = next.run(request).await;
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    };
    let mut response = answered.instrument(span).await;
    let id = HeaderValue::try_from(id).expect("it is visible ASCII");
    response.headers_mut().insert(HEADER, id);
    response
}
