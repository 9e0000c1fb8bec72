//! What somebody new shows at the door: an invitation, or why they would like to come in.

use parlor_chat::{Origin, limits};
use websocket_hub::WebSocket;

use super::orders::shown_invite;
use crate::gate::Gate;

/// What stands in the address that a client connects to, behind the question mark.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    invite: Option<String>,
    asks: Option<String>,
}

impl Ticket {
    /// Reads `invite=` and `ask=` out of a query.
    pub(crate) fn of(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut ticket = Ticket::default();
        for (name, value) in pairs {
            match &*name {
                "invite" => ticket.invite = Some(value.into_owned()),
                "ask" => ticket.asks = Some(one_line(&value)),
                _ => {}
            }
        }
        ticket
    }

    /// Where whoever is behind a connection comes from.
    pub(super) fn origin(&self, gate: &Gate, ws: &WebSocket) -> Origin {
        Origin {
            ranges: gate.ranges(ws.client_addr()),
            invite: self.invite.as_deref().map(|invite| shown_invite(invite).unwrap_or_default()),
            asks: self.asks.clone(),
        }
    }
}

/// What was typed, as the one line that it may be.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(limits::REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_and_a_request_are_read_out_of_a_query() {
        let ticket = Ticket::of(Some("x=1&invite=abc.def&ask=it%27s+me%0A!"));
        assert_eq!((ticket.invite.as_deref(), ticket.asks.as_deref()), (Some("abc.def"), Some("it's me!")));
        let none = Ticket::of(None);
        assert_eq!((none.invite, none.asks), (None, None));
    }
}
