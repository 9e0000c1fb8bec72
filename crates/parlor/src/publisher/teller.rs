//! The publisher's thread: takes up news in their order and tells them to whom they concern.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use parlor_chat::{Audience, Chat, Event, PersonId, Position, RoomId, What};
use websocket_hub::{CloseCode, WebSocket};

use super::names::Names;
use super::room::Desk;
use super::tail::Tail;
use super::{News, Subscription, Topics};
use crate::wire::{Told, message_line, subscribed};

/// How often it is looked whether presence or typing is due, while something is.
const TICK: Duration = Duration::from_millis(50);
/// Nothing is due: there is nothing to wake up for.
const LONG: Duration = Duration::from_secs(3_600);

/// One connection.
struct Seat {
    ws: WebSocket,
    person: PersonId,
    /// Whether it speaks JSON.
    is_json: bool,
    rooms: Vec<RoomId>,
}

pub(super) struct Teller {
    /// Everything up to this place of the log has been told.
    published: Position,
    waiting: Arc<AtomicUsize>,
    names: Names,
    topics: Topics,
    interval: Duration,
    seats: HashMap<u64, Seat>,
    devices: HashMap<PersonId, Vec<u64>>,
    rooms: HashMap<RoomId, Desk>,
    tail: Tail,
    /// Wishes to watch whose data is of a moment that has not been told yet.
    early: BTreeMap<Position, Vec<Subscription>>,
    /// Rooms of which something is to be told that does not go through the log.
    due: HashSet<RoomId>,
}

impl Teller {
    pub(super) fn new(
        chat: Arc<Chat>,
        topics: Topics,
        interval: Duration,
        published: Position,
        waiting: Arc<AtomicUsize>,
    ) -> Self {
        Teller {
            published,
            waiting,
            names: Names::new(chat),
            topics,
            interval,
            seats: HashMap::new(),
            devices: HashMap::new(),
            rooms: HashMap::new(),
            tail: Tail::after(published),
            early: BTreeMap::new(),
            due: HashSet::new(),
        }
    }

    pub(super) fn run(mut self, news: &Receiver<News>) {
        let mut ticked = Instant::now();
        loop {
            match news.recv_timeout(if self.due.is_empty() { LONG } else { TICK }) {
                Ok(News::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(news) => self.hear(news),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if !self.due.is_empty() && ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.tell_due(ticked);
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Batch { up_to, events } => self.batch(up_to, &events),
            News::Answer { ws, line } => send(&ws, line),
            News::Came { ws, person, name, welcome } => self.came(ws, person, name, welcome),
            News::Went { ws } => self.went(&ws),
            News::Called { person, name } => self.names.set(person, name),
            News::Subscribe(subscription) => self.subscribe(*subscription),
            News::Unsubscribe { ws, room, line } => {
                self.unsubscribe(&ws, room);
                send(&ws, line);
            }
            News::Typing { ws, room, line } => {
                self.writes(&ws, room);
                send(&ws, line);
            }
            News::Present { ws, room, line } => {
                let people: Vec<PersonId> =
                    self.rooms.get(&room).map(|desk| desk.presence.people().collect()).unwrap_or_default();
                let people = people.into_iter().take(parlor_chat::limits::PAGE);
                let named = people.map(|person| (person, self.names.of(person))).collect();
                send(&ws, line(named));
            }
            News::Stop => {}
        }
    }

    fn batch(&mut self, up_to: Position, events: &[Event]) {
        for event in events {
            self.names.learn(event);
            self.tell(event);
        }
        self.waiting.fetch_sub(events.len(), Ordering::Relaxed);
        self.published = self.published.max(up_to);
        let later = self.early.split_off(&self.published.next());
        for subscription in std::mem::replace(&mut self.early, later).into_values().flatten() {
            self.subscribe(subscription);
        }
    }

    fn tell(&mut self, event: &Event) {
        let name = self.names.of(event.by);
        if !self.topics.text.is_empty()
            && let Some(line) = message_line(event, &name)
        {
            self.topics.text.publish(line);
        }
        let line = Told::line(event, |person| self.names.of(person));
        match event.audience() {
            Audience::Room(room) => self.tell_room(event, room, line),
            Audience::Person(person) => self.tell_devices(person, None, &line),
            Audience::Everyone => match event.what {
                // Presence tells who is there; that somebody could come or will not is no news.
                What::Renamed { .. } | What::PersonErased => _ = self.topics.everyone.publish(line),
                _ => {}
            },
        }
        if matches!(event.what, What::PersonErased) {
            self.close_devices(event.by);
        }
    }

    fn tell_room(&mut self, event: &Event, room: RoomId, line: String) {
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.topic.publish(line.as_str());
            if matches!(event.what, What::Posted { .. }) {
                desk.typing.stops(event.by);
                if desk.is_due() {
                    self.due.insert(room);
                }
            }
        }
        for person in event.also_for() {
            self.tell_devices(person, Some(room), &line);
        }
        if let What::Posted { mentions, .. } = &event.what {
            for person in mentions {
                self.tell_devices(*person, Some(room), &line);
            }
        }
        let shut_out = match event.what {
            What::Left { person } if !self.names.may_read(person, room) => Some(person),
            _ => None,
        };
        if let Some(person) = shut_out {
            for id in self.devices.get(&person).cloned().unwrap_or_default() {
                if let Some(ws) = self.seats.get(&id).map(|seat| seat.ws.clone()) {
                    self.unsubscribe(&ws, room);
                }
            }
        }
        self.tail.push(event.position, room, line, shut_out.is_some());
    }

    /// Tells the connections of one person, except those that watch the room and heard it there.
    fn tell_devices(&self, person: PersonId, room: Option<RoomId>, line: &str) {
        for seat in self.devices.get(&person).into_iter().flatten().filter_map(|id| self.seats.get(id)) {
            if seat.is_json && room.is_none_or(|room| !seat.rooms.contains(&room)) {
                send(&seat.ws, line);
            }
        }
    }

    fn close_devices(&self, person: PersonId) {
        for seat in self.devices.get(&person).into_iter().flatten().filter_map(|id| self.seats.get(id)) {
            // One that is closing already needs no second goodbye.
            let _ = seat.ws.close(CloseCode::POLICY, "this person is gone for good");
        }
    }

    fn came(&mut self, ws: WebSocket, person: PersonId, name: String, welcome: Option<String>) {
        // It may have ended before it could be told of.
        if !ws.is_open() {
            return;
        }
        self.names.set(person, name);
        let is_json = welcome.is_some();
        let id = ws.id();
        self.devices.entry(person).or_default().push(id);
        self.seats.insert(id, Seat { ws: ws.clone(), person, is_json, rooms: Vec::new() });
        match welcome {
            Some(welcome) => {
                send(&ws, welcome);
                self.topics.everyone.subscribe(&ws);
            }
            // Whoever speaks plain text is in the lobby.
            None => self.enter(id, RoomId::LOBBY),
        }
    }

    fn went(&mut self, ws: &WebSocket) {
        let Some(seat) = self.seats.remove(&ws.id()) else { return };
        if let Entry::Occupied(mut devices) = self.devices.entry(seat.person) {
            devices.get_mut().retain(|id| *id != ws.id());
            if devices.get().is_empty() {
                devices.remove();
            }
        }
        for room in seat.rooms {
            self.leave(seat.person, room);
        }
        if !seat.is_json && !self.topics.text.is_empty() {
            self.topics.text.publish(format!(" .... {} has left.", self.names.of(seat.person)));
        }
    }

    /// Notes that a connection watches a room.
    fn enter(&mut self, id: u64, room: RoomId) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.rooms.push(room);
        let desk = self.rooms.entry(room).or_insert_with(|| Desk::new(room));
        desk.presence.enter(seat.person);
        self.due.insert(room);
    }

