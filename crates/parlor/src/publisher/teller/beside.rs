//! What is told beside the log: who is there, and who writes.

use std::time::Instant;

use parlor_chat::RoomId;
use websocket_hub::WebSocket;

use super::{Teller, send};
use crate::publisher::PeopleLine;

impl Teller {
    /// Only who watches a room can be seen writing in it, so nobody learns of a room by writing.
    pub(super) fn writes(&mut self, ws: &WebSocket, room: RoomId) {
        let Some(seat) = self.seats.get(&ws.id()).filter(|seat| seat.rooms.contains(&room)) else { return };
        if let Some(desk) = self.rooms.get_mut(&room) {
            desk.typing.writes(seat.person, Instant::now());
            self.due.insert(room);
        }
        if let Some(nodes) = &mut self.nodes {
            nodes.roster.writes(room, seat.person);
        }
    }

    /// Says who watches a room.
    pub(super) fn tell_present(&mut self, ws: &WebSocket, room: RoomId, line: PeopleLine) {
        let people = self.people(room).into_iter().take(parlor_chat::limits::PAGE);
        let named = people.map(|person| (person, self.names.of(person))).collect();
        send(ws, line(named));
    }

    pub(super) fn tell_due(&mut self, now: Instant) {
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
