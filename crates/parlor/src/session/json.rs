//! A connection that speaks `parlor.v1`: it becomes somebody, is welcomed, and is answered from then on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use parlor_chat::view::View;
use parlor_chat::{Failure, PersonId, Refusal, ServerRole, SessionId, Timestamp};
use websocket_hub::{CloseCode, WebSocket};

use super::arrival::{arrive, draw_nickname};
use super::asker::Asker;
use super::lane::Lane;
use super::strikes::refuse;
use super::ticket::Ticket;
use super::{orders, oversight, queries, wishes};
use crate::identity::{Signed, new_person};
use crate::publisher::{News, SIGNED_OUT};
use crate::rates::{self, Shared};
use crate::readers::Job;
use crate::space::{Space, Standing};
use crate::wire::{Asked, Named, Request, Welcome, WireError, waiting};

/// Requests that wait for the welcome.
const HELD: usize = 256;

/// A connection that speaks JSON.
#[derive(Debug)]
pub(crate) struct Json {
    shown: Option<Signed>,
    ticket: Ticket,
    lane: Arc<Lane>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    place: Place,
    rate: Shared,
}

#[derive(Debug)]
enum Place {
    Coming(VecDeque<Asked>),
    Here(PersonId),
}

impl Json {
    /// `shown` is who the client has shown to be.
    pub(super) fn new(space: &Space, shown: Option<Signed>, ticket: Ticket) -> Self {
        let now = Instant::now();
        let rate = shown.map_or_else(
            || space.counters.rates.of_nobody(now),
            |signed| space.counters.rates.of(signed.person, now),
        );
        let place = Place::Coming(VecDeque::new());
        Json { shown, ticket, lane: Arc::default(), state: Mutex::new(State { place, rate }) }
    }

    /// Somebody who is here already, as far as they know.
    pub(super) fn resumed(space: &Space, signed: Signed) -> Self {
        let rate = space.counters.rates.of(signed.person, Instant::now());
        let state = Mutex::new(State { place: Place::Here(signed.person), rate });
        Json { shown: Some(signed), ticket: Ticket::default(), lane: Arc::default(), state }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket) {
        let (json, again, to) = (Arc::clone(self), Arc::clone(space), ws.clone());
        space.read(Job::new(move || json.come(&again, &to)));
    }

    /// Finds out who this is, or makes somebody new.
    fn come(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket) {
        if !ws.is_open() {
            return;
        }
        let known = self.shown.map(|signed| (signed.person, space.standing(signed)));
        let arriving = match known {
            Some((person, Ok(Standing::SignedIn))) => return self.come_back(space, ws, person),
            // The page gave the browser its token, and this is its first connection.
            Some((person, Ok(Standing::Unknown))) => person,
            Some((_, Err(_))) => return turn_away(ws),
            Some((_, Ok(Standing::SignedOut))) => return sign_out(ws),
            // They are gone for good, so this is somebody else.
            Some((_, Ok(Standing::Gone))) | None => new_person(),
        };
        if let Err(wait) = space.gate.admit_guest(ws.client_addr(), Instant::now()) {
            return come_later(ws, "many guests came from your network", wait);
        }
        let origin = self.ticket.origin(&space.gate, ws);
        let (json, again, to) = (Arc::clone(self), Arc::clone(space), ws.clone());
        let is_new = self.shown.is_none_or(|signed| signed.person != arriving);
        arrive(space, arriving, draw_nickname(), origin, move |arrived| {
            match arrived {
                Ok(()) => {}
                // Another of the browser's tabs was first.
                Err(Failure::Refused(Refusal::IdTaken)) if !is_new => {}
                Err(Failure::Refused(refusal)) if is_shut_out(refusal) => return shut_out(&to, refusal),
                Err(_) => return turn_away(&to),
            }
            let reader = Arc::clone(&again);
            reader.read(Job::new(move || json.welcome(&again, &to, arriving, is_new)));
        });
    }

    /// Members are known by more than where they come from; guests are not.
    fn come_back(&self, space: &Arc<Space>, ws: &WebSocket, person: PersonId) {
        let found = space.chat().view(PersonId::SERVER, |view| Ok(view.person(person)?));
        let is_guest = found.is_ok_and(|found| found.is_some_and(|one| one.role == ServerRole::Guest));
        if is_guest && space.gate.is_banned(&space.gate.ranges(ws.client_addr())) {
            return shut_out(ws, Refusal::RangeBanned);
        }
        self.welcome(space, ws, person, false);
    }

