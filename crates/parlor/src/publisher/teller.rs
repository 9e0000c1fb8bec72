//! The publisher's thread: takes up news in their order and tells them to whom they concern.

mod beside;
mod elsewhere;
mod ends;
mod shutting_out;
mod succession;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlor_chat::{Audience, Chat, Event, PersonId, Position, RoomId, SessionId, What};
use websocket_hub::{CloseCode, WebSocket, together};

use super::inbox::Inbox;
use super::names::Names;
use super::nodes::Nodes;
use super::room::Desk;
use super::sessions::Sessions;
use super::tail::{Line, Tail};
use super::{News, SIGNED_OUT, Subscription, Topics};
use crate::counters::Counters;
use crate::gate::Gate;
use crate::identity::Signed;
use crate::wire::{Told, for_others, message_line, subscribed};

/// How often it is looked whether presence or typing is due, while something is.
const TICK: Duration = Duration::from_millis(50);
/// Nothing is due: there is nothing to wake up for.
const LONG: Duration = Duration::from_secs(3_600);
/// Pieces of news that are told together at most, if none of them is a batch.
const TOGETHER: usize = 256;

/// What whoever erased themselves, or was shut out between two moments, is told at the end.
const GONE: &str = "this person is not here any more";

/// One connection.
struct Seat {
    ws: WebSocket,
    person: PersonId,
    /// The session that it was opened in, if it speaks JSON. Plain text has none.
    session: Option<SessionId>,
    /// It knows everything up to this place of the log that concerns it as a person.
    since: Position,
    rooms: Vec<RoomId>,
}

pub(super) struct Teller {
    /// Everything up to this place of the log has been told.
    published: Position,
    chat: Arc<Chat>,
    gate: Arc<Gate>,
    counters: Arc<Counters>,
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
    /// The last place of the log at which somebody was shut out: what was read before may still let them in.
    shut_out_at: Position,
    sessions: Sessions,
    /// The other nodes, if this is one of a cluster.
    nodes: Option<Nodes>,
}

impl Teller {
    pub(super) fn new(
        chat: Arc<Chat>,
        topics: Topics,
        interval: Duration,
        published: Position,
        counters: Arc<Counters>,
    ) -> Self {
        Teller {
            published,
            names: Names::new(Arc::clone(&chat)),
            chat: Arc::clone(&chat),
            gate: Arc::clone(&counters.gate),
            counters,
            topics,
            interval,
            seats: HashMap::new(),
            devices: HashMap::new(),
            rooms: HashMap::new(),
            tail: Tail::after(published),
            early: BTreeMap::new(),
            due: HashSet::new(),
            shut_out_at: published,
            sessions: Sessions::new(chat),
            nodes: None,
        }
    }

