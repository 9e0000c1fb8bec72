//! websocket-driver: an I/O loop of the plainest sort around a `Connection`.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;
use websocket_driver::{Config, Connection, Event, Input, Message, Transmit};

use super::{Library, Resting, Run, Side};
use crate::keys::Keys;
use crate::load::{Kind, Load};
use crate::wire::Wire;

pub struct Ours;

/// From here on shared bytes are handed over rather than borrowed ones: the driver sends them uncopied.
const SHARE_FROM: usize = 4096;

/// One for all connections, as its documentation advises.
fn config() -> Arc<Config> {
    static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(Arc::default);
    CONFIG.clone()
}

fn server() -> Connection {
    Connection::server(config(), Instant::now())
}

fn flush(connection: &mut Connection, wire: &mut Wire) {
    while let Some(transmit) = connection.poll_transmit() {
        if let Transmit::Bytes(bytes) = transmit {
            wire.take(&bytes);
        }
    }
}

/// Reads into its buffer, then receives until the buffer is used up.
pub fn receiver(load: Load) -> Run {
    let mut wire = Wire::endless(load.frames());
    let mut connection = server();
    let mut buffer = vec![0; load.read_buffer()];
    Box::new(move |count| {
        let mut messages = 0;
        while messages < count {
            let read = wire.fill(&mut buffer);
            let now = Instant::now();
            let mut input = Input::new(&mut buffer[..read]);
            while let Some(event) = connection.receive(&mut input, now) {
                let Event::Message(message) = event else { panic!("{event:?}") };
                assert_eq!(black_box(&message).len(), load.size);
                messages += 1;
            }
        }
        messages
    })
}

pub fn sender(load: Load, side: Side) -> Run {
    let mut wire = Wire::endless(b"");
    let mut connection = match side {
        Side::Server => server(),
        Side::Client => {
            let mut keys = Keys::default();
            Connection::client(config(), move || keys.next(), Instant::now())
        }
    };
    let payload = load.payload();
    let text = if load.is_text() { load.text() } else { "" };
    let message = move || match load.kind {
        Kind::Binary if load.size >= SHARE_FROM => Message::binary(Bytes::from_static(payload)),
        Kind::Binary => Message::binary(payload),
        Kind::Ascii | Kind::Mixed => Message::text(text),
    };
    Box::new(move |count| {
        let mut messages = 0;
        while messages < count {
            for _ in 0..load.batch() {
                connection.send(message()).unwrap();
            }
            flush(&mut connection, &mut wire);
            messages += load.batch();
        }
        messages
    })
}

/// Receives the one frame of `load` where it lies, over and over. What is unmasked again is masked, and as good
/// a payload as before.
pub fn in_place(load: Load) -> Run {
    let mut frame = load.frames().to_vec();
    let mut connection = server();
    Box::new(move |count| {
        for _ in 0..count {
            let mut input = Input::new(&mut frame);
            let Some(Event::Message(message)) = connection.receive(&mut input, Instant::now()) else {
                panic!("one message in one frame");
            };
            assert_eq!(black_box(&message).len(), load.size);
        }
        count
    })
}

impl Library for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn receiver(&self, load: Load) -> Run {
        receiver(load)
    }

    fn sender(&self, load: Load, side: Side) -> Run {
        sender(load, side)
    }

    fn resting(&self) -> Option<Resting> {
        let mut connection = server();
        let mut bytes = *crate::memory::ONE_MESSAGE;
        let mut input = Input::new(&mut bytes);
        while let Some(event) = connection.receive(&mut input, Instant::now()) {
            if let Event::Message(message) = event {
                connection.send(message).unwrap();
            }
        }
        flush(&mut connection, &mut Wire::endless(b""));
        Some((Box::new(connection), size_of::<Connection>()))
    }
}
