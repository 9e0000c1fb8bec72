//! Connections that leave for another server, which tells them what is next, and those that come from one.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use parlor_chat::Position;
use websocket_hub::driver::reason_with_retry_after;
use websocket_hub::{CloseCode, WebSocket};

use super::{Inbox, LONG, News, Seat, Teller, close};
use crate::publisher::{Departure, RETURN_RATE, Sitting};

impl Teller {
    /// Takes up the connections of the server before, of which each knows everything up to a place of the log. Nothing
    /// has been told since, so they hear on where they were. What else comes meanwhile is given back.
    pub(in crate::publisher) fn gather(&mut self, inbox: &Inbox, from: Position) -> VecDeque<News> {
        let (mut taken, mut later) = (VecDeque::new(), VecDeque::new());
        let mut is_over = false;
        while !is_over {
            inbox.take(&mut taken, LONG);
            for news in taken.drain(..) {
                match news {
                    News::Resumed { ws, sitting, position } if position == from => self.resume(ws, sitting),
                    News::Gathered => is_over = true,
                    other => {
                        is_over |= matches!(other, News::Stop);
                        later.push_back(other);
                    }
                }
            }
        }
        // All of them know who is there.
        self.rooms.values_mut().for_each(|desk| desk.presence.settle());
        later
    }

    fn resume(&mut self, ws: WebSocket, sitting: Sitting) {
        if !ws.is_open() {
            return;
        }
        let (id, Sitting { signed, rooms }) = (ws.id(), sitting);
        self.topics.everyone.subscribe(&ws);
        let since = self.published;
        let seat = Seat {
            ws: ws.clone(),
            person: signed.person,
            session: Some(signed.session),
            since,
            rooms: Vec::new(),
        };
        self.sit(seat);
        for room in rooms {
            self.enter(id, room);
            if let Some(desk) = self.rooms.get(&room) {
                desk.topic.subscribe(&ws);
            }
        }
    }

    /// Tells those who leave for another server what there is to tell of everybody else, who is gone, and says who they
    /// are.
    pub(super) fn leave_to(&mut self, leaving: &HashSet<u64>, answer: &Sender<Departure>) {
        let others =
            self.seats.values().filter(|seat| seat.session.is_none() || !leaving.contains(&seat.ws.id()));
        let others: Vec<WebSocket> = others.map(|seat| seat.ws.clone()).collect();
        others.iter().for_each(|ws| self.went(ws));
        for desk in self.rooms.values_mut() {
            desk.typing.all_stop();
        }
        // As if the last line were long ago.
        self.tell_due(Instant::now() + self.interval.max(Duration::from_secs(1)));
        let seats = self.seats.iter().filter_map(|(id, seat)| Some((*id, seat.sitting()?))).collect();
        // Whoever asked has gone, and nobody is handed over.
        let _ = answer.send(Departure { position: self.published, seats });
    }
}

impl Seat {
    fn sitting(&self) -> Option<Sitting> {
        let signed = crate::identity::Signed { person: self.person, session: self.session? };
        Some(Sitting { signed, rooms: self.rooms.clone() })
    }
}

/// Something happened that one who comes from the server before has not heard of. They come back and ask, but not all at
/// once: those from there are this server's first connections, and ids count them.
pub(super) fn send_back(ws: &WebSocket) {
    let place = u32::try_from(ws.id()).unwrap_or(u32::MAX);
    let after = Duration::from_secs(1) * place / RETURN_RATE;
    close(ws, CloseCode::RESTART, &reason_with_retry_after("come back", after));
}