    fn leave(&mut self, person: PersonId, room: RoomId) {
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.presence.leave(person);
            desk.typing.stops(person);
            self.due.insert(room);
        }
    }

    fn subscribe(&mut self, wish: Subscription) {
        if wish.position > self.published {
            self.early.entry(wish.position).or_default().push(wish);
            return;
        }
        if !self.seats.contains_key(&wish.ws.id()) {
            return;
        }
        let Some(since) = self.tail.since(wish.position, wish.room) else {
            return (wish.again)();
        };
        let lines = wish.lines.iter().map(String::as_str).chain(since.iter().copied());
        let last = wish.last.0 + since.len() as u64;
        let present = self.rooms.get(&wish.room).map_or(0, |desk| desk.presence.count());
        send(&wish.ws, subscribed(wish.id.as_deref(), wish.room, last, present, lines));
        let id = wish.ws.id();
        if !self.seats.get(&id).is_some_and(|seat| seat.rooms.contains(&wish.room)) {
            self.enter(id, wish.room);
        }
        if let Some(desk) = self.rooms.get(&wish.room) {
            desk.topic.subscribe(&wish.ws);
        }
    }

    fn unsubscribe(&mut self, ws: &WebSocket, room: RoomId) {
        let Some(seat) = self.seats.get_mut(&ws.id()) else { return };
        let Some(place) = seat.rooms.iter().position(|one| *one == room) else { return };
        seat.rooms.swap_remove(place);
        let person = seat.person;
        if let Some(desk) = self.rooms.get(&room) {
            desk.topic.unsubscribe(ws);
        }
        self.leave(person, room);
    }

    /// Only who watches a room can be seen writing in it, so nobody learns of a room by writing.
    fn writes(&mut self, ws: &WebSocket, room: RoomId) {
        let Some(seat) = self.seats.get(&ws.id()).filter(|seat| seat.rooms.contains(&room)) else { return };
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.typing.writes(seat.person, Instant::now());
            self.due.insert(room);
        }
    }

    fn tell_due(&mut self, now: Instant) {
        let Teller { rooms, names, interval, .. } = self;
        self.due.retain(|room| {
            let Some(desk) = rooms.get_mut(room) else { return false };
            if let Some(line) = desk.presence.line(desk.room, now, *interval, |person| names.of(person)) {
                desk.topic.publish(line);
            }
            if let Some(line) = desk.typing.line(desk.room, now, |person| names.of(person)) {
                desk.topic.publish(line);
            }
            if desk.is_idle() {
                rooms.remove(room);
                return false;
            }
            desk.is_due()
        });
    }
}

fn send(ws: &WebSocket, line: impl AsRef<str>) {
    // Who is gone, or too slow and closed for that, comes back and asks for what it missed.
    let _ = ws.send(line.as_ref());
}
