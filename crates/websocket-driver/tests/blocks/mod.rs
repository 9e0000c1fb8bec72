//! Deflate blocks (RFC 1951) written bit by bit, and read by a slow inflater that says how far they refer.
//!
//! Both are independent of the crate and of its inflater: what they hold to be right stands in the standard.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test takes what it needs")]

mod read;

pub use self::read::read;

/// What a sync flush ends with, and a message leaves out (RFC 7692 §7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Whether a block says that it is the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Final {
    Yes,
    No,
}

/// What stands in a compressed block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    Literal(u8),
    Copy { length: u32, distance: u32 },
}

/// The symbols that spell `octets`.
pub fn literals(octets: &[u8]) -> Vec<Symbol> {
    octets.iter().map(|octet| Symbol::Literal(*octet)).collect()
}

/// One reference to what came before.
pub fn copy(length: u32, distance: u32) -> Symbol {
    Symbol::Copy { length, distance }
}

/// Blocks that are being written, least significant bit first.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    octets: Vec<u8>,
    /// Bits of the last octet that are not taken.
    free: u32,
}

/// Length symbols from 257 on: the shortest length and the extra bits (RFC 1951 §3.2.5).
const LENGTHS: [(u32, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Distance symbols: the shortest distance and the extra bits (RFC 1951 §3.2.5).
const DISTANCES: [(u32, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

impl Blocks {
    pub fn new() -> Blocks {
        Blocks::default()
    }

    /// A block of octets as they are (RFC 1951 §3.2.4).
    #[must_use]
    pub fn stored(mut self, is_final: Final, octets: &[u8]) -> Blocks {
        let length = u16::try_from(octets.len()).expect("a stored block has up to 65,535 octets");
        self.start(is_final, 0b00);
        self.free = 0;
        self.octets.extend(length.to_le_bytes());
        self.octets.extend((!length).to_le_bytes());
        self.octets.extend(octets);
        self
    }

    /// A block with the fixed codes (RFC 1951 §3.2.6).
    #[must_use]
    pub fn fixed(self, is_final: Final, symbols: &[Symbol]) -> Blocks {
        self.unended(is_final, symbols).symbol(256)
    }

    /// The same without its end.
    #[must_use]
    pub fn unended(mut self, is_final: Final, symbols: &[Symbol]) -> Blocks {
        self.start(is_final, 0b01);
        symbols.iter().fold(self, |blocks, symbol| match *symbol {
            Symbol::Literal(octet) => blocks.symbol(octet.into()),
            Symbol::Copy { length, distance } => blocks.reference(length, distance),
        })
    }

    /// The next bits as they are.
    #[must_use]
    pub fn bits(mut self, value: u32, count: u32) -> Blocks {
        self.put(value, count);
        self
    }

    /// The payload of a message: behind the blocks an empty stored one, of which the end is left out.
    pub fn message(mut self) -> Vec<u8> {
        self.start(Final::No, 0b00);
        self.octets
    }

    /// The octets so far, the last of them filled up with zeros.
    pub fn octets(self) -> Vec<u8> {
        self.octets
    }

    fn start(&mut self, is_final: Final, kind: u32) {
        // A block that calls itself the last one ends with its octet.
        self.put(u32::from(is_final == Final::Yes), 1);
        self.put(kind, 2);
    }

    /// What follows stands in a new octet.
    #[must_use]
    pub fn aligned(mut self) -> Blocks {
        self.free = 0;
        self
    }

    fn symbol(mut self, symbol: u32) -> Blocks {
        let (code, count) = match symbol {
            0..=143 => (0x30 + symbol, 8),
            144..=255 => (0x190 + symbol - 144, 9),
            256..=279 => (symbol - 256, 7),
            _ => (0xC0 + symbol - 280, 8),
        };
        self.code(code, count);
        self
    }

    fn reference(self, length: u32, distance: u32) -> Blocks {
        let at = LENGTHS.iter().rposition(|(least, _)| *least <= length).expect("3 to 258");
        let (least, extra) = LENGTHS[at];
        let mut blocks = self.symbol(257 + u32::try_from(at).expect("below 29"));
        blocks.put(length - least, extra);
        let at = DISTANCES.iter().rposition(|(least, _)| *least <= distance).expect("1 to 32,768");
        let (least, extra) = DISTANCES[at];
        blocks.code(u32::try_from(at).expect("below 30"), 5);
        blocks.put(distance - least, extra);
        blocks
    }

    /// A Huffman code stands with its most significant bit first.
    fn code(&mut self, code: u32, count: u32) {
        (0..count).rev().for_each(|at| self.put(code >> at & 1, 1));
    }

    fn put(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.free == 0 {
                self.octets.push(0);
                self.free = 8;
            }
            let bit = u8::try_from(value >> at & 1).expect("one bit");
            *self.octets.last_mut().expect("it was pushed") |= bit << (8 - self.free);
            self.free -= 1;
        }
    }
}
