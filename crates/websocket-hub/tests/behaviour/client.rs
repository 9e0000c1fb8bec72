//! Ordinary clients, which block.

use tokio::runtime::Runtime;
use websocket_client::{ConnectError, Connector};
use websocket_hub::{CloseCode, Closed, Message, Server};

use crate::transport::{Transport, client_config};
use crate::waiting::{PATIENCE, runtime};

#[derive(Debug)]
pub(crate) struct Client {
    runtime: Runtime,
    ws: websocket_client::WebSocket,
}

impl Client {
    pub(crate) fn connect(server: &Server, name: &str) -> Client {
        Client::with(&Connector::new(), server, name).unwrap()
    }

    pub(crate) fn with(connector: &Connector, server: &Server, name: &str) -> Result<Client, ConnectError> {
        let runtime = runtime();
        let tls = Transport::current().is_tls();
        let address = format!("{}://{}/{name}", if tls { "wss" } else { "ws" }, server.address());
        let connector = if tls { connector.clone().tls(client_config(&[])) } else { connector.clone() };
        let ws = runtime.block_on(connector.connect(&address))?;
        Ok(Client { runtime, ws })
    }

    pub(crate) fn send<'a>(&mut self, message: impl Into<Message<'a>>) {
        let sent = async { tokio::time::timeout(PATIENCE, self.ws.send(message)).await };
        self.runtime.block_on(sent).expect("nobody reads what was sent").unwrap();
    }

    /// The next message; `None` once the connection is over.
    pub(crate) fn recv(&mut self) -> Option<Message<'static>> {
        let received = async { tokio::time::timeout(PATIENCE, self.ws.recv()).await };
        self.runtime.block_on(received).expect("nothing came")
    }

    /// The next message, which is a text.
    pub(crate) fn text(&mut self) -> String {
        let message = self.recv().unwrap_or_else(|| panic!("over: {:?}", self.ws.closed()));
        message.as_text().expect("a text was expected").to_owned()
    }

    /// How the connection ended, once it has.
    pub(crate) fn closed(mut self) -> Closed {
        while self.recv().is_some() {}
        self.ws.closed().cloned().expect("it is over")
    }

    /// Says goodbye, waits for the answer and goes.
    pub(crate) fn close(mut self) -> Closed {
        self.runtime.block_on(self.ws.close(CloseCode::NORMAL, "bye")).unwrap()
    }

    pub(crate) fn subprotocol(&self) -> Option<&str> {
        self.ws.subprotocol()
    }
}

/// Two well-behaved connections in a room, who notice whatever is said there.
#[derive(Debug)]
pub(crate) struct Pair {
    alice: Client,
    bob: Client,
    turn: usize,
}

impl Pair {
    pub(crate) fn connect(server: &Server) -> Pair {
        let pair =
            Pair { alice: Client::connect(server, "alice"), bob: Client::connect(server, "bob"), turn: 0 };
        let mut pair = pair;
        // Heard by both: from here on both are in the room.
        pair.bob.send("here");
        assert_eq!(pair.bob.text(), "bob: here");
        pair.alice.send("here");
        pair.alice_hears("alice: here");
        assert_eq!(pair.bob.text(), "alice: here");
        pair
    }

    /// Each says something and both hear it; what else both have heard meanwhile is returned.
    pub(crate) fn chat(&mut self) -> Vec<String> {
        self.turn += 1;
        let (question, answer) = (format!("{}?", self.turn), format!("{}!", self.turn));
        self.alice.send(question.as_str());
        let mut heard = self.bob_hears(&format!("alice: {question}"));
        self.bob.send(answer.as_str());
        heard.append(&mut self.bob_hears(&format!("bob: {answer}")));
        let mut by_alice = self.alice_hears(&format!("alice: {question}"));
        by_alice.append(&mut self.alice_hears(&format!("bob: {answer}")));
        assert_eq!(by_alice, heard, "they sit in the same room");
        heard
    }

    fn alice_hears(&mut self, last: &str) -> Vec<String> {
        hear(&mut self.alice, last)
    }

    fn bob_hears(&mut self, last: &str) -> Vec<String> {
        hear(&mut self.bob, last)
    }
}

/// What is heard until `last`.
pub(crate) fn hear(client: &mut Client, last: &str) -> Vec<String> {
    std::iter::repeat_with(|| client.text()).take_while(|text| text != last).collect()
}
