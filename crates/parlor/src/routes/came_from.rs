//! Where a request comes from, as far as the server and its trusted proxies know.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::Rules;

/// An extension of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CameFrom {
    /// The client's address. `None` on a Unix socket where no proxy names one.
    pub(crate) address: Option<IpAddr>,
    /// Whether the client came by https, so that a cookie may ask for it and the browser be told to stay with it.
    pub(crate) is_secure: bool,
}

pub(super) async fn note(State(rules): State<Arc<Rules>>, mut request: Request, next: Next) -> Response {
    let from = CameFrom {
        address: rules.proxies.client_of_request(&request),
        is_secure: rules.is_tls || rules.proxies.say_https(&request),
    };
    tracing::trace!(address = from.address.map(tracing::field::display), secure = from.is_secure, "came");
    request.extensions_mut().insert(from);
    next.run(request).await
}
