//! Compared with others: miniz_oxide reads what we compress and we read what it compresses; a slow inflater of
//! our own measures how far we refer.

mod blocks;
mod deflated;
mod wire;

use std::time::Instant;

use blocks::TAIL;
use deflated::{FULL, RSV1, expect_read, server, server_agrees, shake_hands};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush};
use proptest::prelude::*;
use websocket_driver::deflate::Deflate;
use websocket_driver::{Config, Connection};

/// A conversation's worth of messages, of many kinds and lengths.
fn messages() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let mut random = move |end: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % end
    };
    let words: Vec<String> = (0..40).map(|_| format!("{:x}", random(1 << 20))).collect();
    let mut messages = vec![vec![0; 70_000], vec![b'a'; 1], Vec::new(), vec![b'z'; 600]];
    for at in 0..40 {
        let count = [20, 60, 300, 2500][at % 4] + random(20);
        let text: Vec<&str> = (0..count).map(|_| &*words[random(40)]).collect();
        messages.push(text.join(" ").into_bytes());
        messages.push((0..random(900)).map(|_| random(256).to_le_bytes()[0]).collect());
        let old = messages[random(messages.len())].clone();
        messages.push(old);
    }
    messages
}

/// Inflates all of a stream with miniz.
struct Miniz(Box<InflateState>);

impl Miniz {
    fn new() -> Miniz {
        Miniz(InflateState::new_boxed(DataFormat::Raw))
    }

    fn read(&mut self, mut octets: &[u8]) -> Vec<u8> {
        let (mut all, mut room) = (Vec::new(), [0; 4096]);
        loop {
            let result = inflate(&mut self.0, octets, &mut room, MZFlush::None);
            octets = &octets[result.bytes_consumed..];
            all.extend(&room[..result.bytes_written]);
            if octets.is_empty() && result.bytes_written < room.len() {
                return all;
            }
            assert!(result.status.is_ok() || result.bytes_written > 0, "{result:?}");
        }
    }
}

/// The payload of the one frame that a connection sends for this message, and whether it is compressed.
fn sent(connection: &mut Connection, message: &[u8]) -> (bool, Vec<u8>) {
    connection.send(message).expect("the connection is open");
    let [frame] = &wire::frames(&wire::transmitted(connection).0)[..] else { panic!("one frame") };
    (frame.first & RSV1 != 0, frame.payload.clone())
}

fn sender(settings: Deflate, is_server: bool) -> Connection {
    let agreed = shake_hands(settings, settings);
    let now = Instant::now();
    if is_server {
        Connection::server(Config::default().into(), now).with_deflate(agreed.server)
    } else {
        Connection::client(Config::default().into(), || [9, 8, 7, 6], now).with_deflate(agreed.client)
    }
}

/// Sends messages and has them read by both others. Says how many were compressed.
fn expect_others_read(settings: Deflate, is_server: bool, messages: &[Vec<u8>]) -> usize {
    let mut sender = sender(settings, is_server);
    let (mut miniz, mut past, mut count) = (Miniz::new(), Vec::new(), 0);
    for message in messages {
        let (is_compressed, payload) = sent(&mut sender, message);
        if !is_compressed {
            assert_eq!(&payload, message);
            continue;
        }
        count += 1;
        assert!(payload.len() < message.len());
        let stream = [&payload[..], &TAIL].concat();
        if !settings.takeover {
            (miniz, past) = (Miniz::new(), Vec::new());
        }
        assert!(miniz.read(&stream) == *message, "miniz reads another message: {settings:?}");
        let read = blocks::read(&past, &stream).expect("whole blocks");
        assert!(read.octets == *message, "the slow inflater reads another message: {settings:?}");
        assert!(read.farthest <= 1 << settings.window_bits, "{} is too far: {settings:?}", read.farthest);
        past.extend(message);
        past.drain(..past.len().saturating_sub(1 << settings.window_bits));
    }
    count
}

