//! A client of `parlor.v1` as a stranger would write it from docs/protocol.md.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use http::{HeaderValue, header};
use serde_json::{Value, json};
use websocket_client::driver::deflate::Deflate;
use websocket_client::{Connector, WebSocket};

/// How long anything that should happen at once may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// Somebody's connection.
#[derive(Debug)]
pub struct Client {
    ws: WebSocket,
    /// What was told first.
    pub welcome: Value,
    /// What makes the next connection the same person.
    pub token: String,
    heard: VecDeque<Value>,
    asked: u64,
}

impl Client {
    /// Comes as somebody new.
    ///
    /// # Panics
    ///
    /// When that cannot be; so does everything else here.
    pub async fn new(address: &str) -> Client {
        Client::connect(address, None).await
    }

    /// Comes back as somebody who was here.
    pub async fn back(address: &str, token: &str) -> Client {
        Client::connect(address, Some(token)).await
    }

    /// Comes as somebody new, by a connection that compresses.
    pub async fn compressing(address: &str) -> Client {
        let deflate = Deflate { takeover: true, ..Deflate::default() };
        let client = Client::connect_by(Connector::new().deflate(deflate), address, None).await;
        client.unwrap_or_else(|why| panic!("{address}: {why}"))
    }

    /// Comes back as soon as somebody serves: who is succeeded may cut off whoever has not been let in yet.
    pub async fn back_in_a_while(address: &str, token: &str) -> Client {
        let deadline = Instant::now() + SOON;
        loop {
            match Client::connect_by(Connector::new(), address, Some(token)).await {
                Ok(client) => return client,
                Err(why) => assert!(Instant::now() < deadline, "{address}: {why}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn connect(address: &str, token: Option<&str>) -> Client {
        let client = Client::connect_by(Connector::new(), address, token).await;
        client.unwrap_or_else(|why| panic!("{address}: {why}"))
    }

    async fn connect_by(connector: Connector, address: &str, token: Option<&str>) -> Result<Client, String> {
        let mut connector = connector.subprotocols(["parlor.v1"]);
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is visible ASCII");
            connector = connector.header(header::AUTHORIZATION, bearer);
        }
        let ws = connector.connect(address).await.map_err(|error| error.to_string())?;
        let token = token.map(ToOwned::to_owned);
        let (welcome, heard) = (Value::Null, VecDeque::new());
        let mut client = Client { ws, welcome, token: String::new(), heard, asked: 0 };
        client.welcome =
            client.receive_unless_ended().await.map_err(|code| format!("it ended with {code}"))?;
        assert_eq!(client.welcome["type"], "welcome", "{}", client.welcome);
        let new = client.welcome["token"].as_str().map(ToOwned::to_owned);
        client.token = new.or(token).expect("who is new is given a token");
        Ok(client)
    }

    /// Who this is.
    pub fn id(&self) -> &str {
        self.welcome["you"]["id"].as_str().expect("the welcome says it")
    }

    /// What others see as the name.
    pub fn name(&self) -> &str {
        self.welcome["you"]["name"].as_str().expect("the welcome says it")
    }

    /// Asks for something, and returns the answer, `ok` or `error`.
    pub async fn ask(&mut self, request: Value) -> Value {
        let id = self.send(request).await;
        self.answer(id).await
    }

    /// As [`Client::ask`], or the close code if the connection ends before there is an answer.
    pub async fn ask_unless_ended(&mut self, mut request: Value) -> Result<Value, u16> {
        self.asked += 1;
        request["id"] = json!(self.asked);
        if self.ws.send(request.to_string()).await.is_err() {
            return Err(self.ended().await);
        }
        loop {
            let line = self.receive_unless_ended().await?;
            if line["id"] == self.asked {
                return Ok(line);
            }
            self.heard.push_back(line);
        }
    }

    /// Asks for something that must be done, and returns the answer.
    pub async fn ok(&mut self, request: Value) -> Value {
        let answer = self.ask(request.clone()).await;
        assert_eq!(answer["type"], "ok", "{request}: {answer}");
        answer
    }

    /// Asks for something that must not be done, and returns the code of the error.
    pub async fn refused(&mut self, request: Value) -> String {
        let answer = self.ask(request.clone()).await;
        assert_eq!(answer["type"], "error", "{request}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|sentence| sentence.ends_with('.')), "{answer}");
        answer["code"].as_str().expect("an error has a code").to_owned()
    }

    /// Sends a request under the next id, which it returns.
    pub async fn send(&mut self, mut request: Value) -> u64 {
        self.asked += 1;
        request["id"] = json!(self.asked);
        self.send_text(&request.to_string()).await;
        self.asked
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.ws.send(text).await.expect("nobody has closed it");
    }

    /// Waits for the answer to a request; what else comes is kept.
    pub async fn answer(&mut self, id: u64) -> Value {
        loop {
            let line = self.receive().await;
            if line["id"] == id {
                return line;
            }
            self.heard.push_back(line);
        }
    }

    /// The next line that is no answer, among those kept first.
    pub async fn event(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(line) => line,
            None => self.receive().await,
        }
    }

    /// As [`Client::event`], or the close code if the connection ends before.
    pub async fn event_unless_ended(&mut self) -> Result<Value, u16> {
        match self.heard.pop_front() {
            Some(line) => Ok(line),
            None => self.receive_unless_ended().await,
        }
    }

    /// The next line of a type; those of other types before it are dropped.
    pub async fn event_of(&mut self, kind: &str) -> Value {
        loop {
            let line = self.event().await;
            if line["type"] == kind {
                return line;
            }
        }
    }

    /// The next line, whatever it is.
    pub async fn receive(&mut self) -> Value {
        let received = self.receive_unless_ended().await;
        received.unwrap_or_else(|_| panic!("it ended: {:?}", self.ws.closed()))
    }

    /// The next line, or the close code if the connection ends before.
    pub async fn receive_unless_ended(&mut self) -> Result<Value, u16> {
        match tokio::time::timeout(SOON, self.ws.recv()).await.expect("something should come") {
            Some(message) => {
                let line = message.as_text().expect("only text comes");
                Ok(serde_json::from_str(line).expect("it is JSON"))
            }
            None => Err(self.ended().await),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ws.closed().is_some()
    }

    /// Waits for the end, and returns its close code.
    pub async fn ended(&mut self) -> u16 {
        let end = async { while self.ws.recv().await.is_some() {} };
        tokio::time::timeout(SOON, end).await.expect("it should end");
        self.ws.closed().expect("it ended").code.get()
    }

    /// Goes away without a word.
    pub fn vanish(self) -> String {
        self.token
    }
}