    /// Tells what has been taken up, and everything that comes.
    pub(super) fn run(mut self, inbox: &Inbox, mut taken: VecDeque<News>) {
        let mut ticked = Instant::now();
        loop {
            if taken.is_empty() {
                inbox.take(&mut taken, self.patience());
            }
            if together(|| self.hear_some(inbox, &mut taken)).is_break() {
                return inbox.end();
            }
            if !self.due.is_empty() && ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.tell_due(ticked);
            }
            if let Some(nodes) = &mut self.nodes {
                nodes.tell_due(Instant::now(), &self.counters.spending);
            }
        }
    }

    /// Takes up what goes out together: a batch with the answers before it, or some other news.
    fn hear_some(&mut self, inbox: &Inbox, taken: &mut VecDeque<News>) -> ControlFlow<()> {
        for _ in 0..TOGETHER {
            match taken.pop_front() {
                None => break,
                Some(News::Stop) => return ControlFlow::Break(()),
                Some(News::Batch { up_to, events, octets }) => {
                    self.batch(up_to, &events);
                    inbox.told(octets);
                    break;
                }
                Some(news) => self.hear(news),
            }
        }
        ControlFlow::Continue(())
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Answer { ws, line } => send(&ws, line),
            News::Came { ws, signed, welcome, position } => self.came(ws, signed, welcome, position),
            News::CameInText { ws, person, name } => self.came_in_text(ws, person, name),
            News::Went { ws } => self.went(&ws),
            News::Subscribe(subscription) => self.subscribe(*subscription),
            News::Unsubscribe { ws, room, line } => {
                self.unsubscribe(&ws, room);
                send(&ws, line);
            }
            News::Typing { ws, room, line } => {
                self.writes(&ws, room);
                send(&ws, line);
            }
            News::Present { ws, room, line } => self.tell_present(&ws, room, line),
            News::Joined(nodes) => self.joined(*nodes),
            News::Said(octets) => self.hear_node(&octets),
            News::Goodbye => self.say_goodbye(),
            News::Resumed { ws, .. } => succession::send_back(&ws),
            News::Leave { leaving, answer } => self.leave_to(&leaving, &answer),
            News::Heard(answer) => _ = answer.send(()),
            News::Batch { .. } | News::Gathered | News::Stop => {}
        }
    }

    fn batch(&mut self, up_to: Position, events: &[Event]) {
        for event in events {
            self.names.learn(event);
            self.tell(event);
            event.in_rooms().iter().for_each(|told| self.tell(told));
        }
        self.published = self.published.max(up_to);
        let later = self.early.split_off(&self.published.next());
        for subscription in std::mem::replace(&mut self.early, later).into_values().flatten() {
            self.subscribe(subscription);
        }
    }

    fn tell(&mut self, event: &Event) {
        if !self.topics.text.is_empty()
            && let Some(line) = message_line(event, &self.names.of(event.by))
        {
            self.topics.text.publish(line);
        }
        let is_told = match event.audience() {
            Audience::Room(_) | Audience::Person(_) | Audience::Keepers => true,
            // Presence tells who is there; that somebody could come or will not is no news.
            Audience::Everyone => matches!(event.what, What::Renamed { .. } | What::PersonErased),
            Audience::Nobody => false,
        };
        if is_told {
            self.tell_line(&for_others(event));
        }
        match event.what {
            What::PersonErased => {
                self.shut_out_at = event.position;
                self.close_devices(event.by, GONE);
            }
            // Here, in the order of the log, so that nobody leaves before what they said last.
            What::Departed => self.departed(event),
            What::Account { .. } => self.account_changed(event),
            What::Ordered { ref order } => self.carry_out(event.position, order),
            _ => {}
        }
    }

    /// Tells an event in JSON, and keeps the line for those who are about to come.
    fn tell_line(&mut self, event: &Event) {
        let text = Told::line(event, |person| self.names.of(person));
        let (position, shuts_out) = (event.position, false);
        let mut line = Line { position, room: None, people: Vec::new(), everyone: false, text, shuts_out };
        match event.audience() {
            Audience::Room(room) => self.tell_room(event, room, &mut line),
            Audience::Nobody => {}
            Audience::Person(person) => line.people = vec![person],
            Audience::Keepers => line.people = self.keepers_and(&event.also_for()),
            Audience::Everyone => line.everyone = true,
        }
        for person in &line.people {
            self.tell_devices(*person, &line);
        }
        if line.everyone {
            self.topics.everyone.publish(line.text.as_str());
        }
        if let (What::Left { person }, Some(room), true) = (&event.what, line.room, line.shuts_out) {
            self.shut_out(*person, room);
        }
        self.tail.push(line);
    }

    fn tell_room(&mut self, event: &Event, room: RoomId, line: &mut Line) {
        line.room = Some(room);
        line.people = event.also_for();
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.topic.publish(line.text.as_str());
            if matches!(event.what, What::Posted { .. } | What::Withheld { .. }) {
                desk.typing.stops(event.by);
                if desk.is_due() {
                    self.due.insert(room);
                }
                self.tell_said(event.by, room);
            }
        }
        match &event.what {
            What::Posted { mentions, .. } | What::Edited { mentions, .. } => line.people.extend(mentions),
            What::Left { person } => line.shuts_out = !self.names.may_read(*person, room),
            _ => {}
        }
    }

    /// Tells the connections of one person, except those that watch the room and heard it there.
    fn tell_devices(&self, person: PersonId, line: &Line) {
        for id in self.devices.get(&person).into_iter().flatten() {
            self.tell_seat(*id, line);
        }
    }

    fn tell_seat(&self, id: u64, line: &Line) {
        let Some(seat) = self.seats.get(&id) else { return };
        let heard = line.room.is_some_and(|room| seat.rooms.contains(&room));
        if seat.session.is_some() && !heard && line.position > seat.since {
            send(&seat.ws, &line.text);
        }
    }

    fn came(&mut self, ws: WebSocket, signed: Signed, welcome: String, position: Position) {
        let Signed { person, session } = signed;
        // It may have ended before it could be told of.
        if !ws.is_open() {
            return;
        }
        if position < self.shut_out_at && !self.is_let_in(&ws, person) {
            return close(&ws, CloseCode::POLICY, GONE);
        }
        if self.sessions.may_have_ended(signed, position) {
            return close(&ws, CloseCode::POLICY, SIGNED_OUT);
        }
        send(&ws, welcome);
        // What happened since the welcome was read.
        let Some(lines) = self.tail.for_person(position, person) else {
            return close(&ws, CloseCode::TRY_AGAIN_LATER, "too much happened; come back");
        };
        lines.into_iter().for_each(|line| send(&ws, line));
        let since = position.max(self.published);
        self.topics.everyone.subscribe(&ws);
        self.sit(Seat { ws, person, session: Some(session), since, rooms: Vec::new() });
    }

    fn came_in_text(&mut self, ws: WebSocket, person: PersonId, name: String) {
        // The door may have been closed meanwhile.
        if !self.gate.lets_listen(&self.gate.ranges(ws.client_addr())) {
            return close(&ws, CloseCode::POLICY, GONE);
        }
        let id = ws.id();
        self.names.enter(person, name);
        self.sit(Seat { ws, person, session: None, since: self.published, rooms: Vec::new() });
        // Whoever speaks plain text is in the lobby.
        self.enter(id, RoomId::LOBBY);
    }

    fn sit(&mut self, seat: Seat) {
        self.devices.entry(seat.person).or_default().push(seat.ws.id());
        self.seats.insert(seat.ws.id(), seat);
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
        if seat.session.is_none() {
            let name = self.names.leave(seat.person);
            self.topics.text.publish(format!(" .... {name} has left."));
        }
    }

    /// Notes that a connection watches a room.
    fn enter(&mut self, id: u64, room: RoomId) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.rooms.push(room);
        let person = seat.person;
        if !self.rooms.contains_key(&room) {
            let desk = Desk::new(room, self.elsewhere(room));
            self.rooms.insert(room, desk);
        }
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.watching += 1;
            desk.presence.enter(person);
        }
        self.due.insert(room);
        self.tell_entered(person, room);
    }

    fn leave(&mut self, person: PersonId, room: RoomId) {
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.watching -= 1;
            desk.presence.leave(person);
            desk.typing.stops(person);
            self.due.insert(room);
        }
        self.tell_left(person, room);
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
        let present = self.count(wish.room);
        send(&wish.ws, subscribed(wish.id.as_deref(), wish.room, last, present, lines));
        if wish.is_withdrawn {
            return;
        }
        let id = wish.ws.id();
        if !self.seats.get(&id).is_some_and(|seat| seat.rooms.contains(&wish.room)) {
            self.enter(id, wish.room);
        }
        if let Some(desk) = self.rooms.get(&wish.room) {
            desk.topic.subscribe(&wish.ws);
        }
    }

    fn unsubscribe(&mut self, ws: &WebSocket, room: RoomId) {
        for wish in self.early.values_mut().flatten().filter(|wish| wish.room == room && wish.ws == *ws) {
            wish.is_withdrawn = true;
        }
        let Some(seat) = self.seats.get_mut(&ws.id()) else { return };
        let Some(place) = seat.rooms.iter().position(|one| *one == room) else { return };
        seat.rooms.swap_remove(place);
        let person = seat.person;
        if let Some(desk) = self.rooms.get(&room) {
            desk.topic.unsubscribe(ws);
        }
        self.leave(person, room);
    }
}

fn close(ws: &WebSocket, code: CloseCode, reason: &str) {
    // One that is closing already needs no second goodbye.
    let _ = ws.close(code, reason);
}

fn send(ws: &WebSocket, line: impl AsRef<str>) {
    // Who is gone, or too slow and closed for that, comes back and asks for what it missed.
    let _ = ws.send(line.as_ref());
}
