//! The one room there is, in memory: who is present, and what reaches everybody.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use websocket_hub::{CloseCode, Topic, WebSocket};

use crate::nickname::{Nickname, Nicknames};
use crate::protocol::Event;

/// The lobby's name.
pub(crate) const NAME: &str = "lobby";

/// What a connection is told things in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// Lines of text, as the tutorial's chat has them.
    Text,
    /// The events of `parlor.v1`.
    Json,
}

/// The lobby.
#[derive(Debug, Default)]
pub(crate) struct Lobby {
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    nicknames: Nicknames,
    people: HashMap<u64, Nickname>,
    /// How many messages there have been.
    messages: u64,
    text: Topic,
    json: Topic,
}

impl Lobby {
    /// Somebody comes: gets a nickname, is told it if it can be told, and hears everything from now on.
    pub(crate) fn join(&self, ws: &WebSocket, speaks: Speaks) {
        let mut present = self.lock();
        let random = getrandom::u32().expect("the system gives random numbers");
        let Some(nickname) = present.nicknames.take(random) else {
            // Closing fails only if it is closing already.
            let _ = ws.close(CloseCode::TRY_AGAIN_LATER, "the lobby is full");
            return;
        };
        let (at, count) = (now(), present.people.len() + 1);
        let who = nickname.as_str();
        match speaks {
            Speaks::Text => present.text.subscribe(ws),
            Speaks::Json => {
                // A connection that is closing already need not be welcomed.
                let _ = ws.send(Event::Welcome { you: who, room: NAME, present: count, at }.to_json());
            }
        }
        present.json.publish(Event::Joined { who, present: count, at }.to_json());
        if speaks == Speaks::Json {
            present.json.subscribe(ws);
        }
        present.people.insert(ws.id(), nickname);
    }

    /// Somebody who is present says something to everybody, the speaker included.
    pub(crate) fn say(&self, ws: &WebSocket, text: &str) {
        let mut present = self.lock();
        let present = &mut *present;
        let Some(nickname) = present.people.get(&ws.id()) else { return };
        present.messages += 1;
        let from = nickname.as_str();
        // One lock over both, so that both hear the same order.
        if !present.text.is_empty() {
            present.text.publish(format!("{from}: {text}"));
        }
        if !present.json.is_empty() {
            present.json.publish(Event::Message { id: present.messages, from, text, at: now() }.to_json());
        }
    }

    /// Somebody has left; the rest are told.
    pub(crate) fn leave(&self, ws: &WebSocket) {
        let mut present = self.lock();
        let Some(nickname) = present.people.remove(&ws.id()) else { return };
        present.nicknames.give_back(&nickname);
        let who = nickname.as_str();
        present.text.publish(format!(" .... {who} has left."));
        let count = present.people.len();
        present.json.publish(Event::Left { who, present: count, at: now() }.to_json());
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970, in UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
