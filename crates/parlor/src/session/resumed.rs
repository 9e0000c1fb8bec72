//! A connection that the server before has left to this one: it goes on, and nobody is welcomed.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use parlor_chat::Position;
use websocket_hub::{Closed, Handler, Message, WebSocket};

use super::Session;
use super::json::Json;
use crate::publisher::{News, Sitting};
use crate::space::Space;

/// What is to be told of it once it is there.
struct Arriving {
    sitting: Sitting,
    position: Position,
    /// Dropped when it is there.
    _awaited: Sender<()>,
}

/// One of them.
pub(crate) struct Resumed {
    session: Session,
    arriving: Option<Arriving>,
}

impl Resumed {
    /// Somebody who knows everything up to this place of the log. `awaited` is dropped when the publisher was told.
    pub(crate) fn new(space: Arc<Space>, sitting: Sitting, position: Position, awaited: Sender<()>) -> Self {
        let json = Json::resumed(&space, sitting.signed);
        let arriving = Some(Arriving { sitting, position, _awaited: awaited });
        Resumed { session: Session::Json(space, Arc::new(json)), arriving }
    }
}

impl Handler<WebSocket> for Resumed {
    fn open(&mut self, ws: &mut WebSocket) {
        if let (Session::Json(space, _), Some(arriving)) = (&self.session, self.arriving.take()) {
            let Arriving { sitting, position, _awaited } = arriving;
            space.tell(News::Resumed { ws: ws.clone(), sitting, position });
        }
    }

    fn message(&mut self, ws: &mut WebSocket, message: Message<'_>) {
        self.session.message(ws, message);
    }

    fn close(&mut self, ws: &mut WebSocket, closed: &Closed) {
        self.session.close(ws, closed);
    }
}
