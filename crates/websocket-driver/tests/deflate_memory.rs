//! What compression costs in memory: at rest, at work, and under attack.

mod blocks;
mod deflated;
mod wire;

use std::time::Instant;

use blocks::{Blocks, Final, copy, literals};
use deflated::{FULL, RSV1, events, in_pieces, server, server_with, shake_hands};
use websocket_driver::deflate::Deflate;
use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{CloseCode, Config, Connection, Event, ProtocolError};
use wire::{BINARY, CONTINUATION, FIN, frame};

/// Beside the windows: the boxes in which the coders' halves stand.
const BOXES: usize = 256;

fn pair(settings: Deflate) -> Pair {
    let agreed = shake_hands(settings, settings);
    Pair::new().compressing(agreed.client, agreed.server)
}

fn talk(pair: &mut Pair, rounds: usize) {
    for at in 0..rounds {
        for side in SIDES {
            let text = format!("message {at} of {side:?}, ").repeat(1 + at % 40);
            pair.connection(side).send(text).expect("the connection is open");
        }
        pair.run();
    }
}

#[test]
fn a_window_of_12_bits_either_way_is_all_that_a_resting_connection_holds() {
    let mut pair = pair(Deflate { window_bits: 12, ..FULL });
    talk(&mut pair, 500);
    for side in SIDES {
        let retained = pair.connection(side).retained();
        // Beside two windows nothing has room in it; of its own a side keeps what its compressor reaches.
        assert!((4096 + 4096 - 262..=8192).contains(&retained), "{retained}");
    }
}

#[test]
fn windows_grow_with_what_was_said() {
    let mut pair = pair(FULL);
    for side in SIDES {
        assert!(pair.connection(side).retained() <= BOXES);
    }
    talk(&mut pair, 3);
    for side in SIDES {
        assert!(pair.connection(side).retained() <= BOXES + 1024);
    }
    talk(&mut pair, 500);
    for side in SIDES {
        let retained = pair.connection(side).retained();
        assert!((65_536 - 262..=65_536 + BOXES).contains(&retained), "{retained}");
    }
}

#[test]
fn without_takeover_a_resting_connection_holds_no_window() {
    let mut pair = pair(Deflate { takeover: false, peer_takeover: false, ..FULL });
    talk(&mut pair, 100);
    for side in SIDES {
        assert!(pair.connection(side).retained() <= BOXES);
    }
}

#[test]
fn hibernation_lets_go_of_our_own_window_and_the_conversation_goes_on() {
    let mut pair = pair(Deflate { window_bits: 12, ..FULL });
    talk(&mut pair, 100);
    for side in SIDES {
        pair.connection(side).hibernate();
        let retained = pair.connection(side).retained();
        assert!((4096..=4096 + BOXES).contains(&retained), "{retained}");
        pair.connection(side).hibernate();
        assert_eq!(pair.connection(side).retained(), retained);
    }
    let _ = SIDES.map(|side| pair.take_events(side));
    talk(&mut pair, 100);
    for side in SIDES {
        assert_eq!(pair.take_events(side).len(), 100);
        assert!(pair.connection(side).retained() <= 8192 + BOXES);
    }
}

#[test]
fn a_plain_connection_at_rest_holds_nothing() {
    let mut pair = Pair::new();
    talk(&mut pair, 100);
    for side in SIDES {
        assert_eq!(pair.connection(side).retained(), 0);
    }
}

#[test]
fn an_unfinished_message_shows_in_what_is_held_and_a_finished_one_does_not() {
    let mut server = server("permessage-deflate; client_no_context_takeover");
    let payload = Blocks::new().stored(Final::No, &[1; 5000]).octets();
    assert_eq!(events(&mut server, &frame(true, (BINARY - FIN) | RSV1, &payload)), []);
    assert!((5000 + 32_768..80_000).contains(&server.retained()), "{}", server.retained());
    assert_eq!(events(&mut server, &frame(true, CONTINUATION, &Blocks::new().message())).len(), 1);
    assert!(server.retained() <= BOXES);
}

#[test]
fn what_ended_holds_nothing() {
    for ends_badly in [false, true] {
        let mut pair = pair(FULL);
        talk(&mut pair, 50);
        let now = pair.now();
        if ends_badly {
            pair.inject(Side::Client, &frame(true, BINARY | RSV1, &[0x07]));
        } else {
            pair.connection(Side::Server).close(CloseCode::NORMAL, "", now).unwrap();
        }
        pair.run();
        for side in SIDES {
            assert!(pair.connection(side).is_finished());
            assert_eq!(pair.connection(side).queued(), 0);
        }
        assert!(pair.connection(Side::Server).retained() <= 32_768 + BOXES);
    }
}

