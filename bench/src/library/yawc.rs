//! yawc: as its own benchmark tunes it, a read buffer of 128 KiB and 64 KiB before it writes; UTF-8 checked.

use std::hint::black_box;

use bytes::Bytes;
use yawc::{DeflateOptions, Frame, Options, Role, WebSocket};

use super::{Deflate, Library, Resting, Side};
use crate::load::Load;
use crate::run::Run;
use crate::sink;
use crate::wire::Wire;

pub struct Yawc;

fn options() -> Options {
    // Its limits are exclusive and default to 1 MiB.
    Options::default().with_utf8().with_limits(4 << 20, 8 << 20)
}

fn frame(load: Load) -> Frame {
    let payload = Bytes::from_static(load.payload());
    if load.is_text() { Frame::text(payload) } else { Frame::binary(payload) }
}

impl Library for Yawc {
    fn name(&self) -> &'static str {
        "yawc"
    }

    fn receiver(&self, load: Load) -> Run {
        let options = options().with_read_buffer_capacity(load.read_buffer().max(128 * 1024));
        let mut socket = WebSocket::from_stream(Wire::endless(load.frames()), Role::Server, options).unwrap();
        Box::new(move |count| {
            for _ in 0..count {
                let frame = sink::next(&mut socket);
                assert_eq!(black_box(&frame).payload().len(), load.size);
            }
            count
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        let role = if side == Side::Server { Role::Server } else { Role::Client };
        let options = options().with_backpressure_boundary(64 * 1024);
        let socket = WebSocket::from_stream(Wire::endless(b""), role, options).unwrap();
        sink::run(socket, load.batch(), move || frame(load))
    }

    fn resting(&self) -> Option<Resting> {
        let wire = Wire::once(crate::sample::ONE_MESSAGE);
        let mut socket = WebSocket::from_stream(wire, Role::Server, Options::default()).unwrap();
        let frame = sink::next(&mut socket);
        sink::send(&mut socket, [frame]);
        rest(socket)
    }

    fn resting_deflated(&self, deflate: Deflate, messages: usize) -> Option<Resting> {
        let mut socket = deflated(Wire::once(crate::sample::deflated_messages(messages)), deflate);
        for _ in 0..messages {
            assert_eq!(sink::next(&mut socket).payload().len(), 5);
            sink::send(&mut socket, [Frame::text(Bytes::from_static(crate::sample::JSON.as_bytes()))]);
        }
        rest(socket)
    }

    fn deflated_broadcast(&self, connections: usize, deflate: Deflate) -> Option<Run> {
        let mut sockets: Vec<_> = (0..connections).map(|_| deflated(Wire::endless(b""), deflate)).collect();
        let frame = Frame::text(Bytes::from_static(crate::sample::JSON.as_bytes()));
        Some(Box::new(move |count| {
            for _ in 0..count {
                for socket in &mut sockets {
                    sink::send(socket, [frame.clone()]);
                }
            }
            count
        }))
    }
}

fn rest(mut socket: WebSocket<Wire>) -> Option<Resting> {
    assert!(sink::poll_next(&mut socket).is_pending());
    let size = size_of_val(&socket) - size_of::<Wire>();
    Some((Box::new(socket), size))
}

fn deflated(wire: Wire, deflate: Deflate) -> WebSocket<Wire> {
    let agreed = match deflate {
        Deflate::Default => "permessage-deflate",
        Deflate::Window12 => "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
        Deflate::NoTakeover => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    };
    let options = Options { compression: Some(DeflateOptions::default()), ..Options::default() };
    WebSocket::from_stream_with_extensions(wire, Role::Server, Some(agreed), options).unwrap()
}
