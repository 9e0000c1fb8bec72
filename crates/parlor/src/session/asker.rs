//! Who asks: all that it takes to answer one request.

use std::sync::Arc;

use parlor_chat::PersonId;
use parlor_chat::view::View;
use serde_json::value::RawValue;
use websocket_hub::WebSocket;

use super::lane::Lane;
use crate::space::Space;
use crate::wire::WireError;

/// What it takes to answer one request.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) space: Arc<Space>,
    pub(super) ws: WebSocket,
    pub(super) person: PersonId,
    pub(super) lane: Arc<Lane>,
}

impl Asker {
    /// Has a question answered beside the event loops, after this connection's questions before it.
    pub(super) fn read(
        &self,
        id: Option<&RawValue>,
        searches: bool,
        question: impl FnOnce() + Send + 'static,
    ) {
        if self.lane.ask(&self.space, &self.ws, searches, question).is_err() {
            self.refuse(id, WireError::busy());
        }
    }

    /// Has a reading thread answer with the line that `find` makes of what whoever asks may see.
    pub(super) fn look(
        &self,
        id: Option<Box<RawValue>>,
        searches: bool,
        find: impl FnOnce(&Asker, &View<'_>, Option<&RawValue>) -> Result<String, WireError> + Send + 'static,
    ) {
        let (asker, answered) = (self.clone(), id.clone());
        self.read(id.as_deref(), searches, move || {
            let id = answered.as_deref();
            let line = asker.space.chat().view(asker.person, |view| Ok(find(&asker, view, id)));
            match line.map_err(WireError::from).and_then(|line| line) {
                Ok(line) => asker.space.answer(&asker.ws, line),
                Err(error) => asker.refuse(id, error),
            }
        });
    }

    /// Answers a request that was not done.
    pub(super) fn refuse(&self, id: Option<&RawValue>, error: impl Into<WireError>) {
        self.space.answer(&self.ws, error.into().line(id));
    }
}
