//! What the publisher has been told and has not taken up yet: in order, bounded, and without a wake-up for each.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlor_chat::{Event, Position, What};

use super::News;

/// Octets of events that wait to be told at most, before the log is made to wait.
const OCTETS: usize = 32 << 20;
/// Octets that other nodes said and that wait at most, before more of it is not heard.
const SAID: usize = 8 << 20;

/// Where news wait.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    has_come: Condvar,
    has_room: Condvar,
}

#[derive(Default)]
struct State {
    news: VecDeque<News>,
    /// Of events that wait or are being told.
    octets: usize,
    /// Octets that other nodes said and that wait.
    said: usize,
    /// Nobody takes anything up any more.
    is_over: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves one piece of news.
    pub(super) fn push(&self, news: News) {
        self.push_quietly(news);
        self.0.has_come.notify_one();
    }

    /// Leaves one piece of news that may wait for the next.
    pub(super) fn push_quietly(&self, news: News) {
        let mut state = self.lock();
        if !state.is_over {
            state.news.push_back(news);
        }
    }

    /// Leaves what another node said; returns whether there was room for it.
    pub(super) fn push_said(&self, octets: &[u8]) -> bool {
        let mut state = self.lock();
        if state.said + octets.len() > SAID || state.is_over {
            return false;
        }
        state.said += octets.len();
        state.news.push_back(News::Said(octets.to_vec()));
        drop(state);
        self.0.has_come.notify_one();
        true
    }

    /// Leaves what happened in a batch; waits while too much is still to be told.
    pub(super) fn push_batch(&self, up_to: Position, events: Vec<Event>) {
        let octets = events.iter().map(octets).sum();
        let mut state = self.lock();
        while state.octets > OCTETS && !state.is_over {
            state = self.0.has_room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over {
            return;
        }
        state.octets += octets;
        state.news.push_back(News::Batch { up_to, events, octets });
        drop(state);
        self.0.has_come.notify_one();
    }

    /// Takes up everything, once there is something, in exchange for an empty list; or nothing, after so long.
    pub(super) fn take(&self, into: &mut VecDeque<News>, patience: Duration) {
        let state = self.lock();
        let waited = self.0.has_come.wait_timeout_while(state, patience, |state| state.news.is_empty());
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.news, into);
        state.said = 0;
    }

    /// So many octets of events have been told.
    pub(super) fn told(&self, octets: usize) {
        self.lock().octets -= octets;
        self.0.has_room.notify_all();
    }

    /// Nobody takes anything up from here on, so nobody waits for that.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        // They hold what may tell us something when it is dropped.
        let left = std::mem::take(&mut state.news);
        drop(state);
        drop(left);
        self.0.has_room.notify_all();
    }
}

/// What an event takes, about.
fn octets(event: &Event) -> usize {
    let (What::Posted { text, .. } | What::Edited { text, .. }) = &event.what else {
        return size_of::<Event>();
    };
    size_of::<Event>() + text.len()
}

#[cfg(test)]
mod tests {
    use parlor_chat::{PersonId, Timestamp};

    use super::*;

    const TEXT: usize = 65_536;
    const EACH: usize = 64;

    fn batch(position: u64) -> Vec<Event> {
        let what =
            What::Posted { text: "x".repeat(TEXT), reply_to: None, thread: None, mentions: Vec::new() };
        let by = PersonId(7);
        let event = Event { position: Position(position), at: Timestamp(5), by, place: None, what };
        vec![event; EACH]
    }

    #[test]
    fn what_waits_is_bounded_in_octets_and_who_tells_more_waits() {
        const BATCHES: u64 = 20;
        let inbox = Inbox::default();
        std::thread::scope(|scope| {
            let telling = inbox.clone();
            scope.spawn(move || {
                (1..=BATCHES).for_each(|position| telling.push_batch(Position(position), batch(position)));
            });
            let (mut next, mut news) = (1, VecDeque::new());
            while next <= BATCHES {
                inbox.take(&mut news, Duration::from_secs(30));
                assert!(!news.is_empty(), "batch {next} does not come");
                let most = OCTETS + 2 * EACH * (TEXT + size_of::<Event>());
                assert!(inbox.lock().octets < most, "no more than that and one batch");
                for told in news.drain(..) {
                    let News::Batch { up_to, octets, events } = told else { panic!("batches only") };
                    assert_eq!((up_to, events.len()), (Position(next), EACH));
                    assert!(octets >= EACH * TEXT);
                    inbox.told(octets);
                    next += 1;
                }
            }
        });
        assert_eq!(inbox.lock().octets, 0);
    }

    #[test]
    fn what_other_nodes_say_is_bounded_until_it_is_taken_up() {
        let inbox = Inbox::default();
        let piece = [7; 1 << 20];
        let taken = (0..20).filter(|_| inbox.push_said(&piece)).count();
        assert_eq!(taken, SAID >> 20);
        inbox.take(&mut VecDeque::new(), Duration::ZERO);
        assert!(inbox.push_said(&piece));
    }

    #[test]
    fn nobody_waits_for_a_publisher_that_has_ended() {
        let inbox = Inbox::default();
        std::thread::scope(|scope| {
            let telling = inbox.clone();
            scope.spawn(move || {
                (1..=20).for_each(|position| telling.push_batch(Position(1), batch(position)))
            });
            while inbox.lock().octets <= OCTETS {
                std::thread::yield_now();
            }
            inbox.end();
        });
        inbox.push(News::Stop);
        assert!(inbox.lock().news.is_empty());
    }
}
