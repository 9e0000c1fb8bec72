//! Frames that break the protocol or would cost memory, sent while two others chat in the same room.

use std::sync::mpsc;

use websocket_hub::{Backend, Cause, ProtocolError, Refused, Request, SendError, Server, WebSocket};

use crate::client::Pair;
use crate::log::Told;
use crate::memory::{MIB, assert_growth_below, resident};
use crate::peer::{Peer, close, frame, header, text};
use crate::room::Room;
use crate::transport::serve;
use crate::waiting::PATIENCE;
use crate::{alone_on_each_backend, on_each_backend_and_version};

type Case = (&'static str, Vec<u8>, ProtocolError);

fn cases() -> Vec<Case> {
    use ProtocolError::*;
    let control_126 = [header(0x89, 126), vec![0; 126]].concat();
    let middle = |first: u8, length: [u8; 2]| [&[first, 0xfe], &length[..], b"\0\0\0\0"].concat();
    let long = |length: u64| [&[0x82, 0xff], &length.to_be_bytes()[..], b"\0\0\0\0"].concat();
    let half = |payload: &[u8]| {
        let whole = frame(0x81, &[payload, &[b'x'; 100]].concat());
        whole[..6 + payload.len()].to_vec()
    };
    vec![
        ("an unmasked frame", b"\x81\x05hello".to_vec(), Unmasked),
        ("an unmasked close", b"\x88\x02\x03\xe8".to_vec(), Unmasked),
        ("RSV1", frame(0xc1, b"x"), ReservedBits),
        ("RSV2", frame(0xa1, b"x"), ReservedBits),
        ("RSV3", frame(0x91, b"x"), ReservedBits),
        ("RSV on a ping", frame(0xc9, b"x"), ReservedBits),
        ("opcode 3", frame(0x83, b"x"), ReservedOpCode(3)),
        ("opcode 7", frame(0x87, b""), ReservedOpCode(7)),
        ("opcode 11", frame(0x8b, b"x"), ReservedOpCode(11)),
        ("opcode 15", frame(0x8f, b""), ReservedOpCode(15)),
        ("a length of 125 in two octets", middle(0x81, [0, 125]), LengthNotMinimal),
        ("a length of 65,535 in eight octets", long(65_535), LengthNotMinimal),
        ("a length of 2^63", long(1 << 63), LengthTooLarge),
        ("a fragmented ping", frame(0x09, b"x"), FragmentedControl),
        ("a ping of 126 octets", control_126, ControlTooLong),
        ("a continuation of nothing", frame(0x80, b"x"), UnexpectedContinuation),
        ("a text within a text", [frame(0x01, b"a"), text("b")].concat(), ExpectedContinuation),
        ("a close of one octet", frame(0x88, b"\x03"), CloseTooShort),
        ("close code 999", close(999, b""), InvalidCloseCode(999)),
        ("close code 1004", close(1004, b""), InvalidCloseCode(1004)),
        ("close code 1005", close(1005, b""), InvalidCloseCode(1005)),
        ("close code 1006", close(1006, b""), InvalidCloseCode(1006)),
        ("close code 1015", close(1015, b"tls"), InvalidCloseCode(1015)),
        ("close code 5000", close(5000, b""), InvalidCloseCode(5000)),
        ("a close reason that is not UTF-8", close(1000, b"\xff"), InvalidCloseReason),
        ("a text that is not UTF-8", frame(0x81, b"ab\xff"), InvalidUtf8),
        ("a text with a surrogate", frame(0x81, b"\xed\xa0\x80"), InvalidUtf8),
        ("a text that ends within a character", frame(0x81, b"\xe2\x82"), InvalidUtf8),
        ("a bad second fragment", [frame(0x01, b"a"), frame(0x00, b"\xc0")].concat(), InvalidUtf8),
        ("a text that is bad before it is whole", half(b"ab\xc0\xaf"), InvalidUtf8),
        ("a frame above 1 MiB", header(0x82, (1 << 20) + 1), FrameTooBig { limit: 1 << 20 }),
        ("a header of 14 octets and 1 TiB", header(0x82, 1 << 40), FrameTooBig { limit: 1 << 20 }),
    ]
}

/// Sends `bytes` from a newcomer and checks everything that must follow, for the newcomer and for the others.
fn break_in(
    server: &Server,
    room: &Room,
    pair: &mut Pair,
    name: &str,
    bytes: &[u8],
    expected: &ProtocolError,
) {
    let code = expected.close_code();
    let mut peer = Peer::open(server, name);
    room.log.wait_open(name);
    assert_eq!(pair.chat(), [""; 0], "{name}");
    // What comes behind is not delivered, be it right.
    peer.write(bytes);
    peer.try_write([text("behind"), close(1000, b"")].concat());
    let close_frame = peer.close_frame();
    assert_eq!(close_frame.payload[..2], code.get().to_be_bytes(), "{name}");
    assert_eq!(peer.rest(), b"", "{name}: the close frame is the last");
    drop(peer);
    let reason = expected.to_string();
    assert_eq!(close_frame.payload[2..], *reason.as_bytes(), "{name}");
    room.log.wait_closed(name);
    assert_eq!(pair.chat(), [format!("{name} left")], "{name}: told once");
    let cause = Cause::ProtocolError(expected.clone());
    let told = [Told::Error(expected.clone()), Told::close(code.get(), &reason, cause)];
    assert_eq!(room.log.after_opening(name), told, "{name}");
}

#[test]
fn whoever_breaks_the_protocol_is_told_and_closed_and_the_others_chat_on() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        for (number, (what, bytes, expected)) in cases().into_iter().enumerate() {
            println!("{what}");
            break_in(&server, &room, &mut pair, &format!("mallory-{number}"), &bytes, &expected);
        }
        drop(pair);
        assert_eq!(server.stop(), 0);
    });
}

