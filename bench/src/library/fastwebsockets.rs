//! fastwebsockets: its `FragmentCollector`, as in its examples; it has no buffer to enlarge and no queue.

use std::hint::black_box;

use fastwebsockets::{FragmentCollector, Frame, Payload, Role, WebSocket};

use super::{Library, Resting, Side};
use crate::load::Load;
use crate::run::Run;
use crate::wire::{Wire, poll, ready};

pub struct Fastwebsockets;

impl Library for Fastwebsockets {
    fn name(&self) -> &'static str {
        "fastwebsockets"
    }

    fn receiver(&self, load: Load) -> Run {
        let socket = WebSocket::after_handshake(Wire::endless(load.frames()), Role::Server);
        let mut socket = FragmentCollector::new(socket);
        Box::new(move |count| {
            for _ in 0..count {
                let frame = ready(socket.read_frame()).unwrap();
                assert_eq!(black_box(&frame).payload.len(), load.size);
            }
            count
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        let role = if side == Side::Server { Role::Server } else { Role::Client };
        let mut socket = WebSocket::after_handshake(Wire::endless(b""), role);
        let payload = load.payload();
        Box::new(move |count| {
            let mut messages = 0;
            while messages < count {
                for _ in 0..load.batch() {
                    let payload = Payload::Borrowed(payload);
                    let frame = if load.is_text() { Frame::text(payload) } else { Frame::binary(payload) };
                    ready(socket.write_frame(frame)).unwrap();
                }
                ready(socket.flush()).unwrap();
                messages += load.batch();
            }
            messages
        })
    }

    fn resting(&self) -> Option<Resting> {
        let wire = Wire::once(crate::sample::ONE_MESSAGE);
        let mut socket = FragmentCollector::new(WebSocket::after_handshake(wire, Role::Server));
        let frame = ready(socket.read_frame()).unwrap();
        ready(socket.write_frame(Frame::text(frame.payload))).unwrap();
        assert!(poll(socket.read_frame()).is_pending());
        let size = size_of_val(&socket) - size_of::<Wire>();
        Some((Box::new(socket), size))
    }
}