#[test]
fn others_read_what_we_compress_and_we_refer_no_farther_than_agreed() {
    let messages = messages();
    for window_bits in 9..=15 {
        for level in [1, 2, 3, 4, 6, 8, 9] {
            for takeover in [true, false] {
                let settings = Deflate { window_bits, level, takeover, peer_takeover: takeover, ..FULL };
                let count = expect_others_read(settings, level % 2 == 0, &messages);
                assert!(count > 40, "only {count} were compressed: {settings:?}");
            }
        }
    }
}

#[test]
fn the_peers_window_binds_us_however_large_ours_is() {
    for window_bits in 9..15 {
        for is_prepared in [false, true] {
            let offer = format!("permessage-deflate; server_max_window_bits={window_bits}");
            let mut server = Connection::server(Config::default().into(), Instant::now())
                .with_deflate(server_agrees(&offer, FULL));
            let mut past = Vec::new();
            for message in messages() {
                if is_prepared {
                    server.send_prepared(&websocket_driver::Prepared::new(&message[..])).unwrap();
                } else {
                    server.send(&message[..]).unwrap();
                }
                let [frame] = &wire::frames(&wire::transmitted(&mut server).0)[..] else {
                    panic!("one frame")
                };
                if frame.first & RSV1 != 0 {
                    let read = blocks::read(&past, &[&frame.payload[..], &TAIL].concat()).unwrap();
                    assert!(read.octets == message && read.farthest <= 1 << window_bits);
                    past.extend(&message);
                    past.drain(..past.len().saturating_sub(1 << window_bits));
                }
            }
        }
    }
}

/// Compresses with miniz as a peer would, message by message.
struct Peer {
    coder: Box<CompressorOxide>,
    takeover: bool,
}

impl Peer {
    fn new(level: u8, strategy: i32, takeover: bool) -> Peer {
        let flags = create_comp_flags_from_zip_params(level.into(), -15, strategy);
        Peer { coder: Box::new(CompressorOxide::new(flags)), takeover }
    }

    /// The payload of a message; between its parts the stream is flushed.
    fn message(&mut self, parts: &[&[u8]]) -> Vec<u8> {
        let mut payload = Vec::new();
        for part in parts {
            let mut keep = |octets: &[u8]| {
                payload.extend_from_slice(octets);
                true
            };
            compress_to_output(&mut self.coder, part, TDEFLFlush::Sync, &mut keep);
        }
        if !self.takeover {
            self.coder.reset();
        }
        let len = payload.strip_suffix(&TAIL).expect("a sync flush ends so").len();
        payload.truncate(len);
        payload
    }
}

#[test]
fn we_read_what_others_compress() {
    let messages = messages();
    for level in 0..=10 {
        // Default, filtered, Huffman codes only, runs only, fixed codes.
        for strategy in 0..=4 {
            for (takeover, offer) in
                [(true, "permessage-deflate"), (false, "permessage-deflate; client_no_context_takeover")]
            {
                let mut peer = Peer::new(level, strategy, takeover);
                let mut server = server(offer);
                for message in &messages {
                    expect_read(&mut server, &peer.message(&[message]), message);
                }
            }
        }
    }
}

#[test]
fn a_message_that_its_sender_flushed_on_the_way_is_read() {
    let mut peer = Peer::new(6, 0, true);
    let mut server = server("permessage-deflate");
    for message in messages() {
        let parts: Vec<&[u8]> = message.chunks(50).collect();
        let payload = peer.message(if parts.is_empty() { &[b""] } else { &parts });
        expect_read(&mut server, &payload, &message);
    }
}

proptest! {
    #[test]
    fn whatever_is_in_a_message_others_read_it(
        messages in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..1500), 0..10),
        window_bits in 9u8..=15, level in 1u8..=9, takeover: bool, is_server: bool,
    ) {
        let settings = Deflate { window_bits, level, takeover, peer_takeover: takeover, ..FULL };
        expect_others_read(settings, is_server, &messages);
    }
}
