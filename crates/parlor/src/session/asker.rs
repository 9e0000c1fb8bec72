//! Who asks: all that it takes to answer one request.

use std::sync::Arc;

use parlor_chat::PersonId;
use serde_json::value::RawValue;
use websocket_hub::WebSocket;

use crate::space::Space;
use crate::wire::WireError;

/// What it takes to answer one request.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) space: Arc<Space>,
    pub(super) ws: WebSocket,
    pub(super) person: PersonId,
}

impl Asker {
    /// Answers a request that was not done.
    pub(super) fn refuse(&self, id: Option<&RawValue>, error: impl Into<WireError>) {
        self.space.answer(&self.ws, error.into().line(id));
    }
}
