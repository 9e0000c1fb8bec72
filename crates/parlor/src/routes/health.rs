//! Whether the server lives, and whether it can do its work, for those who start it again or send it visitors.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parlor_chat::PersonId;

use crate::readers::Job;
use crate::space::Space;

/// `/healthz`: it answers. `/readyz`: it can read what it keeps, too.
pub(super) const PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The routes.
pub(crate) fn health(space: Arc<Space>) -> Router {
    Router::new()
        .route(PATHS[0], get(async || told(StatusCode::OK, "alive\n")))
        .route(PATHS[1], get(ready))
        .with_state(space)
}

async fn ready(State(space): State<Arc<Space>>) -> Response {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let asked = Arc::clone(&space);
    space.read(Job::new(move || {
        let read = asked.chat().view(PersonId::SERVER, |view| Ok(view.position()?));
        // Whoever asked may have closed the connection.
        let _ = answer.send(read.is_ok());
    }));
    if answered.await.unwrap_or(false) {
        told(StatusCode::OK, "ready\n")
    } else {
        told(StatusCode::SERVICE_UNAVAILABLE, "The data cannot be read.\n")
    }
}

/// An answer that is true only now.
fn told(status: StatusCode, sentence: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], sentence).into_response()
}
