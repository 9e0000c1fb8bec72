//! The heap that one connection holds once it has talked a little and all is quiet.

use std::sync::OnceLock;

use websocket_driver::frame::{Header, OpCode};

use crate::heap;
use crate::library::{Deflate, Library, Resting};
use crate::load;

/// "Hello" as a client sends it (RFC 6455 §5.7).
pub const ONE_MESSAGE: &[u8; 11] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

/// What a compressing server answers with; also the message that is broadcast.
pub const JSON: &str = r#"{"type":"message","room":"lobby","seq":184467,"from":{"id":"u-5512","name":"Ada"},"at":"2026-11-21T15:29:03Z","text":"Shall we meet at the bridge at seven, or is that too early for you?","mentions":[],"edited":false}"#;

/// So many messages fill every window of 12 bits, in both directions.
const MANY: usize = 1000;

/// How many connections share the blame for what one of them holds.
const CONNECTIONS: usize = 64;

/// "Hello", compressed (RFC 7692 §7.2.3.1), as a client sends it, so many times.
pub fn deflated_messages(count: usize) -> &'static [u8] {
    static FRAMES: OnceLock<(usize, Vec<u8>)> = OnceLock::new();
    let (len, frames) = FRAMES.get_or_init(|| {
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        let header = Header { fin: true, rsv1: true, opcode: OpCode::Text, mask, length: 0 };
        let frame = load::masked(header, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        (frame.len(), frame.repeat(MANY))
    });
    &frames[..count * len]
}

/// What a connection weighs.
pub struct Weight {
    /// Bytes of heap.
    pub heap: f64,
    /// The size of the value itself.
    pub value: usize,
}

pub struct Row {
    pub name: String,
    /// One for each library; `None` where it cannot.
    pub weights: Vec<Option<Weight>>,
}

/// First the plain connection, then each sort of compression.
pub fn rows(libraries: &[Box<dyn Library>]) -> Vec<Row> {
    let plain = Row { name: "plain".to_owned(), weights: weigh(libraries, |library| library.resting()) };
    let after = [(1, "one message"), (MANY, "a thousand")];
    let deflated = Deflate::ALL.into_iter().flat_map(|deflate| {
        after.map(|(messages, after)| Row {
            name: format!("{}, {after}", deflate.name()),
            weights: weigh(libraries, |library| library.resting_deflated(deflate, messages)),
        })
    });
    std::iter::once(plain).chain(deflated).collect()
}

fn weigh(
    libraries: &[Box<dyn Library>],
    resting: impl Fn(&dyn Library) -> Option<Resting>,
) -> Vec<Option<Weight>> {
    let weigh = |library: &dyn Library| {
        // What is made once for all is made before counting.
        resting(library)?;
        let mut kept = Vec::with_capacity(CONNECTIONS);
        let (value, held) = heap::held_by(|| {
            let mut size = 0;
            for _ in 0..CONNECTIONS {
                let (connection, value) = resting(library).expect("it could before");
                size = value;
                kept.push(connection);
            }
            size
        });
        let boxes: usize = kept.iter().map(|connection| size_of_val(connection.as_ref())).sum();
        let heap = (held as f64 - boxes as f64) / CONNECTIONS as f64;
        Some(Weight { heap, value })
    };
    libraries.iter().map(|library| weigh(library.as_ref())).collect()
}
