//! One end's place in a pair: its way out, what it was told, and how it is driven.

use std::time::Instant;

use bytes::BytesMut;

use super::endpoint::Endpoint;
use super::link::{Arrival, Link};
use crate::event::{Closed, Event};
use crate::input::Input;
use crate::sending::Transmit;

/// What one end was told, and the way that its octets take to the other.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) link: Link,
    pub(super) events: Vec<Event<'static>>,
    pub(super) closed: Option<Closed>,
    pub(super) is_blocked: bool,
}

impl Port {
    pub(super) fn new(link: Link) -> Port {
        Port { link, events: Vec::new(), closed: None, is_blocked: false }
    }

    /// Calls `handle_timeout` if it is due. Says whether anything came of it.
    pub(super) fn keep_deadlines(&mut self, end: &mut dyn Endpoint, now: Instant) -> bool {
        let is_due =
            |end: &mut dyn Endpoint| end.connection().poll_timeout().is_some_and(|deadline| deadline <= now);
        let was_due = is_due(end);
        if was_due {
            end.connection().handle_timeout(now);
            assert!(!is_due(end), "a deadline that was kept is over");
        }
        let before = self.events.len();
        self.take_events(end);
        was_due || self.events.len() > before
    }

    /// Carries out everything that the connection wants transmitted. Says whether there was anything.
    pub(super) fn write(&mut self, end: &mut dyn Endpoint, now: Instant) -> bool {
        let mut wrote = false;
        while !self.is_blocked
            && let Some(transmit) = end.connection().poll_transmit()
        {
            wrote = true;
            match transmit {
                Transmit::Bytes(bytes) => self.link.write(&bytes, now),
                Transmit::Shutdown => self.link.end(now),
            }
        }
        // Dropping a transport ends its direction, if nothing else did.
        if end.connection().is_finished() && self.link.ended().is_none() {
            self.link.end(now);
            wrote = true;
        }
        wrote
    }

    /// Tells the connection what arrived.
    pub(super) fn read(&mut self, end: &mut dyn Endpoint, arrival: Arrival, now: Instant) {
        if end.connection().is_finished() {
            return;
        }
        match arrival {
            Arrival::Octets(mut octets) => self.receive(end, &mut octets, now),
            Arrival::End => end.connection().end_of_input(),
            Arrival::Reset => end.connection().connection_lost(),
        }
        self.take_events(end);
    }

    fn receive(&mut self, end: &mut dyn Endpoint, octets: &mut BytesMut, now: Instant) {
        let mut input = Input::new(octets);
        while let Some(event) = end.connection().receive(&mut input, now) {
            let event = event.into_owned();
            self.tell(end, event);
        }
        assert!(input.is_empty(), "all input is consumed");
    }

    fn take_events(&mut self, end: &mut dyn Endpoint) {
        while let Some(event) = end.connection().poll_event() {
            self.tell(end, event);
        }
    }

    fn tell(&mut self, end: &mut dyn Endpoint, event: Event<'static>) {
        assert_eq!(self.closed, None, "nothing comes after Closed, but {event:?} did");
        if let Event::Closed(closed) = &event {
            self.closed = Some(closed.clone());
        }
        self.events.push(event.clone());
        end.event(event);
    }
}
