//! A slow inflater (RFC 1951) that looks at each bit and remembers how far back the blocks refer.

use super::{DISTANCES, LENGTHS};

/// What blocks say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub octets: Vec<u8>,
    /// The longest distance of a reference; 0 where there was none.
    pub farthest: usize,
}

/// What is no sequence of whole blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The octets end within a block.
    Short,
    /// No block looks like this.
    Wrong,
    /// A reference to what is not there.
    TooFar,
}

/// Reads blocks until the octets end, which they must at the end of a block; `past` is what they may refer to.
pub fn read(past: &[u8], octets: &[u8]) -> Result<Read, Broken> {
    let mut bits = Bits { octets, at: 0 };
    let mut read = Read { octets: past.to_vec(), farthest: 0 };
    while bits.at < octets.len() * 8 {
        let is_final = bits.take(1)? == 1;
        match bits.take(2)? {
            0b00 => read.stored(&mut bits)?,
            0b01 => read.coded(&mut bits, &Codes::new(&fixed()), &Codes::new(&[5; 30]))?,
            0b10 => {
                let (literals, distances) = dynamic(&mut bits)?;
                read.coded(&mut bits, &literals, &distances)?;
            }
            _ => return Err(Broken::Wrong),
        }
        if is_final {
            bits.align();
        }
    }
    read.octets.drain(..past.len());
    Ok(read)
}

impl Read {
    fn stored(&mut self, bits: &mut Bits<'_>) -> Result<(), Broken> {
        bits.align();
        let (length, inverse) = (bits.take(16)?, bits.take(16)?);
        if length ^ inverse != 0xFFFF {
            return Err(Broken::Wrong);
        }
        for _ in 0..length {
            self.octets.push(u8::try_from(bits.take(8)?).expect("eight bits"));
        }
        Ok(())
    }

    fn coded(&mut self, bits: &mut Bits<'_>, literals: &Codes, distances: &Codes) -> Result<(), Broken> {
        loop {
            let symbol = literals.take(bits)?;
            if symbol < 256 {
                self.octets.push(u8::try_from(symbol).expect("below 256"));
                continue;
            }
            let Some(at) = symbol.checked_sub(257) else { return Ok(()) };
            let (least, extra) = *LENGTHS.get(at).ok_or(Broken::Wrong)?;
            let length = least + bits.take(extra)?;
            let (least, extra) = *DISTANCES.get(distances.take(bits)?).ok_or(Broken::Wrong)?;
            let distance = (least + bits.take(extra)?) as usize;
            let from = self.octets.len().checked_sub(distance).ok_or(Broken::TooFar)?;
            self.farthest = self.farthest.max(distance);
            for at in from..from + length as usize {
                self.octets.push(self.octets[at]);
            }
        }
    }
}

/// The lengths of the fixed codes (RFC 1951 §3.2.6).
fn fixed() -> [u32; 288] {
    std::array::from_fn(|symbol| match symbol {
        0..=143 => 8,
        144..=255 => 9,
        256..=279 => 7,
        _ => 8,
    })
}

/// The codes that stand at the beginning of a block (RFC 1951 §3.2.7).
fn dynamic(bits: &mut Bits<'_>) -> Result<(Codes, Codes), Broken> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? as usize + 257;
    let all = literals + bits.take(5)? as usize + 1;
    let mut lengths = [0; 19];
    for at in &ORDER[..bits.take(4)? as usize + 4] {
        lengths[*at] = bits.take(3)?;
    }
    let codes = Codes::new(&lengths);
    let mut lengths: Vec<u32> = Vec::new();
    while lengths.len() < all {
        let (length, times) = match codes.take(bits)? {
            16 => (*lengths.last().ok_or(Broken::Wrong)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (u32::try_from(length).expect("below 16"), 1),
        };
        lengths.extend((0..times).map(|_| length));
    }
    if lengths.len() > all {
        return Err(Broken::Wrong);
    }
    Ok((Codes::new(&lengths[..literals]), Codes::new(&lengths[literals..])))
}

/// Huffman codes (RFC 1951 §3.2.2): how many there are of each length, and the symbols in the codes' order.
struct Codes {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Codes {
    fn new(lengths: &[u32]) -> Codes {
        let mut counts = [0; 16];
        lengths.iter().for_each(|length| counts[*length as usize] += 1);
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Codes { counts, symbols }
    }

    fn take(&self, bits: &mut Bits<'_>) -> Result<usize, Broken> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1)? as usize;
            if code < first + count {
                return Ok(self.symbols[index + code - first]);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(Broken::Wrong)
    }
}

struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Result<u32, Broken> {
        let mut value = 0;
        for bit in 0..count {
            let octet = self.octets.get(self.at / 8).ok_or(Broken::Short)?;
            value |= u32::from(octet >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}
