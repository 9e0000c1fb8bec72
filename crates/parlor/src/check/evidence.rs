//! What was wished, acknowledged and told, compared as it comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::line::Line;
use super::problems::{Kind, Problems};
use super::wish::{Fate, Name, Place, Wish, Wished};

/// What a node that had fallen behind calls an event that is erased since: the same as if it left it out.
const ERASED: &str = "erased";

/// How somebody learnt of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// When it happened: every place must come.
    Live,
    /// Afterwards: places whose message is deleted are left out.
    Resumed,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The clients' ids, once they are known.
    people: Vec<String>,
    pub(super) rooms: Vec<Room>,
    pub(super) wishes: HashMap<Name, Wish>,
    pub(super) problems: Problems,
}

/// What is known of a room.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Its id, once it is there.
    pub(super) id: String,
    pub(super) events: BTreeMap<u64, Event>,
    /// How far each client was told.
    cursors: Vec<u64>,
    /// Places that were left out when somebody was told afterwards.
    pub(super) holes: BTreeSet<u64>,
}

/// An event as the first one saw it who was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) position: u64,
    pub(super) by: String,
    pub(super) kind: String,
    pub(super) about: u64,
    /// The texts that it was seen with.
    pub(super) names: BTreeSet<Option<Name>>,
}

impl Evidence {
    pub(super) fn new(clients: usize, rooms: usize) -> Self {
        let room = || Room { cursors: vec![0; clients], ..Room::default() };
        Evidence {
            people: vec![String::new(); clients],
            rooms: (0..rooms).map(|_| room()).collect(),
            ..Evidence::default()
        }
    }

    /// Notes who a client is. Who comes back must be who they were.
    pub(super) fn is(&mut self, client: usize, id: &str) {
        let known = &mut self.people[client];
        if known.is_empty() {
            id.clone_into(known);
        } else if known != id {
            self.problems.add(Kind::Lost, || format!("client {client} was {known} and is {id}"));
        }
    }

    pub(super) fn person(&self, client: usize) -> &str {
        &self.people[client]
    }

    pub(super) fn clients(&self) -> usize {
        self.people.len()
    }

    pub(super) fn is_one_of_us(&self, id: &str) -> bool {
        self.people.iter().any(|person| person == id)
    }

    pub(super) fn wished(&mut self, name: Name, room: usize, wished: Wished) {
        self.wishes.insert(name, Wish { room, wished, fate: Fate::Open });
    }

    /// An answer that says where a wish stands: always the same one.
    pub(super) fn acknowledged(&mut self, name: Name, place: Place) {
        let Some(wish) = self.wishes.get_mut(&name) else {
            return self.problems.add(Kind::Doubled, || format!("{name} was acknowledged and never wished"));
        };
        match wish.fate {
            Fate::Open => wish.fate = Fate::Acknowledged(place),
            Fate::Acknowledged(first) if first == place => {}
            fate => self.problems.add(Kind::Doubled, || {
                format!("{name} stands at {place:?} now; before, it was answered {fate:?}")
            }),
        }
    }

    /// An answer that says that a wish may not be.
    pub(super) fn refused(&mut self, name: Name, code: &str) {
        let wish = self.wishes.get_mut(&name);
        let before = wish.map(|wish| std::mem::replace(&mut wish.fate, Fate::Refused));
        self.problems.add(Kind::Refused, || format!("{name}: {code}; before: {before:?}"));
    }

    /// How far a client was told of a room.
    pub(super) fn cursor(&self, room: usize, client: usize) -> u64 {
        self.rooms[room].cursors[client]
    }

    /// A client was told of an event.
    pub(super) fn told(&mut self, room: usize, client: usize, event: &Line, way: Way) {
        let Evidence { rooms, problems, .. } = self;
        let cursor = &mut rooms[room].cursors[client];
        let place = event.sequence;
        if place <= *cursor {
            let cursor = *cursor;
            return problems.add(Kind::Doubled, || {
                format!("client {client} was told of place {place} of room {room} after place {cursor}")
            });
        }
        let left_out = *cursor + 1..place;
        *cursor = place;
        match way {
            Way::Live if !left_out.is_empty() => problems.add(Kind::Gap, || {
                format!("client {client} was told of place {place} of room {room} and not of {left_out:?}")
            }),
            Way::Live => {}
            Way::Resumed => rooms[room].holes.extend(left_out),
        }
        if event.r#type == ERASED {
            rooms[room].holes.insert(place);
            return;
        }
        self.note(room, event);
    }

    fn note(&mut self, room: usize, line: &Line) {
        let event = Event {
            position: line.position,
            by: line.by.clone(),
            kind: line.r#type.clone(),
            about: line.about(),
            names: BTreeSet::from([Name::of_text(&line.text)]),
        };
        let place = line.sequence;
        let Some(known) = self.rooms[room].events.get_mut(&place) else {
            self.rooms[room].events.insert(place, event);
            return;
        };
        known.names.extend(event.names.iter().copied());
        let event = Event { names: known.names.clone(), ..event };
        if *known != event {
            let known = &*known;
            self.problems.add(Kind::Reordered, || {
                format!("place {place} of room {room} is {known:?} for one and {event:?} for another")
            });
        }
    }

    /// A client was told everything up to a place.
    pub(super) fn told_up_to(&mut self, room: usize, client: usize, place: u64) {
        let Room { cursors, holes, .. } = &mut self.rooms[room];
        holes.extend(cursors[client] + 1..=place);
        cursors[client] = cursors[client].max(place);
    }

    /// A client was told that it is too far behind to be told everything, and goes on from a place.
    pub(super) fn told_of_gap(&mut self, room: usize, client: usize, last: u64) {
        let cursor = &mut self.rooms[room].cursors[client];
        if last < *cursor {
            let cursor = *cursor;
            self.problems.add(Kind::Lost, || {
                format!("room {room} ended at {cursor} and ends at {last} now, says client {client}")
            });
        }
        *cursor = last;
    }
}