/// Whoever sends is told that nothing will go out, not that it was queued.
#[test]
fn nothing_can_be_sent_to_whoever_broke_the_protocol() {
    on_each_backend_and_version(|backend| {
        let (sender, sent) = mpsc::channel();
        let app = move |request: Request| -> Result<_, Refused> {
            let sender = sender.clone();
            let upgrade = WebSocket::upgrade(request)?;
            Ok(upgrade.on_error(move |ws, _| sender.send((ws.is_open(), ws.send("x"))).unwrap()).start())
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::open(&server, "mallory");
        peer.write(frame(0x83, b""));
        assert_eq!(sent.recv_timeout(PATIENCE), Ok((false, Err(SendError::Closed))));
        assert_eq!(peer.frame().map(|frame| frame.first), Some(0x88));
    });
}

#[test]
fn a_terabyte_that_is_announced_takes_no_memory() {
    alone_on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        let error = ProtocolError::FrameTooBig { limit: 1 << 20 };
        break_in(&server, &room, &mut pair, "first", &header(0x82, 1 << 40), &error);
        let before = resident();
        for number in 0..20 {
            break_in(&server, &room, &mut pair, &format!("mallory-{number}"), &header(0x81, 1 << 40), &error);
        }
        assert_growth_below(4 * MIB, before, "twenty terabytes");
    });
}

/// What is announced within the limit is not reserved before it comes.
#[test]
fn a_megabyte_that_is_announced_takes_no_memory() {
    alone_on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        let before = resident();
        let mut peers = Vec::new();
        for number in 0..50 {
            let mut peer = Peer::open(&server, &format!("mallory-{number}"));
            peer.write([header(0x82, 1 << 20), vec![0; 16]].concat());
            peers.push(peer);
        }
        assert_eq!(pair.chat(), [""; 0]);
        assert_growth_below(8 * MIB, before, "fifty megabytes");
        drop(peers);
        room.log.wait_closed("mallory-49");
    });
}

#[test]
fn a_message_in_endless_empty_fragments_is_refused() {
    alone_on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        let before = resident();
        let fragments = [frame(0x01, b""), frame(0x00, b"").repeat(200_000)].concat();
        let error = ProtocolError::TooManyFragments { limit: 131_072 };
        break_in(&server, &room, &mut pair, "mallory", &fragments, &error);
        assert_growth_below(4 * MIB, before, "200,000 fragments");
    });
}

#[test]
fn a_message_in_fragments_above_the_limit_is_refused() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        let fragment = vec![b'x'; 60_000];
        let fragments = [frame(0x01, &fragment), frame(0x00, &fragment).repeat(20)].concat();
        let error = ProtocolError::MessageTooBig { limit: 1 << 20 };
        break_in(&server, &room, &mut pair, "mallory", &fragments, &error);
    });
}

/// A ping may be answered together with those before it (RFC 6455 §5.5.3).
#[test]
fn a_flood_of_pings_from_a_peer_that_does_not_read_costs_nothing_and_the_newest_is_answered() {
    alone_on_each_backend(|backend: Backend| {
        const PINGS: usize = 300_000;
        let (server, room) = Room::serve(backend);
        let mut pair = Pair::connect(&server);
        let mut peer = Peer::open(&server, "mallory");
        room.log.wait_open("mallory");
        let payload = |number: usize| format!("{number:0100}").into_bytes();
        let mut flood = Vec::with_capacity(106_000);
        let mut send = |peer: &mut Peer, numbers: std::ops::Range<usize>| {
            flood.clear();
            numbers.for_each(|number| flood.extend(frame(0x89, &payload(number))));
            peer.write(&flood);
        };
        send(&mut peer, 0..1000);
        assert_eq!(pair.chat(), [""; 0]);
        let before = resident();
        for thousand in 1..PINGS / 1000 {
            send(&mut peer, thousand * 1000..(thousand + 1) * 1000);
            if thousand % 50 == 0 {
                assert_eq!(pair.chat(), [""; 0]);
            }
        }
        assert_growth_below(4 * MIB, before, "300,000 pings");
        let mut last = None;
        while last != Some(PINGS - 1) {
            let pong = peer.frame().expect("a pong");
            if pong.first == 0x81 {
                // What was said in the room goes its way between them.
                continue;
            }
            assert_eq!(pong.first, 0x8a);
            let number: usize = std::str::from_utf8(&pong.payload).unwrap().parse().unwrap();
            assert!(last < Some(number), "{number} after {last:?}");
            last = Some(number);
        }
        // It broke no rule: it is one of the room still.
        peer.write(text("done"));
        // Once it was said, everybody hears it before what comes later.
        while peer.text() != "mallory: done" {}
        assert_eq!(pair.chat(), ["mallory: done"]);
        assert_growth_below(4 * MIB, before, "300,000 pings, answered");
    });
}
