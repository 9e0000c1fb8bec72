//! What happens at the other nodes of a cluster, beside the log: who is there, and who writes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use parlor_chat::{PersonId, RoomId};
use parlor_jetstream::Heard;

use super::super::nodes::Nodes;
use super::{LONG, TICK, Teller};

impl Teller {
    /// How long nothing is due, if nothing comes before.
    pub(super) fn patience(&self) -> Duration {
        let patience = if self.due.is_empty() { LONG } else { TICK };
        self.nodes.as_ref().map_or(patience, |nodes| patience.min(nodes.patience()))
    }

    /// From now on this is a node among others. Nobody can have come before.
    pub(super) fn joined(&mut self, nodes: Nodes) {
        self.counters.spending.begin();
        self.nodes = Some(nodes);
    }

    /// Takes up what another node said.
    pub(super) fn hear_node(&mut self, octets: &[u8]) {
        let Some(nodes) = &mut self.nodes else { return };
        nodes.hear(octets);
        while let Some(heard) = self.nodes.as_mut().and_then(|nodes| nodes.roster.poll_heard()) {
            self.heard(heard);
        }
    }

    fn heard(&mut self, heard: Heard) {
        let room = match heard {
            Heard::Came { room, person, guest } => {
                if let Some(name) = guest {
                    self.names.enter(person, name);
                }
                let Some(desk) = self.rooms.get_mut(&room) else { return };
                desk.presence.enter(person);
                room
            }
            Heard::Left { room, person } => {
                if room == RoomId::LOBBY {
                    self.left_elsewhere(person);
                }
                let Some(desk) = self.rooms.get_mut(&room) else { return };
                desk.presence.leave(person);
                desk.typing.stops(person);
                room
            }
            Heard::Writes { room, person } => {
                let Some(desk) = self.rooms.get_mut(&room) else { return };
                desk.typing.writes(person, Instant::now());
                room
            }
            Heard::Differs { node, block } => {
                if let Some(nodes) = &self.nodes {
                    nodes.tell_differing(node, block);
                }
                return;
            }
            Heard::Spent(spent) => return self.counters.spent_elsewhere(spent, Instant::now()),
        };
        self.due.insert(room);
    }

    /// Somebody is gone: those who speak plain text are told of their like at other nodes, too.
    pub(super) fn left_elsewhere(&mut self, person: PersonId) {
        if let Some(name) = self.names.forget(person) {
            self.topics.text.publish(format!(" .... {name} has left."));
        }
    }

    /// A connection here watches a room from now on.
    pub(super) fn tell_entered(&mut self, person: PersonId, room: RoomId) {
        if let Some(nodes) = &mut self.nodes {
            nodes.roster.enter(room, person, self.names.guest(person));
        }
    }

    /// A connection here watches a room no longer.
    pub(super) fn tell_left(&mut self, person: PersonId, room: RoomId) {
        if let Some(nodes) = &mut self.nodes {
            nodes.roster.leave(room, person);
        }
    }

    /// Somebody has said something in a room.
    pub(super) fn tell_said(&mut self, person: PersonId, room: RoomId) {
        if let Some(nodes) = &mut self.nodes {
            nodes.roster.has_said(room, person);
        }
    }

    /// This node ends: the others keep its people until they are somewhere else.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(nodes) = &mut self.nodes {
            nodes.roster.say_goodbye();
        }
    }

    /// Who watches a room that nobody watches here.
    pub(super) fn elsewhere(&self, room: RoomId) -> impl Iterator<Item = PersonId> + '_ {
        self.nodes.iter().flat_map(move |nodes| nodes.roster.people(room))
    }

    /// How many watch a room, here or elsewhere.
    pub(super) fn count(&self, room: RoomId) -> usize {
        let elsewhere = || self.elsewhere(room).collect::<HashSet<_>>().len();
        self.rooms.get(&room).map_or_else(elsewhere, |desk| desk.presence.count())
    }

    /// Who watches a room, here or elsewhere.
    pub(super) fn people(&self, room: RoomId) -> Vec<PersonId> {
        match self.rooms.get(&room) {
            Some(desk) => desk.presence.people().collect(),
            None => self.elsewhere(room).collect::<HashSet<_>>().into_iter().collect(),
        }
    }
}