/// 256 MiB of zeros in 255 KiB or so: a first octet, then references of 258.
fn bomb() -> Vec<u8> {
    // A dynamic block with two codes of one bit: "a copy of 258" is 0, and its distance, 1, is 0, too.
    let mut blocks = Blocks::new().fixed(Final::No, &literals(&[0])).bits(0b100, 3);
    // 286 literal and length codes, 1 distance code, and all lengths of code lengths up to 1 are given.
    blocks = blocks.bits(29, 5).bits(0, 5).bits(14, 4);
    // In their order: 16, 17, 18, 0, 8, 7, …, 2, 14, 1. Used are 18 (a run of zeros) and 1, each with one bit.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
        blocks = blocks.bits(u32::from(symbol == 18 || symbol == 1), 3);
    }
    // Code lengths: 256 zeros, 1 for the end, 28 zeros, 1 for 258, 1 for the distance. A 1 is the bit 0, a run
    // of zeros the bit 1 and its length less 11 in seven bits.
    let run = |blocks: Blocks, length: u32| blocks.bits(1, 1).bits(length - 11, 7);
    blocks = run(run(blocks, 138), 118).bits(0, 1);
    blocks = run(blocks, 28).bits(0, 1).bits(0, 1);
    // Of the two codes, the end has the smaller symbol and is 0, the copy is 1.
    for _ in 0..(256 << 20) / 258 {
        blocks = blocks.bits(0b01, 2);
    }
    blocks.bits(0, 1).message()
}

/// The most memory that this process ever held, in octets.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says how much memory is held");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number") * 1024
}

#[test]
fn a_bomb_is_noticed_before_it_has_become_memory() {
    let octets = frame(true, BINARY | RSV1, &bomb());
    assert!((250 << 10..270 << 10).contains(&octets.len()), "{}", octets.len());
    let limit = 1 << 20;
    for most in [1000, usize::MAX] {
        let mut server =
            server_with("permessage-deflate", Config { max_message: limit, ..Config::default() });
        let before = peak();
        let start = Instant::now();
        let told = in_pieces(&mut server, &octets, most);
        assert_eq!(told[0], Event::Error(ProtocolError::MessageTooBig { limit }));
        let Event::Closed(closed) = &told[1] else { panic!("{told:?}") };
        assert_eq!(closed.code, CloseCode::TOO_BIG);
        assert!(server.retained() < 1000, "{}", server.retained());
        // The message up to its limit, the space in which it grew, and what other tests do meanwhile.
        assert!(peak() - before < 8 << 20, "{} octets more", peak() - before);
        assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    }
}

#[test]
fn a_bomb_of_many_fragments_is_noticed_too() {
    let payload = bomb();
    let mut server = server("permessage-deflate");
    let mut first = (BINARY - FIN) | RSV1;
    for piece in payload.chunks(10) {
        let told = events(&mut server, &frame(true, first, piece));
        first = CONTINUATION - FIN;
        if let Some(Event::Error(error)) = told.first() {
            assert_eq!(error.close_code(), CloseCode::TOO_BIG);
            return;
        }
        assert!(server.retained() < 3 << 20);
    }
    panic!("the bomb went off");
}

#[test]
fn octets_that_inflate_to_nothing_cost_little() {
    // Final blocks make the inflater start anew, with the whole window before it.
    let mut server = server("permessage-deflate");
    let before = Blocks::new().stored(Final::No, &[5; 40_000]).fixed(Final::No, &[copy(258, 1)]).message();
    assert_eq!(events(&mut server, &frame(true, BINARY | RSV1, &before)).len(), 1);
    let one = Blocks::new().fixed(Final::Yes, &[]).octets();
    let octets = frame(true, BINARY | RSV1, &one.repeat((1 << 20) / one.len()));
    let start = Instant::now();
    let told = events(&mut server, &octets);
    assert!(!told.is_empty());
    assert!(start.elapsed().as_secs() < 3, "{:?} for {} octets", start.elapsed(), octets.len());
}

#[test]
fn a_message_in_fragments_of_one_octet_costs_little() {
    let mut server = server("permessage-deflate");
    let fill = Blocks::new().stored(Final::No, &[5; 40_000]).message();
    assert_eq!(events(&mut server, &frame(true, BINARY | RSV1, &fill)).len(), 1);
    let payload = Blocks::new().stored(Final::No, &[7; 60_000]).message();
    let mut octets = Vec::new();
    for (at, octet) in payload.iter().enumerate() {
        let first = if at == 0 { (BINARY - FIN) | RSV1 } else { CONTINUATION - FIN };
        octets.extend(frame(true, first, &[*octet]));
    }
    octets.extend(frame(true, CONTINUATION, b""));
    let start = Instant::now();
    assert_eq!(events(&mut server, &octets).len(), 1);
    assert!(start.elapsed().as_secs() < 3, "{:?} for {} octets", start.elapsed(), octets.len());
}

/// A connection is a value whose size is known, whatever was agreed.
#[test]
fn a_connection_that_was_not_used_holds_only_its_boxes() {
    let agreed = shake_hands(FULL, FULL);
    let server = Connection::server(Config::default().into(), Instant::now()).with_deflate(agreed.server);
    assert!(server.retained() <= BOXES);
    let client =
        Connection::client(Config::default().into(), || [0; 4], Instant::now()).with_deflate(agreed.client);
    assert!(client.retained() <= BOXES);
}
