//! Compressed messages made by hand: what a peer may send, and what it may not.

mod blocks;
mod deflated;
mod wire;

use blocks::{Blocks, Final, TAIL, copy, literals, read as read_blocks};
use deflated::{RSV1, events, expect_read, expect_refused, in_pieces, read, server};
use websocket_driver::{Event, Message, ProtocolError};
use wire::{BINARY, CONTINUATION, FIN, TEXT, frame};

/// Offers whose clients may refer to earlier messages, and may not.
const OFFERS: [&str; 4] = [
    "permessage-deflate",
    "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; client_max_window_bits=9",
    "permessage-deflate; client_max_window_bits=9; client_no_context_takeover",
];

fn binary(octets: &[u8]) -> Event<'static> {
    Event::Message(Message::binary(octets.to_vec()))
}

fn hello() -> Blocks {
    Blocks::new().fixed(Final::No, &literals(b"Hello"))
}

#[test]
fn the_standards_examples_are_read() {
    // RFC 7692 §7.2.3.1 to §7.2.3.5.
    for payload in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ] {
        assert_eq!(read_blocks(&[], &[payload, &TAIL].concat()).unwrap().octets, b"Hello");
        for offer in OFFERS {
            let told = read(&mut server(offer), TEXT, payload);
            assert_eq!(told, [Event::Message(Message::text("Hello"))], "{offer}: {payload:02x?}");
        }
    }
    assert_eq!(hello().message(), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    // §7.2.3.2: the second message refers to the first.
    let mut takeover = server("permessage-deflate");
    expect_read(&mut takeover, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], b"Hello");
    expect_read(&mut takeover, &[0xf2, 0x00, 0x11, 0x00, 0x00], b"Hello");
}

#[test]
fn an_empty_message_is_read_in_any_form() {
    for offer in OFFERS {
        for payload in [
            Blocks::new().message(),
            Blocks::new().fixed(Final::No, &[]).message(),
            Blocks::new().fixed(Final::Yes, &[]).aligned().message(),
            Blocks::new().stored(Final::No, b"").stored(Final::No, b"").message(),
            Blocks::new().stored(Final::Yes, b"").message(),
        ] {
            let mut server = server(offer);
            expect_read(&mut server, &payload, b"");
            assert_eq!(read(&mut server, TEXT, &payload), [Event::Message(Message::text(""))]);
            expect_read(&mut server, &hello().message(), b"Hello");
        }
    }
    assert_eq!(Blocks::new().message(), [0x00]);
}

#[test]
fn empty_fragments_are_read() {
    let payload = hello().message();
    let octets = [
        frame(true, (BINARY - FIN) | RSV1, b""),
        frame(true, CONTINUATION - FIN, b""),
        frame(true, CONTINUATION - FIN, &payload[..3]),
        frame(true, CONTINUATION - FIN, b""),
        frame(true, CONTINUATION - FIN, &payload[3..]),
        frame(true, CONTINUATION, b""),
    ]
    .concat();
    for offer in OFFERS {
        for most in [1, 2, 3, usize::MAX] {
            assert_eq!(in_pieces(&mut server(offer), &octets, most), [binary(b"Hello")]);
        }
    }
}

