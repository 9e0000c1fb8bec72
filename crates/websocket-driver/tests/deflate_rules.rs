//! The rules around compressed messages: the bit that marks them, fragments, control frames, text, limits.

mod blocks;
mod deflated;
mod wire;

use std::time::Instant;

use blocks::{Blocks, Final, copy, literals};
use deflated::{RSV1, client, events, expect_refused, in_pieces, server, server_with};
use websocket_driver::{CloseCode, Config, Connection, Event, Message, ProtocolError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};

const OFFER: &str = "permessage-deflate";

fn hello() -> Vec<u8> {
    Blocks::new().fixed(Final::No, &literals(b"Hello")).message()
}

#[test]
fn the_bit_is_refused_where_nothing_was_agreed() {
    for first in [TEXT, BINARY, TEXT - FIN, CONTINUATION, PING, PONG, CLOSE] {
        let mut plain = Connection::server(Config::default().into(), Instant::now()).with_deflate(None);
        expect_refused(&mut plain, &frame(true, first | RSV1, &hello()), &ProtocolError::ReservedBits);
    }
}

#[test]
fn the_bit_is_refused_on_control_frames() {
    for first in [PING, PONG, CLOSE] {
        let octets = frame(true, first | RSV1, &hello());
        expect_refused(&mut server(OFFER), &octets, &ProtocolError::ReservedBits);
        let mut within = server(OFFER);
        assert_eq!(events(&mut within, &frame(true, (TEXT - FIN) | RSV1, &hello()[..2])), []);
        expect_refused(&mut within, &octets, &ProtocolError::ReservedBits);
    }
}

#[test]
fn the_bit_is_refused_on_continuations() {
    for begins in [TEXT - FIN, (TEXT - FIN) | RSV1] {
        for goes_on in [CONTINUATION | RSV1, (CONTINUATION - FIN) | RSV1] {
            let mut server = server(OFFER);
            assert_eq!(events(&mut server, &frame(true, begins, b"")), []);
            expect_refused(&mut server, &frame(true, goes_on, &hello()), &ProtocolError::ReservedBits);
        }
    }
    expect_refused(&mut server(OFFER), &frame(true, CONTINUATION | RSV1, b""), &ProtocolError::ReservedBits);
}

#[test]
fn the_other_reserved_bits_are_refused_all_the_same() {
    for bits in [0x10, 0x20, 0x50, 0x60, 0x70] {
        let octets = frame(true, TEXT | bits, &hello());
        expect_refused(&mut server(OFFER), &octets, &ProtocolError::ReservedBits);
    }
}

