//! The app of most behaviours: a room in which everybody hears everybody, and what is told of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use websocket_hub::{Backend, Config, Handshake, Message, Refused, Request, Response, Server, Topic};
use websocket_hub::{CloseCode, WebSocket};

use crate::log::{Log, Told};
use crate::transport::serve;

/// A room. Whoever connects to `/alice` is `alice`.
///
/// `/panic` and `/close` make the server do that. Other text is said to everybody, binary messages are sent back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    pub(crate) topic: Topic,
    pub(crate) log: Log,
    sockets: Arc<Mutex<HashMap<String, WebSocket>>>,
}

impl Room {
    /// A server with a room of its own.
    pub(crate) fn serve(backend: Backend) -> (Server, Room) {
        Room::serve_with(backend, |_| Handshake::new())
    }

    /// A server whose connections have these limits.
    pub(crate) fn serve_limited(backend: Backend, config: Config) -> (Server, Room) {
        let handshake = Handshake::new().config(config);
        Room::serve_with(backend, move |_| handshake.clone())
    }

    /// A server that judges each name by a handshake of its own.
    pub(crate) fn serve_with(
        backend: Backend,
        handshake: impl Fn(&str) -> Handshake + Send + Sync + 'static,
    ) -> (Server, Room) {
        let room = Room::default();
        let server = serve(room.app(handshake)).backend(backend).bind("127.0.0.1:0").unwrap();
        (server, room)
    }

    pub(crate) fn app(
        &self,
        handshake: impl Fn(&str) -> Handshake + Send + Sync + 'static,
    ) -> impl Fn(Request) -> Result<Response, Refused> + Send + Sync + 'static {
        let room = self.clone();
        move |request| {
            let name = request.uri().path().trim_start_matches('/').to_owned();
            room.log.note(&name, Told::Request);
            let upgrade = handshake(&name).upgrade(request)?;
            let [opened, said, failed, closed] = std::array::from_fn(|_| (room.clone(), name.clone()));
            Ok(upgrade
                .on_open(move |ws| opened.0.opened(&opened.1, ws))
                .on_message(move |ws, message| said.0.said(&said.1, ws, message))
                .on_error(move |_, error| failed.0.log.note(&failed.1, Told::Error(error.clone())))
                .on_close(move |_, how| {
                    // Published first: who has read of it in the log knows that everybody was told.
                    closed.0.topic.publish(format!("{} left", closed.1));
                    closed.0.log.note(&closed.1, Told::Close(how.clone()));
                })
                .start())
        }
    }

    /// The server's handle of a connection, once it is open.
    pub(crate) fn ws(&self, name: &str) -> WebSocket {
        self.log.wait_open(name);
        self.sockets.lock().unwrap()[name].clone()
    }

    fn opened(&self, name: &str, ws: &WebSocket) {
        self.sockets.lock().unwrap().insert(name.to_owned(), ws.clone());
        self.topic.subscribe(ws);
        self.log.note(name, Told::Open);
    }

    fn said(&self, name: &str, ws: &WebSocket, message: Message<'_>) {
        let message = message.into_owned();
        self.log.note(name, Told::Message(message.clone()));
        match message.as_text() {
            // As a panic does, without a message on the terminal.
            Some("/panic") => std::panic::resume_unwind(Box::new("asked for")),
            Some("/close") => ws.close(CloseCode::NORMAL, "as you wish").unwrap(),
            Some(text) => _ = self.topic.publish(format!("{name}: {text}")),
            None => _ = ws.send(message),
        }
    }
}