    fn welcome(&self, space: &Arc<Space>, ws: &WebSocket, person: PersonId, is_new: bool) {
        let session = match self.shown {
            Some(signed) if signed.person == person => signed.session,
            _ => SessionId::GUEST,
        };
        match space.chat().view(PersonId::SERVER, |view| Ok(view.person(person)?)) {
            // Only who is new needs to be told what to come back with.
            Ok(Some(found)) if found.waits => {
                return ask_to_wait(space, ws, is_new.then_some(person));
            }
            Ok(_) => {}
            Err(_) => return turn_away(ws),
        }
        let read = space.chat().view(person, |view| {
            // It may have ended since it was looked at.
            if !view.is_signed_in(person, session)? {
                return Ok(None);
            }
            let name = view.person(person)?.map(|found| found.nickname).unwrap_or_default();
            let line = welcome_line(space, view, Named { id: person, name }, is_new)?;
            Ok(Some((line, view.position()?)))
        });
        let (welcome, position) = match read {
            Ok(Some(read)) => read,
            Ok(None) => return sign_out(ws),
            Err(Failure::Refused(refusal)) => return shut_out(ws, refusal),
            Err(Failure::Trouble(_)) => return turn_away(ws),
        };
        let signed = Signed { person, session };
        let asker = self.asker(space, ws, person);
        // Under the lock from the welcome on: nobody who has read it is too early, however much they ask at once, and what
        // comes now is answered after what came before.
        let mut state = self.lock();
        space.tell(News::Came { ws: ws.clone(), signed, welcome, position });
        state.rate = space.counters.rates.of(person, Instant::now());
        if let Place::Coming(held) = std::mem::replace(&mut state.place, Place::Here(person)) {
            held.into_iter().for_each(|asked| answer(&asker, asked));
        }
    }

    fn asker(&self, space: &Arc<Space>, ws: &WebSocket, person: PersonId) -> Asker {
        Asker { space: Arc::clone(space), ws: ws.clone(), person, lane: Arc::clone(&self.lane) }
    }

    pub(super) fn hear(&self, space: &Arc<Space>, ws: &WebSocket, text: &str) {
        let asked = Asked::parse(text);
        let mut state = self.lock();
        let mut rate = rates::lock(&state.rate);
        let asked = match (rate.take(Instant::now()), asked) {
            (Err(wait), Ok(Asked { id, .. }) | Err((id, _))) => {
                let line = WireError::too_fast(wait).line(id.as_deref());
                return refuse(ws, &rate, &line);
            }
            (Ok(()), Err((id, error))) => return space.answer(ws, error.line(id.as_deref())),
            (Ok(()), Ok(asked)) => asked,
        };
        drop(rate);
        match &mut state.place {
            Place::Here(person) => {
                let asker = self.asker(space, ws, *person);
                answer(&asker, asked);
            }
            Place::Coming(held) if held.len() < HELD => held.push_back(asked),
            Place::Coming(_) => space.answer(ws, WireError::too_early().line(asked.id.as_deref())),
        }
    }
}

fn answer(asker: &Asker, asked: Asked) {
    match asked.request {
        Request::Wish(wish) => wishes::propose(asker, asked.id, asked.key, wish),
        Request::Query(query) => queries::answer(asker, asked.id, query),
        Request::Order(order) => orders::propose(asker, asked.id, asked.key, order),
        Request::Oversight(look) => oversight::answer(asker, asked.id, look),
    }
}

/// Whoever shows a session that has ended is nobody, and is told so.
fn sign_out(ws: &WebSocket) {
    // Closing fails only if it is closing already.
    let _ = ws.close(CloseCode::POLICY, SIGNED_OUT);
}

/// Who cannot be let in now comes back a little later.
fn turn_away(ws: &WebSocket) {
    come_later(ws, "the server has too much to do", Duration::from_secs(1));
}

/// Whether trying again as somebody else is of no use.
fn is_shut_out(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::NotInvited | Refusal::InviteInvalid | Refusal::RangeBanned)
}

/// Who is not let in is told why, as the answer to a request that was not made, and need not try again.
fn shut_out(ws: &WebSocket, refusal: Refusal) {
    // Who is gone or closing needs neither.
    let _ = ws.send(WireError::from(refusal).line(None));
    let _ = ws.close(CloseCode::POLICY, refusal.code());
}

/// Who asked to be let in is told to wait; `token` is for whoever is new.
fn ask_to_wait(space: &Space, ws: &WebSocket, new: Option<PersonId>) {
    let token = new.map(|person| space.identities.token(Signed::guest(person)));
    // Who is gone or closing needs neither.
    let _ = ws.send(waiting(token.as_deref()));
    let wait = Duration::from_secs(60);
    come_later(ws, "waiting to be let in", wait);
}

fn come_later(ws: &WebSocket, why: &str, wait: Duration) {
    let reason = websocket_hub::driver::reason_with_retry_after(why, wait);
    // Closing fails only if it is closing already.
    let _ = ws.close(CloseCode::TRY_AGAIN_LATER, &reason);
}

fn welcome_line(space: &Space, view: &View<'_>, you: Named, is_new: bool) -> Result<String, Failure> {
    let token = is_new.then(|| space.identities.token(Signed::guest(you.id)));
    let (rooms, people) = queries::rooms(view, you.id)?;
    let welcome = Welcome {
        you,
        token: token.as_deref(),
        role: view.role()?,
        door: view.door()?,
        rooms,
        people,
        limits: space.options.limits.clone(),
        server: env!("CARGO_PKG_VERSION"),
        at: Timestamp::now().0,
    };
    Ok(serde_json::to_string(&welcome).expect("these types have a JSON form"))
}
