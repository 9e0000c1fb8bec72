//! The same octets in any pieces, to a connection and to its halves: the same events, the same output.

#![no_main]

use std::time::Instant;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use websocket_driver::{CloseCode, Config, Event, Input, Message, ReceiveHalf, SendHalf, Transmit};
use websocket_driver_fuzz::{Octets, SideSettings, read_in_pieces, transmitted};

#[derive(Arbitrary, Debug)]
struct Case {
    settings: SideSettings,
    octets: Vec<Octets>,
    pieces: Vec<u8>,
    says_goodbye_first: bool,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event<'static>>,
    transmitted: (Vec<u8>, bool),
    is_open: bool,
    is_finished: bool,
}

/// Parts become whole messages, because where they are cut depends on the pieces.
fn whole(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut payload = Vec::new();
    let join = |event| match event {
        Event::Part { part, last } => {
            payload.extend_from_slice(part.as_bytes());
            last.then(|| match part {
                Message::Text(_) => {
                    let text = String::from_utf8(std::mem::take(&mut payload)).expect("text is UTF-8");
                    Event::Message(Message::text(text))
                }
                Message::Binary(_) => Event::Message(Message::binary(std::mem::take(&mut payload))),
            })
        }
        event => Some(event),
    };
    events.into_iter().filter_map(join).collect()
}

fn outcome(case: &Case, octets: &[u8], pieces: impl IntoIterator<Item = usize>, now: Instant) -> Outcome {
    // How much is held at once, unlike all else, depends on the pieces.
    let config = Config { max_retained: 32 << 20, ..case.settings.config() };
    let mut connection = case.settings.connection_with(config, now);
    if case.says_goodbye_first {
        connection.close(CloseCode::GOING_AWAY, "leaving", now).expect("a code that may be sent");
    }
    let mut events = read_in_pieces(&mut connection, octets, pieces, now);
    let is_open = connection.is_open();
    let transmitted = transmitted(&mut connection);
    connection.end_of_input();
    events.extend(connection.poll_event());
    Outcome { events: whole(events), transmitted, is_open, is_finished: connection.is_finished() }
}

/// The same with two halves that tell each other at once what they have to.
fn outcome_of_halves(case: &Case, octets: &[u8], now: Instant) -> Outcome {
    let config = Config { max_retained: 32 << 20, ..case.settings.config() };
    let (mut receiving, mut sending) = case.settings.connection_with(config, now).split();
    if case.says_goodbye_first {
        sending.close(CloseCode::GOING_AWAY, "leaving", now).expect("a code that may be sent");
    }
    tell(&mut receiving, &mut sending, now);
    let (mut events, mut octets) = (Vec::new(), octets.to_vec());
    let mut input = Input::new(&mut octets);
    while let Some(event) = receiving.receive(&mut input, now) {
        events.push(event.into_owned());
        tell(&mut receiving, &mut sending, now);
    }
    tell(&mut receiving, &mut sending, now);
    let is_open = sending.is_open();
    let mut transmitted = (Vec::new(), false);
    while let Some(transmit) = sending.poll_transmit() {
        match transmit {
            Transmit::Bytes(bytes) => transmitted.0.extend_from_slice(&bytes),
            Transmit::Shutdown => transmitted.1 = true,
        }
    }
    tell(&mut receiving, &mut sending, now);
    receiving.end_of_input();
    tell(&mut receiving, &mut sending, now);
    events.extend(receiving.poll_event());
    let is_finished = receiving.is_finished() && sending.is_finished();
    Outcome { events: whole(events), transmitted, is_open, is_finished }
}

fn tell(receiving: &mut ReceiveHalf, sending: &mut SendHalf, now: Instant) {
    loop {
        if let Some(signal) = receiving.poll_signal() {
            sending.handle_signal(signal, now);
        } else if let Some(signal) = sending.poll_signal() {
            receiving.handle_signal(signal, now);
        } else {
            return;
        }
    }
}

fuzz_target!(|case: Case| {
    let now = Instant::now();
    let octets = Octets::wire(&case.octets, case.settings.receives_masked());
    let at_once = outcome(&case, &octets, [], now);
    let in_pieces = outcome(&case, &octets, case.pieces.iter().map(|piece| usize::from(*piece)), now);
    assert_eq!(in_pieces, at_once, "in pieces, and at once");
    let of_halves = outcome_of_halves(&case, &octets, now);
    assert_eq!(of_halves, at_once, "in halves, and whole");
    if octets.len() < 3000 {
        let one_by_one = outcome(&case, &octets, octets.iter().map(|_| 1), now);
        assert_eq!(one_by_one, at_once, "octet by octet, and at once");
    }
});
