//! The protocol's part of a connection, which takes memory only while something goes on.

use std::time::Instant;

use websocket_driver::{Connection, Event, Suspended};

use crate::config::Config;

/// A driver, or what it takes to make it anew.
pub(crate) struct Driver {
    active: Option<Box<Connection>>,
    /// While it rests: when the peer was last heard, and its deadline.
    last_heard: Instant,
    deadline: Option<Instant>,
}

impl Driver {
    pub(crate) fn new(connection: Connection) -> Self {
        let last_heard = connection.last_heard();
        let mut driver = Driver { active: Some(Box::new(connection)), last_heard, deadline: None };
        driver.rest();
        driver
    }

    /// The driver itself; `config` is the one that it was made with.
    pub(crate) fn awake(&mut self, config: &Config) -> &mut Connection {
        self.active.get_or_insert_with(|| {
            let config = std::sync::Arc::clone(&config.connection);
            Box::new(Connection::server(config, self.last_heard))
        })
    }

    /// Lets go of it, if there is nothing that it has to remember.
    pub(crate) fn rest(&mut self) {
        if let Some(connection) = self.active.take_if(|connection| connection.is_at_rest()) {
            (self.last_heard, self.deadline) = (connection.last_heard(), connection.poll_timeout());
        }
    }

    /// What has to be remembered to go on elsewhere, if nothing has begun.
    pub(crate) fn suspend(&self) -> Option<Suspended> {
        match &self.active {
            Some(connection) => connection.suspend(),
            None => Some(Suspended::default()),
        }
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.active.is_none()
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event<'static>> {
        self.active.as_mut()?.poll_event()
    }

    pub(crate) fn takes_compressed(&self) -> bool {
        self.active.as_ref().is_some_and(|connection| connection.takes_compressed())
    }

    pub(crate) fn wants_transmit(&self) -> bool {
        self.active.as_ref().is_some_and(|connection| connection.wants_transmit())
    }

    pub(crate) fn retained(&self) -> usize {
        self.active.as_ref().map_or(0, |connection| connection.retained())
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.active.as_ref().map_or(0, |connection| connection.unfinished())
    }

    pub(crate) fn windows(&self) -> usize {
        self.active.as_ref().map_or(0, |connection| connection.windows())
    }

    pub(crate) fn queued(&self) -> usize {
        self.active.as_ref().map_or(0, |connection| connection.queued())
    }

    pub(crate) fn wants_read(&self) -> bool {
        self.active.as_ref().is_none_or(|connection| connection.wants_read())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.active.as_ref().is_none_or(|connection| connection.is_open())
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.active.as_ref().is_some_and(|connection| connection.is_finished())
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.active {
            Some(connection) => connection.poll_timeout(),
            None => self.deadline,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use websocket_driver::{Input, Transmit};

    use super::*;

    #[test]
    fn what_rests_goes_on_as_if_it_had_not() {
        let (config, begun) = (Config::default(), Instant::now());
        let connection = Connection::server(std::sync::Arc::clone(&config.connection), begun);
        let ping_at = connection.poll_timeout().unwrap();
        let mut driver = Driver::new(connection);
        assert!(driver.is_resting() && driver.is_open() && !driver.is_finished());
        assert_eq!(driver.poll_timeout(), Some(ping_at));
        // "Hello", masked by a client (RFC 6455 §5.7), in two pieces, a second later.
        let later = begun + Duration::from_secs(1);
        let mut octets = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let (first, second) = octets.split_at_mut(1);
        assert_eq!(driver.awake(&config).receive(&mut Input::new(first), later), None);
        driver.rest();
        assert!(!driver.is_resting(), "a frame has begun");
        assert!(driver.awake(&config).receive(&mut Input::new(second), later).is_some());
        driver.rest();
        assert!(driver.is_resting());
        assert_eq!(driver.poll_timeout(), Some(ping_at + Duration::from_secs(1)), "it was heard then");
        let due = driver.poll_timeout().unwrap();
        driver.awake(&config).handle_timeout(due);
        driver.rest();
        assert!(!driver.is_resting() && driver.wants_transmit(), "it asks whether the peer is there");
        assert!(matches!(driver.awake(&config).poll_transmit(), Some(Transmit::Bytes(_))));
        driver.rest();
        assert!(!driver.is_resting(), "it waits for the answer");
    }
}