#[test]
fn refused_bits_are_1002_for_a_client_too() {
    let mut client = client("permessage-deflate");
    let told = events(&mut client, &frame(false, PING | RSV1, b""));
    let [Event::Error(error), Event::Closed(closed)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((error, closed.code), (&ProtocolError::ReservedBits, CloseCode::PROTOCOL_ERROR));
}

#[test]
fn control_frames_stand_between_compressed_fragments() {
    let payload = hello();
    for cut in 0..=payload.len() {
        let octets = [
            frame(true, (TEXT - FIN) | RSV1, &payload[..cut]),
            frame(true, PING, b"\xF2\x48"),
            frame(true, PONG, b""),
            frame(true, CONTINUATION, &payload[cut..]),
            frame(true, PING, b"after"),
        ]
        .concat();
        for most in [1, 3, usize::MAX] {
            let mut server = server(OFFER);
            let told = in_pieces(&mut server, &octets, most);
            let expected = [
                Event::Ping(b"\xF2\x48".as_slice().into()),
                Event::Pong(b"".as_slice().into()),
                Event::Message(Message::text("Hello")),
                Event::Ping(b"after".as_slice().into()),
            ];
            assert_eq!(told, expected);
            let pongs = wire::frames(&wire::transmitted(&mut server).0);
            assert!(pongs.iter().all(|pong| pong.first == PONG), "{pongs:?}");
            assert_eq!(pongs.last().unwrap().payload, b"after");
        }
    }
}

#[test]
fn plain_messages_are_read_between_compressed_ones() {
    let octets = [
        frame(true, TEXT | RSV1, &hello()),
        frame(true, TEXT, b"plain"),
        frame(true, TEXT - FIN, b"pl"),
        frame(true, CONTINUATION, b"ain"),
        frame(true, TEXT | RSV1, &Blocks::new().fixed(Final::No, &[copy(5, 5)]).message()),
    ]
    .concat();
    for most in [1, usize::MAX] {
        let told = in_pieces(&mut server(OFFER), &octets, most);
        let expected = ["Hello", "plain", "plain", "Hello"].map(|text| Event::Message(Message::text(text)));
        assert_eq!(told, expected);
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    for text in [&b"\xFF"[..], b"ok\xC0\x80", b"\xED\xA0\x80", b"unfinished \xF0\x9F\xA6"] {
        for payload in [
            Blocks::new().stored(Final::No, text).message(),
            Blocks::new().fixed(Final::No, &literals(text)).message(),
        ] {
            let octets = frame(true, TEXT | RSV1, &payload);
            expect_refused(&mut server(OFFER), &octets, &ProtocolError::InvalidUtf8);
            assert_eq!(events(&mut server(OFFER), &frame(true, BINARY | RSV1, &payload)).len(), 1);
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_while_its_frame_still_arrives() {
    // The bad octet is inflated in the middle of a frame of which much is still to come.
    let payload = Blocks::new().stored(Final::No, &[&b"good \xFF"[..], &[b'a'; 60_000]].concat()).message();
    let octets = frame(true, TEXT | RSV1, &payload);
    let bad_at = octets.len() - payload.len() + 5 + 5;
    let mut reader = server(OFFER);
    assert_eq!(events(&mut reader, &octets[..bad_at]), []);
    expect_refused(&mut reader, &octets[bad_at..=bad_at], &ProtocolError::InvalidUtf8);
    // And in the first fragment of a message that never ends.
    let first = frame(true, (TEXT - FIN) | RSV1, &Blocks::new().stored(Final::No, b"\xF8").message());
    expect_refused(&mut server(OFFER), &first, &ProtocolError::InvalidUtf8);
}

#[test]
fn the_first_error_is_the_same_in_any_pieces() {
    // What comes before a broken block is judged before it, however much arrives at once.
    let config = Config { max_message: 100, ..Config::default() };
    for (before, error) in [
        (&b"not UTF-8: \xFF"[..], ProtocolError::InvalidUtf8),
        (&[b'a'; 101], ProtocolError::MessageTooBig { limit: 100 }),
        (b"good", ProtocolError::InvalidDeflate),
        // Of two errors the one that stands first.
        (&[&b"\xFF"[..], &[b'a'; 200]].concat(), ProtocolError::InvalidUtf8),
        (&[&[b'a'; 101][..], b"\xFF"].concat(), ProtocolError::MessageTooBig { limit: 100 }),
        (("a".repeat(98) + "🦀").as_bytes(), ProtocolError::MessageTooBig { limit: 100 }),
    ] {
        let payload = Blocks::new().fixed(Final::No, &literals(before)).bits(0b110, 3).octets();
        let octets = frame(true, TEXT | RSV1, &[&payload[..], &[0; 9]].concat());
        for most in [1, 2, 7, usize::MAX] {
            let told = in_pieces(&mut server_with(OFFER, config.clone()), &octets, most);
            assert_eq!(told[0], Event::Error(error.clone()), "in pieces of {most}");
        }
    }
}

#[test]
fn characters_may_be_cut_anywhere() {
    let text = "aé€🦀".repeat(20);
    let payload = Blocks::new().fixed(Final::No, &literals(text.as_bytes())).message();
    let mut octets = Vec::new();
    for (at, octet) in payload.iter().enumerate() {
        let first = if at == 0 { (TEXT - FIN) | RSV1 } else { CONTINUATION - FIN };
        octets.extend(frame(true, first, &[*octet]));
    }
    octets.extend(frame(true, CONTINUATION, b""));
    for most in [1, 7, usize::MAX] {
        let told = in_pieces(&mut server(OFFER), &octets, most);
        assert_eq!(told, [Event::Message(Message::text(&*text))]);
    }
}

/// A message of `count` zeros: a reference for each 258 of them.
fn zeros(count: u32) -> Vec<u8> {
    let (copies, rest) = ((count - 1) / 258, (count - 1) % 258);
    let mut symbols = literals(&[0]);
    symbols.extend((0..copies).map(|_| copy(258, 1)));
    symbols.extend(literals(&vec![0; rest as usize]));
    Blocks::new().fixed(Final::No, &symbols).message()
}

#[test]
fn the_limit_of_a_message_is_what_it_inflates_to() {
    for max_message in [1000, 16_384, 16_385, 100_000] {
        let config = Config { max_message, ..Config::default() };
        let count = u32::try_from(max_message).unwrap();
        for most in [1, 64, usize::MAX] {
            let mut reader = server_with(OFFER, config.clone());
            let zeros_again = vec![0; usize::try_from(max_message).unwrap()];
            let fits = in_pieces(&mut reader, &frame(true, BINARY | RSV1, &zeros(count)), most);
            assert_eq!(fits, [Event::Message(Message::binary(zeros_again))]);
            // The limit is for one message, not for all of them.
            let again = in_pieces(&mut reader, &frame(true, BINARY | RSV1, &zeros(count)), most);
            assert_eq!(again.len(), 1);
        }
        let octets = frame(true, BINARY | RSV1, &zeros(count + 1));
        let error = ProtocolError::MessageTooBig { limit: max_message };
        expect_refused(&mut server_with(OFFER, config), &octets, &error);
    }
}

#[test]
fn the_limit_holds_over_fragments_and_final_blocks() {
    let config = Config { max_message: 1000, ..Config::default() };
    let error = ProtocolError::MessageTooBig { limit: 1000 };
    let half = Blocks::new().stored(Final::Yes, &[7; 500]);
    let octets = [
        frame(true, (BINARY - FIN) | RSV1, &half.clone().octets()),
        frame(true, CONTINUATION - FIN, &half.octets()),
    ]
    .concat();
    let mut reader = server_with(OFFER, config);
    assert_eq!(events(&mut reader, &octets), []);
    expect_refused(&mut reader, &frame(true, CONTINUATION, &hello()), &error);
}

#[test]
fn the_limit_of_a_frame_is_what_is_on_the_wire() {
    let config = Config { max_frame: 100, ..Config::default() };
    let small = frame(true, BINARY | RSV1, &zeros(258 * 40 + 1));
    assert_eq!(events(&mut server_with(OFFER, config.clone()), &small).len(), 1);
    let large = wire::header(true, BINARY | RSV1, 101);
    expect_refused(&mut server_with(OFFER, config), &large, &ProtocolError::FrameTooBig { limit: 100 });
}

#[test]
fn a_message_may_be_longer_on_the_wire_than_inflated() {
    // Many empty blocks, more octets than the limit, inflate to nothing.
    let config = Config { max_message: 100, ..Config::default() };
    let empty = (0..200).fold(Blocks::new(), |blocks, _| blocks.stored(Final::No, b"")).message();
    assert!(empty.len() > 900);
    let told = events(&mut server_with(OFFER, config), &frame(true, BINARY | RSV1, &empty));
    assert_eq!(told, [Event::Message(Message::binary(Vec::new()))]);
}
