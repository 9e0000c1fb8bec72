//! The tutorial's plain text: what is sent is said in the lobby, what is said there is received.
//!
//! Such a connection becomes a person of the log when it speaks for the first time. Who only listens is present
//! under a nickname that is kept in memory, and leaves nothing behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use parlor_chat::{Action, PersonId, Proposal, Refusal, RoomId, Timestamp};
use websocket_hub::{CloseCode, WebSocket};

use super::arrival::arrive;
use super::strikes::refuse;
use super::ticket::Ticket;
use crate::identity::{new_person, random};
use crate::nickname::Nickname;
use crate::publisher::News;
use crate::rate::Rate;
use crate::space::Space;
use crate::wire::WireError;

/// Messages that wait until somebody has become a person.
const HELD: usize = 256;

/// A connection that speaks plain text.
#[derive(Debug, Default)]
pub(crate) struct Text(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    person: PersonId,
    nickname: Option<Nickname>,
    standing: Standing,
    rate: Option<Rate>,
}

#[derive(Debug, Default)]
enum Standing {
    #[default]
    Silent,
    /// On the way into the log, with what was said meanwhile.
    Arriving(VecDeque<String>),
    Here,
    /// Gone while on the way into the log: what was said is said still.
    Leaving(VecDeque<String>),
    Gone,
}

impl Text {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, space: &Arc<Space>, ws: &WebSocket) {
        let number = u32::try_from(random() >> 32).expect("half of it fits");
        let Some(nickname) = space.with_nicknames(|nicknames| nicknames.take(number)) else {
            // Closing fails only if it is closing already.
            let _ = ws.close(CloseCode::TRY_AGAIN_LATER, "the lobby is full");
            return;
        };
        let ranges = space.gate.ranges(ws.client_addr());
        if !space.gate.lets_listen(&ranges) {
            // Closing fails only if it is closing already.
            let _ = ws.close(CloseCode::POLICY, Refusal::NotInvited.code());
            return;
        }
        space.text.subscribe(ws);
        let limits = &space.options.limits;
        let mut state = self.lock();
        state.person = new_person();
        state.rate = Some(Rate::new(limits.requests_per_second, limits.request_burst, Instant::now()));
        let name = nickname.as_str().to_owned();
        state.nickname = Some(nickname);
        space.tell(News::CameInText { ws: ws.clone(), person: state.person, name });
    }

    pub(super) fn hear(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket, said: &str) {
        let mut state = self.lock();
        let Some(rate) = &mut state.rate else { return };
        if let Err(wait) = rate.take(Instant::now()) {
            return refuse(ws, rate, &not_said_line(&WireError::too_fast(wait)));
        }
        match &mut state.standing {
            Standing::Here => say(space, ws, state.person, said),
            Standing::Arriving(held) if held.len() < HELD => held.push_back(said.to_owned()),
            Standing::Arriving(_) => not_said(space, ws, &WireError::busy()),
            Standing::Leaving(_) | Standing::Gone => {}
            Standing::Silent => {
                if let Err(wait) = space.gate.admit_guest(ws.client_addr(), Instant::now()) {
                    return not_said(space, ws, &WireError::too_fast(wait));
                }
                state.standing = Standing::Arriving(VecDeque::from([said.to_owned()]));
                let (person, name) = (state.person, name_of(&state));
                drop(state);
                let (text, again, to) = (Arc::clone(self), Arc::clone(space), ws.clone());
                // Under the nickname that others see already, if it is free in the log, too.
                let from = Ticket::default().origin(&space.gate, ws);
                arrive(space, person, name, from, move |arrived| match arrived {
                    Ok(()) => text.is_here(&again, &to),
                    Err(failure) => text.is_not_here(&again, &to, &failure.into()),
                });
            }
        }
    }

    fn is_here(&self, space: &Arc<Space>, ws: &WebSocket) {
        let mut state = self.lock();
        let person = state.person;
        let (held, next) = match std::mem::replace(&mut state.standing, Standing::Gone) {
            Standing::Arriving(held) => (held, Standing::Here),
            Standing::Leaving(held) => (held, Standing::Gone),
            other => (VecDeque::new(), other),
        };
        held.iter().for_each(|said| say(space, ws, person, said));
        if let Standing::Gone = next {
            depart(space, ws, person);
        }
        state.standing = next;
    }

    fn is_not_here(&self, space: &Arc<Space>, ws: &WebSocket, error: &WireError) {
        let mut state = self.lock();
        match std::mem::replace(&mut state.standing, Standing::Gone) {
            Standing::Arriving(held) => {
                held.iter().for_each(|_| not_said(space, ws, error));
                state.standing = Standing::Silent;
            }
            Standing::Leaving(_) => space.tell(News::Went { ws: ws.clone() }),
            other => state.standing = other,
        }
    }

    pub(super) fn close(&self, space: &Arc<Space>, ws: &WebSocket) {
        let mut state = self.lock();
        if let Some(nickname) = state.nickname.take() {
            space.with_nicknames(|nicknames| nicknames.give_back(&nickname));
        }
        match std::mem::replace(&mut state.standing, Standing::Gone) {
            Standing::Arriving(held) => state.standing = Standing::Leaving(held),
            Standing::Here => depart(space, ws, state.person),
            _ => space.tell(News::Went { ws: ws.clone() }),
        }
    }
}

fn name_of(state: &State) -> String {
    state.nickname.as_ref().map(|nickname| nickname.as_str().to_owned()).unwrap_or_default()
}

fn say(space: &Arc<Space>, ws: &WebSocket, person: PersonId, text: &str) {
    let action = Action::Post {
        room: RoomId::LOBBY,
        text: text.to_owned(),
        reply_to: None,
        thread: None,
        mentions: Vec::new(),
    };
    let limit = space.options.limits.text;
    if text.len() > limit {
        return not_said(space, ws, &WireError::text_too_long(limit));
    }
    let (proposal, again, to) =
        (Proposal { at: Timestamp::now(), by: person, key: None, action }, Arc::clone(space), ws.clone());
    space.propose(proposal, move |outcome| match outcome.map(|outcome| outcome.verdict) {
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => not_said(&again, &to, &refusal.into()),
        Err(trouble) => not_said(&again, &to, &trouble.into()),
    });
}

/// The plain text has no errors, so it is a line like the one that tells who has left.
fn not_said(space: &Space, ws: &WebSocket, error: &WireError) {
    space.answer(ws, not_said_line(error));
}

fn not_said_line(error: &WireError) -> String {
    format!(" .... not said: {}", error.message)
}

/// Nobody can come back as this person, so the nickname is somebody else's from now on. The others are told when it has
/// its place in the log, behind what was said last.
fn depart(space: &Space, ws: &WebSocket, person: PersonId) {
    let proposal = Proposal { at: Timestamp::now(), by: person, key: None, action: Action::Depart };
    let (teller, gone) = (space.publisher().clone(), ws.clone());
    space.propose(proposal, move |outcome| {
        if outcome.is_err() {
            // What cannot be stored now leaves a nickname taken, and nothing else.
            teller.tell(News::Went { ws: gone });
        }
    });
}
