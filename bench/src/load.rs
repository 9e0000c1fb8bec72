//! What is sent: messages of one kind and size, as payloads and as a client's frames.

use std::fmt;

use websocket_driver::frame::{Header, OpCode};
use websocket_driver::mask;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Binary,
    /// Text of the English sort: one octet a character.
    Ascii,
    /// Text in several scripts: one to four octets a character.
    Mixed,
}

/// A stream of equal messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub kind: Kind,
    pub size: usize,
    /// The read buffer, where the library leaves its size to the user, is as long as one frame.
    pub whole: bool,
}

/// What a reader has at hand if it is not told otherwise: what is read stays in the processor's first cache until it was
/// looked at.
pub const READ_BUFFER: usize = 8 * 1024;

/// So much is read before a reader looks at other things, such as the clock.
pub const TURN: usize = 64 * 1024;

const MIXED: &str = "Grüße, здравствуй, 你好, こんにちは, שלום, नमस्ते, καλημέρα, 👋🌍, hello. ";

impl Load {
    pub fn new(kind: Kind, size: usize) -> Self {
        Load { kind, size, whole: false }
    }

    pub fn is_text(self) -> bool {
        self.kind != Kind::Binary
    }

    pub fn opcode(self) -> OpCode {
        if self.is_text() { OpCode::Text } else { OpCode::Binary }
    }

    pub fn read_buffer(self) -> usize {
        if self.whole { self.frame([0; 4]).len() } else { READ_BUFFER }
    }

    /// How many messages go out before a flush.
    pub fn batch(self) -> usize {
        if self.size <= 1024 { 16 } else { 1 }
    }

    /// The payload. It is there for ever, so that no library has to own it.
    pub fn payload(self) -> &'static [u8] {
        let bytes = match self.kind {
            Kind::Binary => (0..self.size).map(|i| (i * 31 + 7) as u8).collect(),
            Kind::Ascii => {
                b"The quick brown fox jumps over it. ".iter().copied().cycle().take(self.size).collect()
            }
            Kind::Mixed => mixed(self.size),
        };
        Vec::leak(bytes)
    }

    pub fn text(self) -> &'static str {
        std::str::from_utf8(self.payload()).expect("text is UTF-8")
    }

    /// Enough of a client's frames, one behind the other, that no two reads see the same piece of them.
    pub fn frames(self) -> &'static [u8] {
        let count = (256 * 1024 / self.size).max(1);
        let mut key = 0x9E37_79B9_u32;
        let mut frames = Vec::new();
        for _ in 0..count {
            key = key.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
            frames.extend_from_slice(&self.frame(key.to_be_bytes()));
        }
        Vec::leak(frames)
    }

    fn frame(self, key: [u8; 4]) -> Vec<u8> {
        let payload = self.payload();
        masked(Header { fin: true, rsv1: false, opcode: self.opcode(), mask: Some(key), length: 0 }, payload)
    }
}

/// One frame as a client sends it.
pub fn masked(header: Header, payload: &[u8]) -> Vec<u8> {
    let key = header.mask.expect("a client masks");
    let mut bytes = [0; Header::MAX_LEN];
    let len = Header { length: payload.len() as u64, ..header }.write(&mut bytes);
    let mut frame = bytes[..len].to_vec();
    frame.extend_from_slice(payload);
    mask::apply(&mut frame[len..], key, 0);
    frame
}

fn mixed(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for character in MIXED.chars().cycle() {
        if text.len() + character.len_utf8() > size {
            break;
        }
        text.push(character);
    }
    let mut bytes = text.into_bytes();
    bytes.resize(size, b'.');
    bytes
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Binary => "binary",
            Kind::Ascii => "text",
            Kind::Mixed => "mixed text",
        };
        let whole = if self.whole { ", whole" } else { "" };
        match self.size {
            size if size >= 1 << 20 => write!(f, "{} MiB {kind}{whole}", size >> 20),
            size if size >= 1 << 10 => write!(f, "{} KiB {kind}{whole}", size >> 10),
            size => write!(f, "{size} B {kind}{whole}"),
        }
    }
}
