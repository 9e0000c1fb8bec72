//! Somebody who comes back as often as they have to, and hears everything once and in its order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::time::{Instant as Deadline, sleep, sleep_until};
use websocket_client::{Connector, Proxy, WebSocket};
use websocket_driver::retry_after_of;

use super::room::Room;
use super::{Result, odd};

/// When somebody tries again who was told nothing about it.
const AGAIN: Duration = Duration::from_millis(250);
/// How often it is looked whether there is something to be done.
const TICK: Duration = Duration::from_millis(100);

pub struct Person {
    address: String,
    token: String,
    ws: WebSocket,
    asked: u64,
    /// The last sequence that was heard.
    heard: u64,
    /// Said and not acknowledged.
    pending: VecDeque<Said>,
    said: u64,
    /// How often a connection has ended.
    pub ends: usize,
    /// Milliseconds from when somebody said something until it was heard here.
    pub delays: Vec<u32>,
}

/// A message on its way.
struct Said {
    /// The number of the request that it was sent by last.
    asked: u64,
    number: u64,
    /// When it was said, in milliseconds since 1970.
    at: u64,
}

impl Person {
    /// Comes as somebody new.
    pub async fn come(address: &str) -> Result<Person> {
        let mut ws = connect(address, "").await?;
        let welcome = next(&mut ws).await.ok_or_else(|| odd("there is no welcome"))?;
        let token = welcome["token"].as_str().ok_or_else(|| odd("nobody new was welcomed"))?.to_owned();
        Ok(Person {
            address: address.to_owned(),
            token,
            ws,
            asked: 0,
            heard: 0,
            pending: VecDeque::new(),
            said: 0,
            ends: 0,
            delays: Vec::new(),
        })
    }

    /// Opens a room, and says which.
    pub async fn open_room(&mut self, number: usize) -> Result<String> {
        let name = format!("room-{number}");
        // Nothing else has this key: messages are counted from 1.
        let request = json!({"type": "create_room", "visibility": "public", "name": name, "key": key(0)});
        let answer = self.ask(request).await?.ok_or_else(|| odd("it ended while a room was opened"))?;
        Ok(answer["room"].as_str().ok_or_else(|| odd("no room was opened"))?.to_owned())
    }

    /// Hears what has happened in the room since, and watches it from then on. `false`: the connection has ended.
    pub async fn watch(&mut self, room: &Room) -> Result<bool> {
        loop {
            let request = json!({"type": "subscribe", "room": room.id, "after": self.heard});
            let Some(answer) = self.ask(request).await? else { return Ok(false) };
            if answer["gap"] == true {
                return Err(odd("somebody fell too far behind").into());
            }
            for event in answer["events"].as_array().into_iter().flatten() {
                self.hear(room, event)?;
            }
            let up_to = answer["up_to"].as_u64().ok_or_else(|| odd("an answer without a place"))?;
            self.heard = self.heard.max(up_to);
            if answer["more"] == false {
                return Ok(true);
            }
        }
    }

    /// Stays until everything is said and heard, and comes back after each end. Who has a pause speaks.
    pub async fn stay(mut self, room: Arc<Room>, pause: Option<Duration>) -> Result<Person> {
        let mut next_said = Deadline::now();
        loop {
            if self.is_done(&room, pause.is_some()) {
                return Ok(self);
            }
            let may_speak = pause.filter(|_| room.is_talking());
            let due = may_speak.map_or_else(|| Deadline::now() + TICK, |_| next_said);
            let line = tokio::select! {
                line = next(&mut self.ws) => Some(line),
                () = sleep_until(due) => None,
            };
            match line {
                Some(Some(line)) => self.take(&room, &line)?,
                Some(None) => self.come_back(&room).await?,
                None => {
                    if let Some(pause) = may_speak {
                        next_said += pause;
                        self.say(&room).await;
                    }
                }
            }
        }
    }

    fn is_done(&self, room: &Room, speaks: bool) -> bool {
        if speaks && room.has_ended() && self.pending.is_empty() {
            room.settle();
        }
        room.last().is_some_and(|last| self.heard >= last)
    }

