//! Topics: what is published once reaches every subscriber, encoded once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use websocket_driver::{Message, Prepared};

use crate::outbox::Forget;
use crate::websocket::WebSocket;

/// A group of connections that hear the same. Cloning it makes another handle of the same topic.
///
/// All subscribers receive publications in one order, whoever publishes and from whichever thread. A publication
/// is encoded once and its bytes are shared. A subscriber that reads too slowly delays nobody: its queue fills
/// and it is closed with 1013. A connection that ends is unsubscribed before its `on_close` runs.
#[derive(Clone, Default)]
pub struct Topic(Arc<Subscribers>);

#[derive(Default)]
struct Subscribers(Mutex<HashMap<u64, WebSocket>>);

impl Topic {
    /// A topic without subscribers.
    pub fn new() -> Self {
        Topic::default()
    }

    /// Adds a subscriber; does nothing if it is one, or if it is closing.
    pub fn subscribe(&self, ws: &WebSocket) {
        let weak = Arc::downgrade(&self.0);
        let holder: Weak<dyn Forget> = weak;
        let mut subscribers = self.0.lock();
        if ws.outbox().hold(holder) {
            subscribers.insert(ws.id(), ws.clone());
        }
    }

    /// Takes a subscriber away; does nothing if it is none.
    pub fn unsubscribe(&self, ws: &WebSocket) {
        self.0.forget(ws.id());
    }

    /// Sends a message to every subscriber and says to how many.
    pub fn publish<'a>(&self, message: impl Into<Message<'a>>) -> usize {
        self.publish_prepared(&Prepared::new(message))
    }

    /// Sends a message that was encoded before to every subscriber and says to how many.
    pub fn publish_prepared(&self, prepared: &Prepared) -> usize {
        // One lock over the whole round is what gives everybody the same order.
        let subscribers = self.0.lock();
        subscribers.values().filter(|ws| ws.send_prepared(prepared).is_ok()).count()
    }

    /// How many subscribers there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether there is no subscriber.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Subscribers {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, WebSocket>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Forget for Subscribers {
    fn forget(&self, id: u64) {
        self.lock().remove(&id);
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("subscribers", &self.len()).finish()
    }
}
