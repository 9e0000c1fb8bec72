//! Topics: what is published once reaches every subscriber, encoded once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use websocket_driver::{Message, Prepared};

use crate::fanout::{Core, Seat, Terms};
use crate::outbox::Forget;
use crate::websocket::WebSocket;

/// A group of connections that hear the same. Cloning it makes another handle of the same topic.
///
/// All subscribers receive publications in one order, whoever publishes and from whichever thread; what one thread
/// publishes to several topics or sends to one connection keeps its order, too. A publication is encoded once and
/// its bytes are shared. A subscriber that reads too slowly delays nobody: it falls behind and is closed with 1013.
/// A connection that ends is unsubscribed before its `on_close` runs.
#[derive(Clone, Default)]
pub struct Topic(Arc<Shared>);

struct Shared {
    terms: Arc<Terms>,
    subscribers: Mutex<Subscribers>,
}

#[derive(Default)]
struct Subscribers {
    /// Where each is.
    places: HashMap<u64, Place>,
    /// Cores that have subscribers, or had some.
    cores: Vec<Lodgers>,
    /// Connections in somebody else's server. They are given each publication by itself.
    strays: HashMap<u64, WebSocket>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// The core's position in `cores`, and the seat's index there.
    Core {
        position: u32,
        index: u32,
    },
    Stray,
}

/// The subscribers on one core.
struct Lodgers {
    core: Arc<Core>,
    count: usize,
}

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
        let Subscribers { places, cores, strays } = &mut *subscribers;
        let Entry::Vacant(place) = places.entry(ws.id()) else { return };
        match ws.outbox().hold(holder) {
            None => {}
            Some(None) => {
                place.insert(Place::Stray);
                strays.insert(ws.id(), ws.clone());
            }
            Some(Some(home)) => {
                let position = position(cores, &home.core);
                cores[position].count += 1;
                let position = u32::try_from(position).expect("fewer cores than 2^32");
                place.insert(Place::Core { position, index: home.seat.index });
                home.core.subscribe(Arc::clone(&self.0.terms), home.seat);
            }
        }
    }

    /// Takes a subscriber away; does nothing if it is none. What was published before still reaches it.
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
        let mut told = 0;
        for lodgers in subscribers.cores.iter().filter(|lodgers| lodgers.count > 0) {
            if lodgers.core.publish(&self.0.terms, prepared) {
                told += lodgers.count;
            } else {
                self.0.terms.drop_more(lodgers.count);
            }
        }
        let mut left_behind = Vec::new();
        for stray in subscribers.strays.values() {
            match stray.outbox().send_prepared(prepared) {
                Ok(_) => told += 1,
                Err(_) => left_behind.push(stray.clone()),
            }
        }
        drop(subscribers);
        left_behind.iter().for_each(|stray| stray.outbox().end(stray.id()));
        told
    }

    /// How many subscribers there are.
    pub fn len(&self) -> usize {
        self.0.lock().places.len()
    }

    /// Whether there is no subscriber.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many publications did not reach a subscriber that was there, summed over the subscribers.
    pub fn dropped(&self) -> u64 {
        self.0.terms.dropped()
    }
}

/// Where a core is among those of a topic; one that nobody lives on any more makes room.
fn position(cores: &mut Vec<Lodgers>, core: &Arc<Core>) -> usize {
    let same = cores.iter().position(|lodgers| Arc::ptr_eq(&lodgers.core, core));
    if let Some(position) = same {
        return position;
    }
    let lodgers = Lodgers { core: Arc::clone(core), count: 0 };
    match cores.iter().position(|lodgers| lodgers.count == 0) {
        Some(vacant) => {
            cores[vacant] = lodgers;
            vacant
        }
        None => {
            cores.push(lodgers);
            cores.len() - 1
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for Shared {
    fn default() -> Self {
        Shared { terms: Arc::new(Terms::new()), subscribers: Mutex::default() }
    }
}

impl Forget for Shared {
    fn forget(&self, id: u64) {
        let mut subscribers = self.lock();
        match subscribers.places.remove(&id) {
            Some(Place::Core { position, index }) => {
                let lodgers = &mut subscribers.cores[position as usize];
                lodgers.count -= 1;
                lodgers.core.unsubscribe(&self.terms, Seat { index, id });
            }
            Some(Place::Stray) => _ = subscribers.strays.remove(&id),
            None => {}
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
