//! Shutting out: whoever is banned, disconnected or undone hears nothing from then on, on any connection.

use parlor_chat::{AddressRange, Door, Order, PersonId, Position, RoomId, ServerRole};
use websocket_hub::{CloseCode, WebSocket};

use super::{Teller, close};

impl Teller {
    /// Whoever keeps the peace, and these.
    pub(super) fn keepers_and(&self, people: &[PersonId]) -> Vec<PersonId> {
        let keepers = self.chat.view(PersonId::SERVER, |view| Ok(view.keepers()?));
        // What cannot be read now is in the audit log.
        let mut keepers = keepers.unwrap_or_default();
        keepers.extend(people);
        keepers.sort_unstable();
        keepers.dedup();
        keepers
    }

    /// What an order means for those who are connected.
    pub(super) fn carry_out(&mut self, position: Position, order: &Order) {
        if matches!(order, Order::SetDoor { .. } | Order::BanRange { .. } | Order::UnbanRange { .. }) {
            // What cannot be read now is what was in force before.
            let _ = self.gate.renew(&self.chat);
        }
        match order {
            Order::Kick { person, reason } => self.close_devices(*person, &told("kicked", reason)),
            Order::Ban { person, reason, .. } => {
                self.shut_out_at = position;
                self.close_devices(*person, &told("banned", reason));
            }
            Order::RevokeInvite { ban: true, .. } => {
                self.shut_out_at = position;
                let people = self.devices.keys().copied().collect();
                self.close_who_sees_nothing(people, "banned");
            }
            Order::Undone { undone } => {
                self.shut_out_at = position;
                self.close_who_sees_nothing(undone.people.clone(), "undone");
            }
            Order::BanRange { range, reason, .. } => {
                self.shut_out_at = position;
                self.close_range(*range, &told("range-banned", reason));
            }
            Order::SetDoor { door: Door::Invite | Door::Closed } => self.close_listeners(),
            _ => {}
        }
    }

    /// Somebody may read a room no longer.
    pub(super) fn shut_out(&mut self, person: PersonId, room: RoomId) {
        for id in self.devices.get(&person).cloned().unwrap_or_default() {
            if let Some(ws) = self.seats.get(&id).map(|seat| seat.ws.clone()) {
                self.unsubscribe(&ws, room);
            }
        }
    }

    /// Whether somebody whose welcome was read a while ago is still let in.
    pub(super) fn is_let_in(&self, ws: &WebSocket, person: PersonId) -> bool {
        let is_shown = self.chat.view(person, |view| Ok(view.role()?));
        let from_banned = || self.gate.is_banned(&self.gate.ranges(ws.client_addr()));
        is_shown.is_ok_and(|role| role != ServerRole::Guest || !from_banned())
    }

    fn close_who_sees_nothing(&mut self, people: Vec<PersonId>, reason: &str) {
        for person in people {
            let is_here = self.devices.contains_key(&person);
            if is_here && self.chat.view(person, |_| Ok(())).is_err() && !self.is_listener(person) {
                self.close_devices(person, reason);
            }
        }
    }

    /// Whether somebody only listens, and is in no log.
    fn is_listener(&self, person: PersonId) -> bool {
        let found = self.chat.view(PersonId::SERVER, |view| Ok(view.person(person)?));
        matches!(found, Ok(None))
    }

    fn close_range(&mut self, range: AddressRange, reason: &str) {
        let is_from = |ws: &WebSocket| self.gate.ranges(ws.client_addr()).contains(&range);
        let from: Vec<_> = self.seats.values().filter(|seat| is_from(&seat.ws)).collect();
        let is_guest = |person| {
            let role = self.chat.view(person, |view| Ok(view.role()?));
            role.is_ok_and(|role| role == ServerRole::Guest) || self.is_listener(person)
        };
        let guests: Vec<WebSocket> =
            from.iter().filter(|seat| is_guest(seat.person)).map(|seat| seat.ws.clone()).collect();
        guests.iter().for_each(|ws| self.shut(ws, reason));
    }

    /// Whoever speaks plain text is nobody when they come back, and nobody comes in unasked any more.
    fn close_listeners(&mut self) {
        let listeners: Vec<WebSocket> =
            self.seats.values().filter(|seat| seat.session.is_none()).map(|seat| seat.ws.clone()).collect();
        listeners.iter().for_each(|ws| self.shut(ws, "not-invited"));
    }

    pub(super) fn close_devices(&mut self, person: PersonId, reason: &str) {
        let ids = self.devices.get(&person).cloned().unwrap_or_default();
        let devices: Vec<WebSocket> =
            ids.iter().filter_map(|id| self.seats.get(id)).map(|seat| seat.ws.clone()).collect();
        devices.iter().for_each(|ws| self.shut(ws, reason));
    }

    /// Tells a connection nothing more, and closes it.
    fn shut(&mut self, ws: &WebSocket, reason: &str) {
        let rooms = self.seats.get(&ws.id()).map(|seat| seat.rooms.clone()).unwrap_or_default();
        for room in rooms {
            self.unsubscribe(ws, room);
        }
        self.topics.everyone.unsubscribe(ws);
        self.topics.text.unsubscribe(ws);
        self.went(ws);
        close(ws, CloseCode::POLICY, reason);
    }
}

/// A reason for a close frame, which has room for 123 octets (RFC 6455 §5.5.1).
fn told(code: &str, reason: &str) -> String {
    let mut told = if reason.is_empty() { code.to_owned() } else { format!("{code}: {reason}") };
    while told.len() > 123 {
        told.pop();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        assert_eq!(told("banned", ""), "banned");
        assert_eq!(told("banned", "spam"), "banned: spam");
        let long = told("banned", &"ß".repeat(500));
        assert!(long.len() <= 123 && long.starts_with("banned: ß"), "{long}");
    }
}
