//! tokio-websockets: its defaults; the keys of a client come from its fastest source, `fastrand`.

use std::hint::black_box;

use bytes::Bytes;
use tokio_websockets::{ClientBuilder, Message, Payload, ServerBuilder};

use super::{Library, Resting, Side};
use crate::load::Load;
use crate::run::Run;
use crate::sink;
use crate::wire::Wire;

pub struct TokioWebsockets;

fn message(load: Load) -> Message {
    if load.is_text() {
        Message::text(Payload::from(load.text()))
    } else {
        Message::binary(Bytes::from_static(load.payload()))
    }
}

impl Library for TokioWebsockets {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn receiver(&self, load: Load) -> Run {
        let mut socket = ServerBuilder::new().serve(Wire::endless(load.frames()));
        Box::new(move |count| {
            for _ in 0..count {
                let message = sink::next(&mut socket).unwrap();
                assert_eq!(black_box(&message).as_payload().len(), load.size);
            }
            count
        })
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        let wire = Wire::endless(b"");
        let socket = match side {
            Side::Server => ServerBuilder::new().serve(wire),
            Side::Client => ClientBuilder::new().take_over(wire),
        };
        sink::run(socket, load.batch(), move || message(load))
    }

    fn resting(&self) -> Option<Resting> {
        let mut socket = ServerBuilder::new().serve(Wire::once(crate::sample::ONE_MESSAGE));
        let message = sink::next(&mut socket).unwrap();
        sink::send(&mut socket, [message]);
        assert!(sink::poll_next(&mut socket).is_pending());
        let size = size_of_val(&socket) - size_of::<Wire>();
        Some((Box::new(socket), size))
    }
}
