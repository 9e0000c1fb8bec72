//! Topics: what is published once reaches every subscriber, encoded once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use websocket_driver::{Message, Prepared};

use crate::fanout::{Core, Home, Key, Seat, Terms};
use crate::holders::Forget;
use crate::policy::Policy;
use crate::websocket::WebSocket;

/// A group of connections that hear the same. Cloning it makes another handle of the same topic.
///
/// All subscribers receive publications in one order, whoever publishes and from whichever thread; what one thread
/// publishes to several topics or sends to one connection keeps its order, too. A publication is encoded once and
/// its bytes are shared. A subscriber that reads too slowly delays nobody: the topic's [`Policy`] says what becomes of
/// it. A connection that ends is unsubscribed before its `on_close` runs.
#[derive(Clone)]
pub struct Topic(Arc<Shared>);

struct Shared {
    terms: Arc<Terms>,
    subscribers: Mutex<Subscribers>,
}

#[derive(Default)]
struct Subscribers {
    /// Where each is.
    places: HashMap<u64, Place>,
    /// Cores that have subscribers, by their address.
    cores: HashMap<usize, Lodgers>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    core: usize,
    /// The index of its seat there.
    index: u32,
}

/// The subscribers on one core.
struct Lodgers {
    core: Arc<Core>,
    count: usize,
}

impl Topic {
    /// A topic without subscribers, and with the default policy.
    pub fn new() -> Self {
        Topic::default()
    }

    /// A topic without subscribers.
    pub fn with_policy(policy: Policy) -> Self {
        let terms = Arc::new(Terms::new(policy));
        Topic(Arc::new(Shared { terms, subscribers: Mutex::default() }))
    }

    /// Adds a subscriber; does nothing if it is one, or if it is closing.
    pub fn subscribe(&self, ws: &WebSocket) {
        let weak = Arc::downgrade(&self.0);
        let holder: Weak<dyn Forget> = weak;
        let mut subscribers = self.0.lock();
        let Subscribers { places, cores } = &mut *subscribers;
        let Entry::Vacant(place) = places.entry(ws.id()) else { return };
        let Some(Home { core, seat }) = ws.outbox().hold(holder) else { return };
        let address = Arc::as_ptr(&core) as usize;
        place.insert(Place { core: address, index: seat.index });
        let lodgers = cores.entry(address).or_insert_with(|| Lodgers { core, count: 0 });
        lodgers.count += 1;
        lodgers.core.subscribe(Arc::clone(&self.0.terms), seat);
    }

    /// Takes a subscriber away; does nothing if it is none. What was published before still reaches it.
    pub fn unsubscribe(&self, ws: &WebSocket) {
        self.0.forget(ws.id());
    }

    /// Sends a message to every subscriber and says to how many. A slow one may still lose it, as the policy says.
    pub fn publish<'a>(&self, message: impl Into<Message<'a>>) -> usize {
        self.publish_prepared(&Prepared::new(message))
    }

    /// Sends a message that was encoded before to every subscriber and says to how many.
    pub fn publish_prepared(&self, prepared: &Prepared) -> usize {
        self.0.publish(prepared, None)
    }

    /// Sends a message that makes earlier ones under the same key worthless: with [`Policy::keep_latest`], a slow
    /// subscriber is only given the latest. With other policies the key means nothing.
    pub fn publish_keyed<'a>(&self, key: impl Into<Arc<str>>, message: impl Into<Message<'a>>) -> usize {
        self.0.publish(&Prepared::new(message), Some(&key.into()))
    }

    /// How many subscribers there are.
    pub fn len(&self) -> usize {
        self.0.lock().places.len()
    }

    /// Whether there is no subscriber.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many publications were not written to a subscriber that was there, summed over the subscribers: because of
    /// the policy, or because the connection ended first. What is still on its way does not count.
    pub fn dropped(&self) -> u64 {
        self.0.terms.dropped()
    }
}

impl Shared {
    fn publish(&self, prepared: &Prepared, key: Option<&Key>) -> usize {
        // One lock over the whole round is what gives everybody the same order.
        let subscribers = self.lock();
        let mut told = 0;
        for lodgers in subscribers.cores.values() {
            if lodgers.core.publish(&self.terms, prepared, key) {
                told += lodgers.count;
            } else {
                self.terms.count_dropped(lodgers.count);
            }
        }
        told
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Topic {
    fn default() -> Self {
        Topic::with_policy(Policy::default())
    }
}

impl Forget for Shared {
    fn forget(&self, id: u64) {
        let mut subscribers = self.lock();
        let Some(Place { core, index }) = subscribers.places.remove(&id) else { return };
        let Entry::Occupied(mut lodgers) = subscribers.cores.entry(core) else { return };
        lodgers.get().core.unsubscribe(&self.terms, Seat { index, id });
        lodgers.get_mut().count -= 1;
        if lodgers.get().count == 0 {
            lodgers.remove();
        }
    }
}

/// Nothing more can be published: what was still reaches everybody, and then the cores forget the topic.
impl Drop for Shared {
    fn drop(&mut self) {
        let ids: Vec<u64> = self.lock().places.keys().copied().collect();
        ids.into_iter().for_each(|id| self.forget(id));
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("subscribers", &self.len()).finish()
    }
}
