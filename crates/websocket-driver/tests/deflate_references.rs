//! What compressed messages may refer to: the past of their own connection, as far back as was agreed, and
//! nothing else. Above all nothing that another connection has left in a coder that both have used.

mod blocks;
mod deflated;
mod wire;

use blocks::{Blocks, Final, copy, literals};
use deflated::{RSV1, expect_read, expect_refused, read, server};
use websocket_driver::{Connection, Event, Message, ProtocolError};
use wire::{BINARY, FIN, frame};

const NO_TAKEOVER: &str = "permessage-deflate; client_no_context_takeover";

/// Distances on both sides of where their symbols and the windows change.
fn distances() -> impl Iterator<Item = u32> {
    let powers = (0..15).flat_map(|bits| [1 << bits, (1 << bits) + 1, (1 << bits) + 200, (2 << bits) - 1]);
    powers.chain([5, 262, 300, 5000, 32_506, 32_767, 32_768]).filter(|distance| *distance <= 32_768)
}

/// A message that begins with a reference.
fn refers(distance: u32) -> Vec<u8> {
    Blocks::new().fixed(Final::No, &[copy(3, distance)]).message()
}

/// A message of stored blocks.
fn stored(octets: &[u8]) -> Vec<u8> {
    octets.chunks(65_535).fold(Blocks::new(), |blocks, part| blocks.stored(Final::No, part)).message()
}

/// Octets that do not repeat themselves soon.
fn octets(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(next).collect()
}

#[track_caller]
fn expect_too_far(server: &mut Connection, payload: &[u8]) {
    expect_refused(server, &frame(true, BINARY | RSV1, payload), &ProtocolError::InvalidDeflate);
}

#[test]
fn the_first_message_cannot_refer_to_what_was_before_it() {
    for offer in ["permessage-deflate", NO_TAKEOVER, "permessage-deflate; client_max_window_bits=9"] {
        for distance in distances() {
            expect_too_far(&mut server(offer), &refers(distance));
            // A little comes first, and the reference reaches one octet beyond it.
            let some = literals(&octets(20));
            let after = Blocks::new().fixed(Final::No, &[&some[..], &[copy(9, distance.max(21))]].concat());
            expect_too_far(&mut server(offer), &after.message());
        }
    }
}

#[test]
fn without_takeover_a_message_cannot_refer_to_an_earlier_one() {
    for distance in distances() {
        let mut server = server(NO_TAKEOVER);
        let before = octets(40_000);
        expect_read(&mut server, &stored(&before), &before);
        expect_read(&mut server, &Blocks::new().message(), b"");
        expect_too_far(&mut server, &refers(distance));
    }
}

#[test]
fn with_takeover_a_message_refers_as_far_as_the_window_and_no_farther() {
    for bits in 8..=15 {
        let offer = format!("permessage-deflate; client_max_window_bits={bits}");
        let window = 1 << bits;
        let many = vec![5; window / 5 + 2];
        for lengths in [&[40_000][..], &many, &[0, window, 0], &[1, window - 1], &[window - 1, 2]] {
            let mut all = Vec::new();
            let mut reader = server(&offer);
            for length in lengths {
                let message = octets(all.len() + length).split_off(all.len());
                expect_read(&mut reader, &stored(&message), &message);
                all.extend(message);
            }
            let distance = u32::try_from(window).unwrap();
            expect_read(&mut reader, &refers(distance), &all[all.len() - window..][..3]);
            // That message was three octets long, and the window has moved on.
            expect_read(&mut reader, &refers(distance), &all[all.len() - window..][3..6]);
            if bits < 15 {
                expect_too_far(&mut reader, &refers(distance + 1));
            }
        }
    }
}

#[test]
fn a_reference_ends_at_the_beginning_of_all_that_was_said() {
    let mut reader = server("permessage-deflate");
    expect_read(&mut reader, &stored(b"ab"), b"ab");
    expect_read(&mut reader, &stored(b""), b"");
    expect_read(&mut reader, &stored(b"c"), b"c");
    expect_read(&mut reader, &refers(3), b"abc");
    expect_too_far(&mut reader, &refers(7));
}