#[test]
fn stored_blocks_are_read() {
    let long: Vec<u8> = (0..200_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let blocks = long.chunks(65_535).fold(Blocks::new(), |blocks, part| blocks.stored(Final::No, part));
    for offer in OFFERS {
        let mut server = server(offer);
        expect_read(&mut server, &blocks.clone().message(), &long);
        expect_read(
            &mut server,
            &hello().stored(Final::No, b", ").fixed(Final::No, &literals(b"you")).message(),
            b"Hello, you",
        );
    }
}

#[test]
fn final_blocks_are_read_wherever_they_stand() {
    let last = |text: &[u8]| Blocks::new().fixed(Final::Yes, &literals(text)).aligned();
    let payloads = [
        last(b"Hello").message(),
        last(b"He").fixed(Final::No, &literals(b"llo")).message(),
        last(b"He").fixed(Final::Yes, &literals(b"l")).aligned().stored(Final::Yes, b"lo").message(),
        Blocks::new().stored(Final::Yes, b"Hello").message(),
        Blocks::new().stored(Final::Yes, b"").fixed(Final::Yes, &literals(b"Hello")).aligned().message(),
    ];
    for offer in OFFERS {
        for most in [1, 2, usize::MAX] {
            let mut server = server(offer);
            for payload in &payloads {
                let octets = frame(true, BINARY | RSV1, payload);
                assert_eq!(
                    in_pieces(&mut server, &octets, most),
                    [binary(b"Hello")],
                    "{offer}: {payload:02x?}"
                );
            }
        }
    }
}

#[test]
fn a_final_block_without_the_octet_behind_it_is_read() {
    // RFC 7692 §7.2.3.4 wants that octet; what is meant is clear without it, too.
    let payload = Blocks::new().fixed(Final::Yes, &literals(b"Hello")).octets();
    for offer in OFFERS {
        let mut server = server(offer);
        expect_read(&mut server, &payload, b"Hello");
        expect_read(&mut server, &hello().message(), b"Hello");
        expect_read(&mut server, &Blocks::new().stored(Final::Yes, b"Hello").octets(), b"Hello");
        expect_read(&mut server, &hello().message(), b"Hello");
    }
}

#[test]
fn a_few_final_blocks_are_read_and_very_many_are_not() {
    let count = |count: usize| Blocks::new().fixed(Final::Yes, &[]).octets().repeat(count);
    for offer in OFFERS {
        let mut server = server(offer);
        // The limit is for one message.
        expect_read(&mut server, &count(200), b"");
        expect_read(&mut server, &count(200), b"");
        let octets = frame(true, BINARY | RSV1, &count(1000));
        expect_refused(&mut server, &octets, &ProtocolError::InvalidDeflate);
    }
}

#[test]
fn after_a_final_block_the_window_goes_on_where_there_is_takeover() {
    let mut server = server("permessage-deflate");
    expect_read(
        &mut server,
        &Blocks::new().fixed(Final::Yes, &literals(b"abcdefgh")).aligned().message(),
        b"abcdefgh",
    );
    expect_read(&mut server, &Blocks::new().fixed(Final::No, &[copy(4, 8)]).message(), b"abcd");
    // Within one message: "abcdefgh", "abcd" and "12" stand before the block that refers to all three.
    let payload = Blocks::new().stored(Final::Yes, b"12").fixed(Final::No, &[copy(14, 14)]).message();
    expect_read(&mut server, &payload, b"12abcdefghabcd12");
}

#[test]
fn what_is_no_block_is_refused() {
    let no_message: &[(&str, Vec<u8>)] = &[
        ("a block of the reserved kind", Blocks::new().bits(0b110, 3).octets()),
        ("a stored block whose length is wrong", vec![0x00, 0x05, 0x00, 0xfa, 0xfe, b'H']),
        ("a length symbol that there is not", Blocks::new().bits(0b010, 3).bits(0b0110_0011, 8).octets()),
        ("a distance symbol that there is not", distance_symbol_30()),
        ("more literal codes than there are", Blocks::new().bits(0b100, 3).bits(31, 5).bits(0, 9).octets()),
        ("noise", (0..60).map(|at: u8| at.wrapping_mul(167) ^ 0xFE).collect()),
    ];
    for (what, payload) in no_message {
        for offer in OFFERS {
            for prefix in [Blocks::new().octets(), hello().stored(Final::No, b"").octets()] {
                let payload = [&prefix[..], payload, &[0; 9]].concat();
                let octets = frame(true, BINARY | RSV1, &payload);
                assert!(read_blocks(&[], &payload).is_err(), "{what}");
                expect_refused(&mut server(offer), &octets, &ProtocolError::InvalidDeflate);
            }
        }
    }
}

/// "abcd", then a reference of three octets whose distance has the symbol 30.
fn distance_symbol_30() -> Vec<u8> {
    let start = Blocks::new().unended(Final::No, &literals(b"abcd"));
    start.bits(0b100_0000, 7).bits(0b01111, 5).octets()
}

#[test]
fn a_message_that_ends_within_a_block_is_refused() {
    let stored = Blocks::new().stored(Final::No, b"Hello").octets();
    // With four octets missing, the four that end every message are taken for them: nobody can tell.
    let ends = (2..stored.len()).filter(|end| stored.len() - end != TAIL.len());
    let mut cut_short: Vec<Vec<u8>> = ends.map(|end| stored[..end].to_vec()).collect();
    // The end of the message would be read as its next codes.
    cut_short.push(Blocks::new().unended(Final::No, &literals(&[0xFF; 40])).octets());
    cut_short.push(vec![0xf2, 0x48, 0xcd]);
    for payload in &cut_short {
        assert!(read_blocks(&[], &[&payload[..], &TAIL].concat()).is_err(), "{payload:02x?}");
        for offer in OFFERS {
            let octets = frame(true, BINARY | RSV1, payload);
            expect_refused(&mut server(offer), &octets, &ProtocolError::InvalidDeflate);
        }
    }
}

/// A dynamic block that calls itself the last one, cut before its end. Whatever is put behind a message to find
/// that out may complete it: the next bits, 1 and 1, are its code for the end.
const CUT: [u8; 58] = [
    0xed, 0xd4, 0xb1, 0x0d, 0xc0, 0x20, 0x0c, 0x00, 0xc1, 0xb5, 0xd8, 0xbf, 0x49, 0x97, 0x1f, 0x09, 0x64,
    0xb6, 0x40, 0xba, 0xef, 0xdc, 0x5a, 0x3e, 0x7f, 0xd5, 0xdf, 0x6d, 0xaf, 0xbd, 0x8c, 0xb6, 0xe1, 0x18,
    0x8a, 0x05, 0xaf, 0x20, 0xaf, 0xa0, 0x89, 0x05, 0x16, 0x62, 0xa1, 0x89, 0x05, 0x16, 0x62, 0xa1, 0x89,
    0x05, 0x16, 0x00, 0xdd, 0xc2, 0x01, 0x00,
];

#[test]
fn a_message_that_ends_within_its_last_block_is_refused() {
    assert!(read_blocks(&[], &[&CUT[..], &TAIL].concat()).is_err());
    assert!(read_blocks(&[], &[&CUT[..], &TAIL, &[0x03]].concat()).is_ok());
    for offer in OFFERS {
        let octets = frame(true, BINARY | RSV1, &CUT);
        expect_refused(&mut server(offer), &octets, &ProtocolError::InvalidDeflate);
    }
}

/// The same with a longer code for the end, 110000000: all of an empty last block of fixed codes reads as that.
fn cut_before_a_long_code() -> Vec<u8> {
    const LENGTHS: [u32; 8] = [0, 1, 2, 3, 7, 8, 9, 10];
    let lengths = (0..=285).map(|symbol| match symbol {
        0 => 2,
        1 => 3,
        2..=49 => 7,
        50..=245 => 10,
        246..=255 => 0,
        _ => 9,
    });
    let mut blocks = Blocks::new().bits(0b101, 3).bits(29, 5).bits(0, 5).bits(14, 4);
    for length in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
        blocks = blocks.bits(if LENGTHS.contains(&length) { 3 } else { 0 }, 3);
    }
    // One code for distances, of one bit, is behind the others.
    for length in lengths.chain([1]) {
        let code = (0..8).find(|at| LENGTHS[*at as usize] == length).expect("one of them");
        blocks = (0..3).rev().fold(blocks, |blocks, at| blocks.bits(code >> at & 1, 1));
    }
    // A literal, and the bit that is left of the octet begins the next one.
    blocks.bits(0b010, 3).octets()
}

