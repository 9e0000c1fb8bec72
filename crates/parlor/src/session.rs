//! One connection's conversation: what it sends, and what that means in the lobby.

use std::sync::Arc;

use websocket_hub::{CloseCode, Closed, Handler, Message, WebSocket};

use crate::lobby::{Lobby, Speaks};
use crate::protocol::{self, Event, Request, SUBPROTOCOL};

/// A person's connection.
pub(crate) struct Session {
    lobby: Arc<Lobby>,
    speaks: Speaks,
}

impl Session {
    /// A session in the subprotocol that was chosen; without one it speaks the tutorial's text.
    pub(crate) fn new(lobby: Arc<Lobby>, subprotocol: Option<&str>) -> Self {
        let speaks = if subprotocol == Some(SUBPROTOCOL) { Speaks::Json } else { Speaks::Text };
        Session { lobby, speaks }
    }
}

impl Handler<WebSocket> for Session {
    fn open(&mut self, ws: &mut WebSocket) {
        self.lobby.join(ws, self.speaks);
    }

    fn message(&mut self, ws: &mut WebSocket, message: Message<'_>) {
        let Message::Text(text) = message else {
            // Closing fails only if it is closing already.
            let _ = ws.close(CloseCode::UNSUPPORTED, "text only");
            return;
        };
        match self.speaks {
            Speaks::Text => self.lobby.say(ws, &text),
            Speaks::Json => match protocol::parse(&text) {
                Ok(Request::Post { text }) => self.lobby.say(ws, &text),
                Err(sentence) => {
                    // Who is closing needs no answer.
                    let _ = ws.send(Event::Error { code: "bad-request", message: &sentence }.to_json());
                }
            },
        }
    }

    fn close(&mut self, ws: &mut WebSocket, _: &Closed) {
        self.lobby.leave(ws);
    }
}
