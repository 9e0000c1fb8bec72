//! One connection and whatever can happen to it, in any order: it keeps its promises.

#![no_main]

use std::io::IoSlice;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use websocket_driver::{
    Budget, CloseCode, Config, Connection, Event, Input, Kind, Message, OutputBuffer, Prepared, Transmit,
    UsageError,
};
use websocket_driver_fuzz::{Octets, Side, SideSettings, whole_frames};

#[derive(Arbitrary, Debug)]
struct Case {
    settings: SideSettings,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Receive(Vec<Octets>, Option<u8>),
    Text(String),
    Send(Vec<u8>),
    Run(u8, u16),
    Fragmented(Vec<u8>, u8),
    Prepared(Vec<u8>),
    Part {
        is_text: bool,
        octets: Vec<u8>,
        last: bool,
    },
    Announce {
        is_text: bool,
        length: u8,
    },
    Ping(Vec<u8>),
    Close(u16, String),
    CloseWithoutCode,
    Discard,
    Hibernate,
    Transmit(u8),
    TransmitAll,
    /// With room for so many slices, so many octets.
    Write(u8, u16),
    Lend,
    Return,
    Pass(u16),
    EndOfInput,
    Lost,
}

/// A connection, and all that came out of it.
struct Watched {
    settings: SideSettings,
    connection: Connection,
    now: Instant,
    is_closed: bool,
    sent: Vec<u8>,
    buffer: OutputBuffer,
    has_shut: bool,
    /// What was queued, for the bound on what may be held.
    queued: usize,
    /// Octets of the message that is delivered in parts.
    message: u64,
    /// Messages were sent in parts, which may have been left unfinished.
    has_parts: bool,
}

impl Watched {
    fn take(&mut self, step: Step) {
        let now = self.now;
        let was_open = self.connection.is_open();
        let may_wait = self.has_parts;
        let expect = |result: Result<(), UsageError>| match result {
            Err(UsageError::MessageUnfinished) => assert!(was_open && may_wait),
            result => assert_eq!(result.is_ok(), was_open, "{result:?}"),
        };
        match step {
            Step::Receive(octets, piece) => self.receive(&octets, piece),
            Step::Text(text) => expect(self.connection.send(text)),
            Step::Send(octets) => expect(self.connection.send(octets)),
            Step::Run(octet, length) => expect(self.connection.send(vec![octet; length.into()])),
            Step::Fragmented(octets, length) => {
                expect(self.connection.send_fragmented(octets, usize::from(length)));
            }
            Step::Prepared(octets) => expect(self.connection.send_prepared(&Prepared::new(octets))),
            Step::Part { is_text, octets, last } => {
                self.has_parts = true;
                let text = String::from_utf8_lossy(&octets);
                let part = if is_text { Message::text(&*text) } else { Message::binary(&octets[..]) };
                let result = self.connection.send_part(part, last);
                assert!(was_open || result == Err(UsageError::Closed));
            }
            Step::Announce { is_text, length } => {
                self.has_parts = true;
                let kind = if is_text { Kind::Text } else { Kind::Binary };
                expect(self.connection.announce(kind, length.into()));
            }
            Step::Ping(payload) => {
                let result = self.connection.ping(&payload);
                assert_eq!(result.is_ok(), was_open && payload.len() <= 125);
            }
            Step::Close(code, reason) => {
                if let Some(code) = CloseCode::new(code) {
                    let result = self.connection.close(code, &reason, now);
                    let is_unfinished = self.has_parts && result == Err(UsageError::MessageUnfinished);
                    assert!(is_unfinished || result.is_ok() == (reason.len() <= 123), "{result:?}");
                }
            }
            Step::CloseWithoutCode => {
                let result = self.connection.close(CloseCode::NO_STATUS, "", now);
                assert!(result.is_ok() || (self.has_parts && result == Err(UsageError::MessageUnfinished)));
            }
            Step::Discard => self.connection.discard_queue(),
            Step::Hibernate => self.connection.hibernate(),
            Step::Transmit(count) => self.transmit(count.into()),
            Step::TransmitAll => self.transmit(usize::MAX),
            Step::Write(room, most) => self.write(usize::from(room % 8) + 1, usize::from(most) + 1),
            Step::Lend => self.connection.lend_buffer(&mut self.buffer),
            Step::Return => self.connection.return_buffer(&mut self.buffer),
            Step::Pass(time) => self.pass(Duration::from_millis(u64::from(time) * 4)),
            Step::EndOfInput => self.connection.end_of_input(),
            Step::Lost => self.connection.connection_lost(),
        }
        while let Some(event) = self.connection.poll_event() {
            record(&mut self.is_closed, &event);
        }
        self.expect_invariants();
    }

    fn receive(&mut self, octets: &[Octets], piece: Option<u8>) {
        let mut octets = Octets::wire(octets, self.settings.receives_masked());
        let most = piece.map_or(usize::MAX, |piece| usize::from(piece) + 1);
        for piece in octets.chunks_mut(most) {
            let mut input = Input::new(piece);
            while let Some(event) = self.connection.receive(&mut input, self.now) {
                record(&mut self.is_closed, &event);
                self.expect_within_limits(&event);
            }
            assert!(input.is_empty(), "all input is consumed");
        }
    }