#[test]
fn a_message_that_ends_before_a_long_code_is_refused() {
    let payload = cut_before_a_long_code();
    assert!(read_blocks(&[], &[&payload[..], &TAIL].concat()).is_err());
    assert!(read_blocks(&[], &[&payload[..], &TAIL, &[0x03, 0x00]].concat()).is_ok());
    for offer in OFFERS {
        let octets = frame(true, BINARY | RSV1, &payload);
        expect_refused(&mut server(offer), &octets, &ProtocolError::InvalidDeflate);
    }
}

#[test]
fn a_message_of_no_octets_is_refused() {
    // Even an empty message has one. What is put behind nothing is no whole block.
    let nothing = frame(true, BINARY | RSV1, b"");
    for offer in OFFERS {
        expect_refused(&mut server(offer), &nothing, &ProtocolError::InvalidDeflate);
        // Behind a block that calls itself the last one, and of which the end was left out.
        let mut after = server(offer);
        expect_read(&mut after, &[0x01], b"");
        expect_refused(&mut after, &nothing, &ProtocolError::InvalidDeflate);
    }
}

#[test]
fn after_an_error_nothing_is_read() {
    let bad = frame(true, BINARY | RSV1, &[0x07]);
    let good = frame(true, BINARY | RSV1, &hello().message());
    for offer in OFFERS {
        let mut server = server(offer);
        let told = events(&mut server, &[&good[..], &bad, &good].concat());
        assert_eq!(told[..2], [binary(b"Hello"), Event::Error(ProtocolError::InvalidDeflate)]);
        assert!(matches!(told[2..], [Event::Closed(_)]), "{told:?}");
        assert_eq!(events(&mut server, &good), []);
        assert_eq!(server.poll_event(), None);
    }
}
