//! websocket-driver: an I/O loop of the plainest sort around a `Connection`.

use std::hint::black_box;
use std::io::IoSlice;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;
use rand::Rng;
use rand::rngs::StdRng;
use websocket_driver::deflate::{self, Agreed};
use websocket_driver::mask::MaskKeys;
use websocket_driver::{
    Config, Connection, Event, Input, Message, OutputBuffer, Prepared, Text, Transmit, handshake,
};

use super::{Deflate, Library, Resting, Side};
use crate::load::{Load, TURN};
use crate::run::Run;
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
    loop {
        let mut slices = [IoSlice::new(&[]); 8];
        let Some(Transmit::Bytes(slices)) = connection.poll_slices(&mut slices) else { return };
        let len = wire.take_all(slices);
        connection.written(len);
    }
}

/// Reads into its buffer and receives until the buffer is used up, a few times between two looks at the clock.
pub fn receiver(load: Load) -> Run {
    let mut wire = Wire::endless(load.frames());
    let mut connection = server();
    let mut buffer = vec![0; load.read_buffer()];
    Box::new(move |count| {
        let mut messages = 0;
        while messages < count {
            let now = Instant::now();
            for _ in 0..TURN.div_ceil(buffer.len()) {
                let read = wire.fill(&mut buffer);
                let mut input = Input::new(&mut buffer[..read]);
                while let Some(event) = connection.receive(&mut input, now) {
                    let Event::Message(message) = event else { panic!("{event:?}") };
                    assert_eq!(black_box(&message).len(), load.size);
                    messages += 1;
                }
            }
        }
        messages
    })
}

/// The payload is there already, and never copied by the caller: borrowed where it is short, and shared where the
/// driver can send it uncopied.
pub fn sender(load: Load, side: Side) -> Run {
    let payload = load.payload();
    let shares = load.size >= SHARE_FROM;
    match (load.is_text(), shares) {
        (false, true) => send(load, side, move || Bytes::from_static(payload)),
        (false, false) => send(load, side, move || payload),
        (true, true) => {
            let text = Text::from_static(load.text());
            send(load, side, move || Message::Text(text.clone()))
        }
        (true, false) => {
            let text = load.text();
            send(load, side, move || text)
        }
    }
}

fn send<M: Into<Message<'static>>>(load: Load, side: Side, message: impl Fn() -> M + 'static) -> Run {
    let mut wire = Wire::endless(b"");
    let mut buffer = OutputBuffer::new();
    let mut connection = match side {
        Side::Server => server(),
        Side::Client => Connection::client(config(), masking_keys(), Instant::now()),
    };
    Box::new(move |count| {
        let mut messages = 0;
        while messages < count {
            connection.lend_buffer(&mut buffer);
            for _ in 0..load.batch() {
                connection.send(message()).unwrap();
            }
            flush(&mut connection, &mut wire);
            connection.return_buffer(&mut buffer);
            messages += load.batch();
        }
        messages
    })
}

/// From the generator behind `rand::random`, as tungstenite, fastwebsockets and yawc take them, but one of the
/// connection's own rather than the thread's.
fn masking_keys() -> impl MaskKeys {
    MaskingKeys(rand::make_rng::<StdRng>())
}

struct MaskingKeys(StdRng);

impl MaskKeys for MaskingKeys {
    fn next_key(&mut self) -> [u8; 4] {
        self.0.next_u32().to_ne_bytes()
    }

    fn fill(&mut self, keys: &mut [[u8; 4]]) {
        self.0.fill_bytes(keys.as_flattened_mut());
    }
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
        let mut bytes = *crate::sample::ONE_MESSAGE;
        let mut input = Input::new(&mut bytes);
        while let Some(event) = connection.receive(&mut input, Instant::now()) {
            if let Event::Message(message) = event {
                connection.send(message).unwrap();
            }
        }
        flush(&mut connection, &mut Wire::endless(b""));
        Some((Box::new(connection), size_of::<Connection>()))
    }

    fn resting_deflated(&self, deflate: Deflate, messages: usize) -> Option<Resting> {
        let mut connection = server().with_deflate(Some(agreed(deflate)));
        let mut bytes = crate::sample::deflated_messages(messages).to_vec();
        let mut input = Input::new(&mut bytes);
        for _ in 0..messages {
            let event = connection.receive(&mut input, Instant::now());
            assert!(matches!(event, Some(Event::Message(message)) if message.len() == 5));
            connection.send(crate::sample::JSON).unwrap();
            flush(&mut connection, &mut Wire::endless(b""));
        }
        assert!(input.is_empty());
        Some((Box::new(connection), size_of::<Connection>()))
    }

    fn deflated_broadcast(&self, connections: usize, deflate: Deflate) -> Option<Run> {
        let agreed = agreed(deflate);
        let mut connections: Vec<_> = (0..connections).map(|_| server().with_deflate(Some(agreed))).collect();
        let mut wire = Wire::endless(b"");
        let mut buffer = OutputBuffer::new();
        Some(Box::new(move |count| {
            for _ in 0..count {
                let prepared = Prepared::new(crate::sample::JSON);
                for connection in &mut connections {
                    connection.lend_buffer(&mut buffer);
                    connection.send_prepared(&prepared).unwrap();
                    flush(connection, &mut wire);
                    connection.return_buffer(&mut buffer);
                }
            }
            count
        }))
    }
}

/// What a handshake comes to with a client that offers all there is.
fn agreed(deflate: Deflate) -> Agreed {
    let takeover = deflate != Deflate::NoTakeover;
    let window_bits = if deflate == Deflate::Window12 { 12 } else { 15 };
    let wanted = deflate::Deflate { window_bits, takeover, peer_takeover: takeover, ..Default::default() };
    let request = http::Request::builder()
        .uri("/")
        .header("Host", "localhost")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
        .body(())
        .expect("a request");
    let options = handshake::server::Options { deflate: Some(wanted), ..Default::default() };
    let accepted = handshake::server::accept(&request, &options).expect("a good handshake");
    accepted.deflate.expect("compression was offered")
}
