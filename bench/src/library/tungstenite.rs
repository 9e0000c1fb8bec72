//! tungstenite: its defaults (buffers of 128 KiB), `write` and then `flush`, as its documentation advises.

use std::hint::black_box;

use bytes::Bytes;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use super::{Library, Resting, Side};
use crate::load::Load;
use crate::run::Run;
use crate::wire::Wire;

pub struct Tungstenite;

fn message(load: Load) -> Message {
    if load.is_text() {
        Message::Text(Utf8Bytes::from_static(load.text()))
    } else {
        Message::Binary(Bytes::from_static(load.payload()))
    }
}

impl Library for Tungstenite {
    fn name(&self) -> &'static str {
        "tungstenite"
    }

    fn receiver(&self, load: Load) -> Run {
        let mut config = WebSocketConfig::default();
        config.read_buffer_size = config.read_buffer_size.max(load.read_buffer());
        let wire = Wire::endless(load.frames());
        let mut socket = WebSocket::from_raw_socket(wire, Role::Server, Some(config));
        Box::new(move |count| {
            for _ in 0..count {
                let message = socket.read().unwrap();
                assert_eq!(black_box(&message).len(), load.size);
            }
            count
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        let role = if side == Side::Server { Role::Server } else { Role::Client };
        let mut socket = WebSocket::from_raw_socket(Wire::endless(b""), role, None);
        let message = message(load);
        Box::new(move |count| {
            let mut messages = 0;
            while messages < count {
                for _ in 0..load.batch() {
                    socket.write(message.clone()).unwrap();
                }
                socket.flush().unwrap();
                messages += load.batch();
            }
            messages
        })
    }

    fn resting(&self) -> Option<Resting> {
        let wire = Wire::once(crate::sample::ONE_MESSAGE);
        let mut socket = WebSocket::from_raw_socket(wire, Role::Server, None);
        let message = socket.read().unwrap();
        socket.send(message).unwrap();
        assert!(socket.read().is_err(), "nothing more comes");
        let size = size_of_val(&socket) - size_of::<Wire>();
        Some((Box::new(socket), size))
    }
}
