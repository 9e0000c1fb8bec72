//! sockudo-ws, twice: its stream, and its codec without I/O, which its documentation calls the hot path.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{
    CompressedWebSocketStream, Config, DeflateConfig, DeflateWindowBits, Message, RECV_BUFFER_SIZE, Role,
    WebSocketStream,
};

use super::{Deflate, Library, Resting, Side};
use crate::load::Load;
use crate::run::Run;
use crate::sink;
use crate::wire::Wire;

pub struct Stream;
pub struct Codec;

fn role(side: Side) -> Role {
    if side == Side::Server { Role::Server } else { Role::Client }
}

fn message(load: Load) -> Message {
    let payload = Bytes::from_static(load.payload());
    if load.is_text() { Message::Text(payload) } else { Message::Binary(payload) }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(bytes) | Message::Binary(bytes) => bytes.len(),
        other => panic!("{other:?}"),
    }
}

impl Library for Stream {
    fn name(&self) -> &'static str {
        "sockudo-ws"
    }

    fn receiver(&self, load: Load) -> Run {
        sockudo_ws::init_clock();
        let wire = Wire::endless(load.frames());
        let mut socket = WebSocketStream::from_raw(wire, Role::Server, Config::default());
        Box::new(move |count| {
            for _ in 0..count {
                let message = sink::next(&mut socket).unwrap();
                assert_eq!(length(black_box(&message)), load.size);
            }
            count
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        sockudo_ws::init_clock();
        let socket = WebSocketStream::from_raw(Wire::endless(b""), role(side), Config::default());
        sink::run(socket, load.batch(), move || message(load))
    }

    fn resting(&self) -> Option<Resting> {
        let wire = Wire::once(crate::sample::ONE_MESSAGE);
        let mut socket = WebSocketStream::server(wire, Config::default());
        let message = sink::next(&mut socket).unwrap();
        sink::send(&mut socket, [message]);
        assert!(sink::poll_next(&mut socket).is_pending());
        let size = size_of_val(&socket) - size_of::<Wire>();
        Some((Box::new(socket), size))
    }

    fn resting_deflated(&self, deflate: Deflate, messages: usize) -> Option<Resting> {
        let wire = Wire::once(crate::sample::deflated_messages(messages));
        let mut socket = CompressedWebSocketStream::server(wire, Config::default(), config(deflate));
        for _ in 0..messages {
            assert_eq!(length(&sink::next(&mut socket).unwrap()), 5);
            sink::send(&mut socket, [Message::Text(Bytes::from_static(crate::sample::JSON.as_bytes()))]);
        }
        assert!(sink::poll_next(&mut socket).is_pending());
        let size = size_of_val(&socket) - size_of::<Wire>();
        Some((Box::new(socket), size))
    }

    fn deflated_broadcast(&self, connections: usize, deflate: Deflate) -> Option<Run> {
        let connect =
            || CompressedWebSocketStream::server(Wire::endless(b""), Config::default(), config(deflate));
        let mut sockets: Vec<_> = (0..connections).map(|_| connect()).collect();
        let message = Message::Text(Bytes::from_static(crate::sample::JSON.as_bytes()));
        Some(Box::new(move |count| {
            for _ in 0..count {
                for socket in &mut sockets {
                    sink::send(socket, [message.clone()]);
                }
            }
            count
        }))
    }
}

fn config(deflate: Deflate) -> DeflateConfig {
    let mut config = DeflateConfig::default();
    match deflate {
        Deflate::Default => {}
        Deflate::Window12 => {
            config.server_max_window_bits = DeflateWindowBits::Bits12;
            config.client_max_window_bits = DeflateWindowBits::Bits12;
        }
        Deflate::NoTakeover => {
            config.server_no_context_takeover = true;
            config.client_no_context_takeover = true;
        }
    }
    config
}

impl Codec {
    fn protocol(side: Side) -> Protocol {
        let config = Config::default();
        Protocol::new(role(side), config.max_frame_size, config.max_message_size)
    }
}

impl Library for Codec {
    fn name(&self) -> &'static str {
        "sockudo codec"
    }

    fn is_connection(&self) -> bool {
        false
    }

    fn receiver(&self, load: Load) -> Run {
        let mut wire = Wire::endless(load.frames());
        let mut protocol = Codec::protocol(Side::Server);
        let mut buffer = BytesMut::with_capacity(RECV_BUFFER_SIZE);
        let mut messages = Vec::new();
        Box::new(move |count| {
            let mut received = 0;
            while received < count {
                // What the stream does with its own read buffer.
                if buffer.is_empty() && !buffer.try_reclaim(RECV_BUFFER_SIZE) {
                    buffer.reserve(RECV_BUFFER_SIZE);
                }
                if buffer.capacity() - buffer.len() < 4096 {
                    buffer.reserve(RECV_BUFFER_SIZE);
                }
                let spare = buffer.capacity() - buffer.len();
                let mut filled = 0;
                while filled < spare {
                    let piece = wire.piece(spare - filled);
                    buffer.extend_from_slice(piece);
                    filled += piece.len();
                }
                protocol.process_into(&mut buffer, &mut messages).unwrap();
                for message in messages.drain(..) {
                    assert_eq!(length(black_box(&message)), load.size);
                    received += 1;
                }
            }
            received
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        let mut wire = Wire::endless(b"");
        let mut protocol = Codec::protocol(side);
        let mut buffer = BytesMut::new();
        let message = message(load);
        Box::new(move |count| {
            let mut messages = 0;
            while messages < count {
                for _ in 0..load.batch() {
                    protocol.encode_message(&message, &mut buffer).unwrap();
                }
                wire.take(&buffer);
                buffer.clear();
                messages += load.batch();
            }
            messages
        })
    }

    /// The codec has no connection to keep; its stream stands for it.
    fn resting(&self) -> Option<Resting> {
        None
    }
}
