//! Lists of document numbers in as few bits as their gaps need: Rice codes.
//!
//! A gap takes its lowest bits as they are, and the rest of it in unary. How many bits are "lowest" follows from the
//! mean gap, so that the word in every third message takes three bits a time and a rare one twenty.

/// Documents in one chunk. A chunk's gaps then fit into a page of the database, however rare the word is.
pub(super) const CHUNK: usize = 512;

/// Codes ascending numbers, at most [`CHUNK`] of them. The first is not in the result: it is the chunk's key.
pub(super) fn encode(documents: &[u32]) -> Vec<u8> {
    let [first, .., last] = documents else { return Vec::new() };
    let gaps = u32::try_from(documents.len() - 1).expect("a chunk is small");
    let mean = (last - first) / gaps;
    let low = mean.checked_ilog2().unwrap_or(0);
    let mut writer = Writer { octets: vec![low.to_le_bytes()[0]], bits: 0, filled: 0 };
    varint(&mut writer.octets, gaps);
    for pair in documents.windows(2) {
        let gap = pair[1] - pair[0] - 1;
        writer.unary(gap >> low);
        writer.bits(gap & ((1 << low) - 1), low);
    }
    writer.end()
}

/// Decodes what [`encode`] made of a list that began with `first`, to the end of `documents`.
///
/// `None` if the octets are none that it makes.
pub(super) fn decode(first: u32, octets: &[u8], documents: &mut Vec<u32>) -> Option<()> {
    documents.push(first);
    let Some((&low, mut rest)) = octets.split_first() else { return Some(()) };
    let gaps = read_varint(&mut rest)?;
    if low > 31 || gaps as usize >= CHUNK {
        return None;
    }
    let mut reader = Reader { octets: rest, bits: 0, filled: 0 };
    let mut document = first;
    for _ in 0..gaps {
        let high = reader.unary()?;
        let gap = high.checked_shl(u32::from(low))? | reader.bits(u32::from(low))?;
        document = document.checked_add(gap)?.checked_add(1)?;
        documents.push(document);
    }
    Some(())
}

/// Writes a number in as few octets as it needs, seven bits in each.
pub(super) fn varint(octets: &mut Vec<u8>, number: impl Into<u64>) {
    let mut number = number.into();
    while number > 0x7f {
        octets.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    octets.push((number & 0x7f) as u8);
}

/// Reads what [`varint`] wrote, and moves behind it.
pub(super) fn read_varint<N: TryFrom<u64>>(octets: &mut &[u8]) -> Option<N> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return N::try_from(number).ok();
        }
    }
    None
}

struct Writer {
    octets: Vec<u8>,
    bits: u64,
    filled: u32,
}

impl Writer {
    fn bits(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.filled;
        self.filled += count;
        while self.filled >= 8 {
            self.octets.push((self.bits & 0xff) as u8);
            self.bits >>= 8;
            self.filled -= 8;
        }
    }

    /// As many ones, and a zero.
    fn unary(&mut self, mut count: u32) {
        while count >= 24 {
            self.bits((1 << 24) - 1, 24);
            count -= 24;
        }
        self.bits((1 << count) - 1, count + 1);
    }

    fn end(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.octets.push((self.bits & 0xff) as u8);
        }
        self.octets
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    bits: u64,
    filled: u32,
}

impl Reader<'_> {
    fn fill(&mut self) {
        while self.filled <= 56 {
            let Some((&octet, rest)) = self.octets.split_first() else { return };
            self.octets = rest;
            self.bits |= u64::from(octet) << self.filled;
            self.filled += 8;
        }
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        if self.filled < count {
            self.fill();
        }
        if self.filled < count {
            return None;
        }
        let bits = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.filled -= count;
        u32::try_from(bits).ok()
    }

    fn unary(&mut self) -> Option<u32> {
        let mut total: u32 = 0;
        loop {
            if self.filled == 0 {
                self.fill();
            }
            let ones = self.bits.trailing_ones().min(self.filled);
            if ones < self.filled {
                // In two steps, because all 64 bits may go at once.
                self.bits = self.bits >> ones >> 1;
                self.filled -= ones + 1;
                return total.checked_add(ones);
            }
            if self.filled == 0 {
                return None;
            }
            total = total.checked_add(ones)?;
            (self.bits, self.filled) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(documents: &[u32]) -> usize {
        let octets = encode(documents);
        let mut back = Vec::new();
        assert_eq!(decode(documents[0], &octets, &mut back), Some(()));
        assert_eq!(back, documents);
        octets.len()
    }

    #[test]
    fn a_list_takes_the_bits_that_its_gaps_need() {
        let every = |step: u32| (0..512).map(|at| 7 + at * step).collect::<Vec<_>>();
        for (documents, most) in [
            (vec![0], 0),
            (vec![u32::MAX], 0),
            (vec![0, u32::MAX], 8),
            (every(1), 70),
            (every(3), 200),
            (every(500), 700),
            ((0..511).chain([u32::MAX]).collect(), 1_700),
            ((0..1).chain(u32::MAX - 510..=u32::MAX).collect(), 1_700),
        ] {
            let size = round(&documents);
            assert!(size <= most, "{size} octets for {:?}…", &documents[..documents.len().min(3)]);
        }
    }

    proptest! {
        #[test]
        fn any_list_comes_back(documents in proptest::collection::btree_set(any::<u32>(), 1..=CHUNK)) {
            round(&documents.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_octets_are_a_list_or_refused(first: u32, octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut documents = Vec::new();
            let _ = decode(first, &octets, &mut documents);
            prop_assert!(documents.len() <= CHUNK);
            prop_assert!(documents.windows(2).all(|pair| pair[0] < pair[1]));
        }

        #[test]
        fn any_number_comes_back(number: u64) {
            let mut octets = Vec::new();
            varint(&mut octets, number);
            let mut rest = &octets[..];
            prop_assert_eq!(read_varint(&mut rest), Some(number));
            prop_assert!(rest.is_empty());
        }
    }
}
