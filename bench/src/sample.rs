//! The messages that memory and broadcast are measured with.

use std::sync::OnceLock;

use websocket_driver::frame::{Header, OpCode};

use crate::load;

/// "Hello" as a client sends it (RFC 6455 §5.7).
pub const ONE_MESSAGE: &[u8; 11] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

/// What a compressing server answers with; also the message that is broadcast.
pub const JSON: &str = r#"{"type":"message","room":"lobby","seq":184467,"from":{"id":"u-5512","name":"Ada"},"at":"2026-11-21T15:29:03Z","text":"Shall we meet at the bridge at seven, or is that too early for you?","mentions":[],"edited":false}"#;

/// So many messages fill every window of 12 bits, in both directions.
pub const MANY: usize = 1000;

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
