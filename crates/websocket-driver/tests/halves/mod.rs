//! A connection as one and in halves behind the same face, so that one list of scenarios serves both.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use websocket_driver::pair::Side;
use websocket_driver::{
    CloseCode, Config, Connection, Event, Input, Message, ReceiveHalf, SendHalf, Signal, Transmit,
};

/// What can be done with a connection.
#[derive(Clone, Debug)]
pub enum Step {
    Arrive(Vec<u8>),
    EndOfInput,
    /// Reading finds that the transport broke.
    ReadFails,
    /// Writing does.
    WriteFails,
    Send(&'static str),
    Part(&'static str, bool),
    Announce(u64),
    Ping,
    Close,
    Transmit,
    Pass(Duration),
    /// The next signal is carried from the receiving half to the sending half.
    CarryToSend,
    CarryToReceive,
}

/// Everything that came of it.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    pub events: Vec<Event<'static>>,
    pub written: Vec<u8>,
    pub has_ended: bool,
    pub is_finished: bool,
}

impl Outcome {
    fn transmit(&mut self, transmit: Transmit) {
        assert!(!self.has_ended, "nothing after the shutdown, but {transmit:?}");
        match transmit {
            Transmit::Bytes(bytes) => self.written.extend_from_slice(&bytes),
            Transmit::Shutdown => self.has_ended = true,
        }
    }
}

pub fn connection(side: Side, config: Config, now: Instant) -> Connection {
    match side {
        Side::Client => Connection::client(Arc::new(config), || [1, 2, 3, 4], now),
        Side::Server => Connection::server(Arc::new(config), now),
    }
}

/// What comes of the steps with an undivided connection.
pub fn undivided(side: Side, config: &Config, steps: &[Step]) -> Outcome {
    let mut now = Instant::now();
    let mut connection = connection(side, config.clone(), now);
    let mut outcome = Outcome::default();
    for step in steps {
        match step {
            Step::Arrive(octets) => {
                let mut octets = octets.clone();
                let mut input = Input::new(&mut octets);
                while let Some(event) = connection.receive(&mut input, now) {
                    outcome.events.push(event.into_owned());
                }
            }
            Step::EndOfInput => connection.end_of_input(),
            Step::ReadFails | Step::WriteFails => connection.connection_lost(),
            Step::Send(text) => _ = connection.send(*text),
            Step::Part(text, last) => _ = connection.send_part(*text, *last),
            Step::Announce(length) => _ = connection.announce(websocket_driver::Kind::Text, *length),
            Step::Ping => _ = connection.ping(b"ours"),
            Step::Close => _ = connection.close(CloseCode::NORMAL, "bye", now),
            Step::Pass(time) => {
                now += *time;
                connection.handle_timeout(now);
            }
            Step::Transmit => {
                while let Some(transmit) = connection.poll_transmit() {
                    outcome.transmit(transmit);
                }
            }
            Step::CarryToSend | Step::CarryToReceive => {}
        }
        outcome.events.extend(connection.poll_event());
    }
    outcome.is_finished = connection.is_finished();
    outcome
}

/// A connection in halves, and the signals that are under way between them.
#[derive(Debug)]
pub struct Halves {
    pub now: Instant,
    pub receive: ReceiveHalf,
    pub send: SendHalf,
    pub to_send: VecDeque<Signal>,
    pub to_receive: VecDeque<Signal>,
    pub outcome: Outcome,
    /// Whether signals are carried as soon as there are any.
    pub carries_at_once: bool,
}

impl Halves {
    pub fn new(side: Side, config: Config, carries_at_once: bool) -> Halves {
        let now = Instant::now();
        let (receive, send) = connection(side, config, now).split();
        let (to_send, to_receive) = Default::default();
        Halves { now, receive, send, to_send, to_receive, outcome: Outcome::default(), carries_at_once }
    }

    pub fn step(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Arrive(octets) => self.arrive(octets),
            Step::EndOfInput => self.receive.end_of_input(),
            Step::ReadFails => self.receive.connection_lost(),
            Step::WriteFails => self.send.connection_lost(),
            Step::Send(text) => _ = self.send.send(*text),
            Step::Part(text, last) => _ = self.send.send_part(*text, *last),
            Step::Announce(length) => _ = self.send.announce(websocket_driver::Kind::Text, *length),
            Step::Ping => _ = self.send.ping(b"ours"),
            Step::Close => _ = self.send.close(CloseCode::NORMAL, "bye", now),
            Step::Pass(time) => {
                self.now += *time;
                // Whichever looks at its clock first.
                if self.carries_at_once {
                    self.send.handle_timeout(self.now);
                    self.carry();
                }
                self.receive.handle_timeout(self.now);
                self.send.handle_timeout(self.now);
            }
            Step::Transmit => {
                while let Some(transmit) = self.send.poll_transmit() {
                    self.outcome.transmit(transmit);
                }
            }
            Step::CarryToSend => self.carry_to_send(),
            Step::CarryToReceive => self.carry_to_receive(),
        }
        if self.carries_at_once {
            self.carry();
        }
        self.tell();
    }

    fn arrive(&mut self, octets: &[u8]) {
        let mut octets = octets.to_vec();
        let mut input = Input::new(&mut octets);
        while let Some(event) = self.receive.receive(&mut input, self.now) {
            self.outcome.events.push(event.into_owned());
            if self.carries_at_once {
                self.to_send.extend(self.receive.poll_signal());
                while let Some(signal) = self.to_send.pop_front() {
                    self.send.handle_signal(signal, self.now);
                }
            }
        }
    }

    /// Carries every signal over, and those that these cause.
    pub fn carry(&mut self) {
        for _ in 0..4 {
            self.collect();
            while !self.to_send.is_empty() || !self.to_receive.is_empty() {
                self.carry_to_send();
                self.carry_to_receive();
            }
        }
        self.tell();
    }

    /// Takes the oldest signal of either half out of it.
    fn collect(&mut self) {
        self.to_send.extend(std::iter::from_fn(|| self.receive.poll_signal()));
        self.to_receive.extend(std::iter::from_fn(|| self.send.poll_signal()));
    }

    fn carry_to_send(&mut self) {
        self.to_send.extend(self.receive.poll_signal());
        if let Some(signal) = self.to_send.pop_front() {
            self.send.handle_signal(signal, self.now);
        }
    }

    fn carry_to_receive(&mut self) {
        self.to_receive.extend(self.send.poll_signal());
        if let Some(signal) = self.to_receive.pop_front() {
            self.receive.handle_signal(signal, self.now);
        }
    }

    fn tell(&mut self) {
        self.outcome.events.extend(std::iter::from_fn(|| self.receive.poll_event()));
        self.outcome.is_finished = self.send.is_finished();
    }
}

/// The messages among some events.
pub fn messages(events: &[Event<'static>]) -> Vec<Message<'static>> {
    let message = |event: &Event<'static>| match event {
        Event::Message(message) => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(message).collect()
}
