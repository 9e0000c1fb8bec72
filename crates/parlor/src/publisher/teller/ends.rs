//! Whose connections end because of what happened to the person: departed, or signed out.

use parlor_chat::Event;
use websocket_hub::CloseCode;

use super::{SIGNED_OUT, Seat, Signed, Teller, close};

impl Teller {
    /// Something about an account changed: whoever is signed in no longer is sent away.
    pub(super) fn account_changed(&mut self, event: &Event) {
        self.sessions.changed(event.by, event.position, self.tail.complete_after());
        for id in self.devices.get(&event.by).into_iter().flatten() {
            let Some(Seat { ws, session: Some(session), .. }) = self.seats.get(id) else { continue };
            if !self.sessions.is_open(Signed { person: event.by, session: *session }) {
                close(ws, CloseCode::POLICY, SIGNED_OUT);
            }
        }
    }

    /// Somebody is gone who can never come back: who spoke plain text.
    pub(super) fn departed(&mut self, event: &Event) {
        // A guest who signed out somewhere is signed out on every connection.
        self.account_changed(event);
        for id in self.devices.get(&event.by).cloned().unwrap_or_default() {
            if let Some(ws) =
                self.seats.get(&id).filter(|seat| seat.session.is_none()).map(|seat| seat.ws.clone())
            {
                self.went(&ws);
            }
        }
        self.left_elsewhere(event.by);
    }
}