#[test]
fn what_was_sent_plain_cannot_be_referred_to() {
    let mut reader = server("permessage-deflate");
    expect_read(&mut reader, &stored(b"compressed"), b"compressed");
    let plain = deflated::events(&mut reader, &frame(true, BINARY, b"plain"));
    assert_eq!(plain, [Event::Message(Message::binary(&b"plain"[..]))]);
    expect_read(&mut reader, &refers(5), b"ess");
    expect_too_far(&mut reader, &refers(14));
}

/// What stands in the memory of coders that were used: octets that nobody else may see.
const SECRET: u8 = 0xA5;

/// Uses the coders of this thread for another connection, in each of the ways in which it can let go of them.
fn leave_secrets_behind() -> Vec<Connection> {
    let secret = stored(&[SECRET; 70_000]);
    let compressed =
        Blocks::new().fixed(Final::No, &[&literals(&[SECRET])[..], &[copy(258, 1); 300]].concat());
    let mut unfinished = Vec::new();
    for offer in ["permessage-deflate", NO_TAKEOVER] {
        // A message that ends, one that ends with a final block, one that breaks off with an error, one that
        // stays unfinished, and one whose connection is given up.
        assert_eq!(read(&mut server(offer), BINARY, &secret).len(), 1);
        assert_eq!(read(&mut server(offer), BINARY, &compressed.clone().message()).len(), 1);
        let last = Blocks::new().stored(Final::Yes, &[SECRET; 40_000]).message();
        assert_eq!(read(&mut server(offer), BINARY, &last).len(), 1);
        let broken = [&secret[..], &[0x07]].concat();
        expect_too_far(&mut server(offer), &broken);
        let mut resting = server(offer);
        assert_eq!(read(&mut resting, BINARY - FIN, &secret), []);
        unfinished.push(resting);
        assert_eq!(read(&mut server(offer), BINARY - FIN, &secret), []);
        let mut lost = server(offer);
        assert_eq!(read(&mut lost, BINARY - FIN, &compressed.clone().octets()), []);
        lost.connection_lost();
    }
    unfinished
}

#[test]
fn nothing_of_another_connection_can_be_referred_to() {
    for offer in ["permessage-deflate", NO_TAKEOVER] {
        for distance in distances() {
            let unfinished = leave_secrets_behind();
            expect_too_far(&mut server(offer), &refers(distance));
            drop(unfinished);
        }
    }
}

#[test]
fn nothing_of_another_connection_can_be_referred_to_later_in_a_message() {
    for offer in ["permessage-deflate", NO_TAKEOVER] {
        for count in [1, 100, 255, 256, 4000, 20_000, 32_000] {
            let unfinished = leave_secrets_behind();
            let own = octets(count);
            let distance = u32::try_from(count).unwrap();
            let start = Blocks::new().stored(Final::No, &own);
            let within = start.clone().fixed(Final::No, &[copy(258, distance)]).message();
            let told = read(&mut server(offer), BINARY, &within);
            let [Event::Message(message)] = &told[..] else { panic!("{told:?}") };
            let expected: Vec<u8> = own.iter().chain(own.iter().cycle().take(258)).copied().collect();
            assert_eq!(message.as_bytes(), expected);
            for beyond in [distance + 1, distance + 3, distance + 500] {
                expect_too_far(
                    &mut server(offer),
                    &start.clone().fixed(Final::No, &[copy(258, beyond)]).message(),
                );
                // Where a final block has made the inflater start anew.
                let anew = start.clone().fixed(Final::Yes, &[]).aligned();
                expect_too_far(&mut server(offer), &anew.fixed(Final::No, &[copy(258, beyond)]).message());
            }
            drop(unfinished);
        }
    }
}

#[test]
fn a_window_that_is_not_full_shows_nothing_of_another_connection() {
    for distance in distances().filter(|distance| *distance > 10) {
        let mut own = server("permessage-deflate");
        expect_read(&mut own, &stored(b"0123456789"), b"0123456789");
        let unfinished = leave_secrets_behind();
        expect_too_far(&mut own, &refers(distance));
        drop(unfinished);
    }
}
