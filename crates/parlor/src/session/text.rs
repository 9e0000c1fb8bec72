//! The tutorial's plain text: what is sent is said in the lobby, what is said there is received.
//!
//! Such a connection becomes a person of the log when it speaks for the first time. Who only listens is present
//! under a nickname that is kept in memory, and leaves nothing behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use parlor_chat::{Action, PersonId, Proposal, RoomId, Timestamp};
use websocket_hub::{CloseCode, WebSocket};

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
        space.text.subscribe(ws);
        let limits = &space.options.limits;
        let mut state = self.lock();
        state.person = new_person();
        state.rate = Some(Rate::new(limits.requests_per_second, limits.request_burst, Instant::now()));
        let name = nickname.as_str().to_owned();
        state.nickname = Some(nickname);
        space.tell(News::Came { ws: ws.clone(), person: state.person, name, welcome: None });
    }

    pub(super) fn hear(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket, said: &str) {
        let mut state = self.lock();
        let Some(rate) = &mut state.rate else { return };
        if rate.take(Instant::now()).is_err() {
            return not_said(space, ws, &WireError::too_fast(1));
        }
        match &mut state.standing {
            Standing::Here => say(space, ws, state.person, said),
            Standing::Arriving(held) if held.len() < HELD => held.push_back(said.to_owned()),
            Standing::Arriving(_) => not_said(space, ws, &WireError::busy()),
            Standing::Gone => {}
            Standing::Silent => {
                state.standing = Standing::Arriving(VecDeque::from([said.to_owned()]));
                let (person, name) = (state.person, name_of(&state));
                drop(state);
                self.arrive(space, ws, person, name);
            }
        }
    }

    /// Becomes a person under the nickname that others see already, or the next that is free in the log, too.
    fn arrive(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket, person: PersonId, nickname: String) {
        let action = Action::Arrive { nickname: nickname.clone() };
        let proposal = Proposal { at: Timestamp::now(), by: person, key: None, action };
        let (text, again, to) = (Arc::clone(self), Arc::clone(space), ws.clone());
        let handed_in = space.propose(proposal, move |outcome| {
            let verdict = outcome.map(|outcome| outcome.verdict);
            match verdict {
                Ok(Ok(_)) => text.is_here(&again, &to, nickname),
                Ok(Err(parlor_chat::Refusal::NicknameTaken)) => {
                    let Some(name) = text.other_nickname(&again) else { return };
                    text.arrive(&again, &to, person, name);
                }
                Ok(Err(refusal)) => text.is_not_here(&again, &to, &refusal.into()),
                Err(trouble) => text.is_not_here(&again, &to, &trouble.into()),
            }
        });
        if let Err(trouble) = handed_in {
            self.is_not_here(space, ws, &trouble.into());
        }
    }

    /// Another nickname of those that nobody here has; nothing if the connection has ended.
    fn other_nickname(&self, space: &Space) -> Option<String> {
        let mut state = self.lock();
        let old = state.nickname.take()?;
        let number = u32::try_from(random() >> 32).expect("half of it fits");
        let new = space.with_nicknames(|nicknames| {
            let new = nicknames.take(number);
            nicknames.give_back(&old);
            new
        });
        state.nickname = new;
        Some(name_of(&state))
    }

    fn is_here(&self, space: &Arc<Space>, ws: &WebSocket, name: String) {
        let mut state = self.lock();
        let person = state.person;
        space.tell(News::Called { person, name });
        let before = std::mem::replace(&mut state.standing, Standing::Here);
        let Standing::Arriving(held) = before else {
            // It ended meanwhile.
            state.standing = Standing::Gone;
            return depart(space, person);
        };
        for said in held {
            say(space, ws, person, &said);
        }
    }

    fn is_not_here(&self, space: &Arc<Space>, ws: &WebSocket, error: &WireError) {
        let mut state = self.lock();
        if let Standing::Arriving(_) = std::mem::take(&mut state.standing) {
            not_said(space, ws, error);
        }
    }

    pub(super) fn close(&self, space: &Arc<Space>) {
        let mut state = self.lock();
        if let Some(nickname) = state.nickname.take() {
            space.with_nicknames(|nicknames| nicknames.give_back(&nickname));
        }
        if let Standing::Here = std::mem::replace(&mut state.standing, Standing::Gone) {
            depart(space, state.person);
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
    let handed_in = space.propose(proposal, move |outcome| match outcome.map(|outcome| outcome.verdict) {
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => not_said(&again, &to, &refusal.into()),
        Err(trouble) => not_said(&again, &to, &trouble.into()),
    });
    if let Err(trouble) = handed_in {
        not_said(space, ws, &trouble.into());
    }
}

/// The plain text has no errors, so it is a line like the one that tells who has left.
fn not_said(space: &Space, ws: &WebSocket, error: &WireError) {
    space.answer(ws, format!(" .... not said: {}", error.message));
}

/// Nobody can come back as this person, so the nickname is somebody else's from now on.
fn depart(space: &Space, person: PersonId) {
    let proposal = Proposal { at: Timestamp::now(), by: person, key: None, action: Action::Depart };
    // What cannot be stored now leaves a nickname taken, and nothing else.
    let _ = space.propose(proposal, |_| {});
}
