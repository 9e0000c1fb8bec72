//! One connection's conversation: who speaks, in which language, and what that asks for.

mod about;
mod arrival;
mod asker;
mod fitting;
mod json;
mod lane;
mod names;
mod orders;
mod oversight;
mod queries;
mod resumed;
mod strikes;
mod subscribing;
mod text;
mod ticket;
mod wishes;

use std::sync::Arc;

use websocket_hub::{CloseCode, Closed, Handler, Message, WebSocket};

use crate::identity::Signed;
use crate::publisher::News;
use crate::space::Space;
use crate::wire::SUBPROTOCOL;
use json::Json;
pub(crate) use names::Names;
pub(crate) use resumed::Resumed;
use text::Text;
pub(crate) use ticket::Ticket;

/// A person's connection.
pub(crate) enum Session {
    /// Lines of text, as the tutorial's chat has them.
    Text(Arc<Space>, Arc<Text>),
    /// The requests and events of `parlor.v1`.
    Json(Arc<Space>, Arc<Json>),
}

impl Session {
    /// A session in the subprotocol that was chosen; without one it speaks the tutorial's text. `shown` is who
    /// somebody has shown to be.
    pub(crate) fn new(
        space: Arc<Space>,
        subprotocol: Option<&str>,
        shown: Option<Signed>,
        ticket: Ticket,
    ) -> Self {
        if subprotocol == Some(SUBPROTOCOL) {
            let json = Json::new(&space, shown, ticket);
            Session::Json(space, Arc::new(json))
        } else {
            Session::Text(space, Arc::default())
        }
    }
}

impl Handler<WebSocket> for Session {
    fn open(&mut self, ws: &mut WebSocket) {
        match self {
            Session::Text(space, text) => text.open(space, ws),
            Session::Json(space, json) => json.open(space, ws),
        }
    }

    fn message(&mut self, ws: &mut WebSocket, message: Message<'_>) {
        let Message::Text(said) = message else {
            // Closing fails only if it is closing already.
            let _ = ws.close(CloseCode::UNSUPPORTED, "text only");
            return;
        };
        match self {
            Session::Text(space, text) => text.hear(space, ws, &said),
            Session::Json(space, json) => json.hear(space, ws, &said),
        }
    }

    fn close(&mut self, ws: &mut WebSocket, _: &Closed) {
        match self {
            Session::Text(space, text) => text.close(space, ws),
            Session::Json(space, _) => space.tell(News::Went { ws: ws.clone() }),
        }
    }
}