    /// Says the next message. If the connection has ended, it is sent on the next.
    async fn say(&mut self, room: &Room) {
        self.said += 1;
        self.pending.push_back(Said { asked: 0, number: self.said, at: now() });
        self.send(room, self.pending.len() - 1).await;
    }

    async fn send(&mut self, room: &Room, place: usize) {
        self.asked += 1;
        let said = &mut self.pending[place];
        said.asked = self.asked;
        let (text, key) = (format!("{} {}", said.number, said.at), key(said.number));
        let request = json!({"type": "post", "id": self.asked, "room": room.id, "text": text, "key": key});
        // An end is found by who listens.
        let _ = self.ws.send(request.to_string().as_str()).await;
    }

    /// Comes back as the server said, and says again what was not acknowledged.
    async fn come_back(&mut self, room: &Room) -> Result<()> {
        self.ends += 1;
        let told = self.ws.closed().and_then(|closed| retry_after_of(&closed.reason));
        sleep(told.unwrap_or(AGAIN)).await;
        loop {
            if let Ok(ws) = connect(&self.address, &self.token).await {
                self.ws = ws;
                if self.watch(room).await? {
                    break;
                }
            }
            sleep(AGAIN).await;
        }
        for place in 0..self.pending.len() {
            self.send(room, place).await;
        }
        Ok(())
    }

    fn take(&mut self, room: &Room, line: &Value) -> Result<()> {
        if let Some(id) = line["id"].as_u64() {
            if let Some(place) = self.pending.iter().position(|said| said.asked == id) {
                let sequence = line["sequence"].as_u64().ok_or_else(|| odd(&line.to_string()))?;
                self.pending.remove(place);
                room.acknowledged(sequence);
            }
            return Ok(());
        }
        if line["room"] == room.id.as_str() { self.hear(room, line) } else { Ok(()) }
    }

    /// Hears an event, if it is one that has a place.
    fn hear(&mut self, room: &Room, event: &Value) -> Result<()> {
        let Some(sequence) = event["sequence"].as_u64() else { return Ok(()) };
        if sequence != self.heard + 1 {
            return Err(odd(&format!("{sequence} came after {}", self.heard)).into());
        }
        self.heard = sequence;
        let Some(text) = event["text"].as_str() else { return Ok(()) };
        let (number, at) = text.split_once(' ').ok_or_else(|| odd(text))?;
        room.heard(number.parse()?, sequence);
        let at: u64 = at.parse()?;
        self.delays.push(u32::try_from(now().saturating_sub(at)).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Asks, and waits for the answer; what is told before it is of no room that is watched. Nothing if the connection
    /// has ended.
    async fn ask(&mut self, mut request: Value) -> Result<Option<Value>> {
        self.asked += 1;
        request["id"] = self.asked.into();
        // An end is found by who listens.
        let _ = self.ws.send(request.to_string().as_str()).await;
        while let Some(line) = next(&mut self.ws).await {
            if line["id"] == self.asked {
                return if line["type"] == "ok" {
                    Ok(Some(line))
                } else {
                    Err(odd(&line.to_string()).into())
                };
            }
        }
        Ok(None)
    }
}

async fn connect(address: &str, token: &str) -> Result<WebSocket> {
    let mut connector = Connector::new().subprotocols(["parlor.v1"]).proxy(Proxy::none());
    if !token.is_empty() {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
        connector = connector.header(header::AUTHORIZATION, bearer);
    }
    Ok(connector.connect(address).await?)
}

/// The next line, or nothing at the end.
async fn next(ws: &mut WebSocket) -> Option<Value> {
    let message = ws.recv().await?;
    serde_json::from_str(message.as_text()?).ok()
}

/// The key of somebody's message, the first of which has the number 1 (RFC 9562 §5.8).
fn key(number: u64) -> String {
    format!("019ab5e2-0000-8000-8000-{number:012x}")
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