    fn expect_within_limits(&mut self, event: &Event<'_>) {
        let (message, last) = match event {
            Event::Message(message) => (message, true),
            Event::Part { part, last } => (part, *last),
            _ => return,
        };
        assert_eq!(matches!(event, Event::Part { .. }), self.settings.deliver_parts);
        self.message += message.len() as u64;
        assert!(self.message <= self.settings.config().max_message);
        if last {
            self.message = 0;
        }
    }

    fn transmit(&mut self, count: usize) {
        for _ in 0..count {
            let wanted = self.connection.wants_transmit();
            match self.connection.poll_transmit() {
                Some(Transmit::Bytes(bytes)) => {
                    assert!(wanted && !bytes.is_empty() && !self.has_shut);
                    self.sent.extend_from_slice(&bytes);
                }
                Some(Transmit::Shutdown) => {
                    assert!(!self.has_shut, "it ends its direction once");
                    self.has_shut = true;
                }
                None => return assert!(!self.connection.wants_transmit()),
            }
        }
    }

    fn write(&mut self, room: usize, most: usize) {
        let wanted = self.connection.wants_transmit();
        let mut slices = vec![IoSlice::new(&[]); room];
        match self.connection.poll_slices(&mut slices) {
            Some(Transmit::Bytes(slices)) => {
                assert!(wanted && !slices.is_empty() && !self.has_shut);
                assert!(slices.iter().all(|slice| !slice.is_empty()));
                let before = self.sent.len();
                self.sent.extend(slices.iter().flat_map(|slice| slice.iter()).take(most));
                let len = self.sent.len() - before;
                self.connection.written(len);
            }
            Some(Transmit::Shutdown) => {
                assert!(!self.has_shut, "it ends its direction once");
                self.has_shut = true;
            }
            None => assert!(!self.connection.wants_transmit()),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.connection.handle_timeout(self.now);
        let deadline = self.connection.poll_timeout();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline that was kept is over");
    }

    fn expect_invariants(&mut self) {
        let connection = &self.connection;
        assert!(!(connection.is_open() && self.is_closed), "Closed comes only at the end");
        assert!(!connection.is_finished() || self.is_closed, "no end without Closed");
        // The most that was ever queued at once: a queue keeps some of its room.
        self.queued = self.queued.max(connection.queued());
        let of_the_peer = 2 * usize::try_from(self.settings.config().max_message).expect("16 bits") + 4096;
        let coders = if self.settings.is_compressed() { 2 * 32_768 + 40 * 1024 + 512 } else { 0 };
        let bound = of_the_peer + coders + 64 * self.queued;
        assert!(connection.retained() <= bound, "{} octets are held, {bound} may be", connection.retained());
        if connection.is_finished() {
            assert_eq!((connection.queued(), connection.wants_transmit()), (0, false));
            assert_eq!((connection.retained() - windows(connection), connection.poll_timeout()), (0, None));
        }
    }

    /// What came out is frames that make sense, and a close frame is the last of them.
    fn expect_frames(&self) {
        let (frames, rest) = whole_frames(&self.sent);
        let mut within_message = false;
        for (at, frame) in frames.iter().enumerate() {
            assert_eq!(frame.is_masked, self.settings.side == Side::Client);
            assert!(self.settings.is_compressed() || frame.first & 0x40 == 0, "nobody agreed to that bit");
            let is_last = at + 1 == frames.len() && rest.is_empty();
            assert!(frame.first & 0x0F != 0x08 || is_last, "nothing comes after a close frame");
            // Behind a message that was begun in parts and given up, a close frame may come.
            match frame.first & 0x0F {
                0x00 => assert!(within_message && frame.first & 0x40 == 0),
                0x01 | 0x02 => assert!(!within_message),
                _ => assert!(frame.first & 0xC0 == 0x80 && frame.payload.len() <= 125),
            }
            if frame.first & 0x08 == 0 {
                within_message = frame.first & 0x80 == 0;
            }
        }
        assert!(!within_message || self.has_parts, "a message is sent whole");
    }
}

/// What an ended connection may still hold: nothing was said about its own window.
fn windows(connection: &Connection) -> usize {
    if connection.retained() <= 32_768 + 512 { connection.retained() } else { 0 }
}

/// `Closed` comes once and nothing comes after it.
fn record(is_closed: &mut bool, event: &Event<'_>) {
    assert!(!*is_closed, "{event:?} after Closed");
    *is_closed = matches!(event, Event::Closed(_));
}

fuzz_target!(|case: Case| {
    let (now, budget) = (Instant::now(), Budget::new(1 << 30));
    let config = Config { budget: Some(budget.clone()), ..case.settings.config() };
    let mut watched = Watched {
        settings: case.settings,
        connection: case.settings.connection_with(config, now),
        now,
        is_closed: false,
        sent: Vec::new(),
        buffer: OutputBuffer::new(),
        has_shut: false,
        queued: 0,
        message: 0,
        has_parts: false,
    };
    for step in case.steps {
        watched.take(step);
    }
    // Left alone, it comes to its end by itself.
    while !watched.connection.is_finished() {
        let due = watched.connection.poll_timeout().expect("a deadline until the end");
        watched.take(Step::TransmitAll);
        watched.pass(due.saturating_duration_since(watched.now));
        watched.take(Step::TransmitAll);
    }
    watched.expect_frames();
    drop(watched);
    assert_eq!(budget.used(), 0, "what is dropped is given back");
});
