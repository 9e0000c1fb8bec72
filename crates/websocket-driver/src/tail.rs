//! Small frames, written one behind the other into one piece of memory that can be used again.

/// The least memory that is taken at a time, in octets.
const LEAST: usize = 256;

/// A payload of at most this many octets has a header of two octets, and four of masking key.
pub(crate) const SHORT_PAYLOAD: usize = 125;

/// What a frame with a short payload takes at most, in octets.
pub(crate) const SHORT_FRAME: usize = 2 + 4 + SHORT_PAYLOAD;

/// Octets that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// All of it is initialised, so that a frame is written by writing to a slice.
    memory: Vec<u8>,
    /// The octets that wait are those from `start` to `end`.
    start: usize,
    end: usize,
}

impl Tail {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes of heap held.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// Room for a frame with a short payload, if it takes no memory. [`advance`](Tail::advance) adds what was
    /// written there.
    #[inline]
    pub(crate) fn room_for_short(&mut self) -> Option<&mut [u8; SHORT_FRAME]> {
        self.memory[self.end..].first_chunk_mut()
    }

    /// Room for `len` octets, which [`advance`](Tail::advance) adds once they are written.
    #[inline]
    pub(crate) fn room(&mut self, len: usize) -> &mut [u8] {
        if self.memory.len() - self.end < len {
            self.grow(len);
        }
        &mut self.memory[self.end..self.end + len]
    }

    /// Room for `len` octets, if they take no memory.
    #[inline]
    pub(crate) fn room_at_hand(&mut self, len: usize) -> Option<&mut [u8]> {
        self.memory[self.end..].get_mut(..len)
    }

    /// Whether there is room for `len` octets without taking memory.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.memory.len() - self.end >= len
    }

    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        debug_assert!(self.memory.len() - self.end >= len);
        self.end += len;
    }

    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.room(octets.len()).copy_from_slice(octets);
        self.end += octets.len();
    }

    /// Forgets the oldest octets.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start += len;
        assert!(self.start <= self.end, "no more is written than was waiting");
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets all octets.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Forgets all but the oldest octets.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.end = self.end.min(self.start + len);
    }

    /// Gives the memory away, with what waits in it as a vector.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        let Tail { mut memory, start, end } = self;
        memory.truncate(end);
        memory.drain(..start);
        memory
    }

    /// What waits, in memory of just its size.
    pub(crate) fn to_exact(&self) -> Tail {
        let memory = self.as_slice().to_vec();
        Tail { start: 0, end: memory.len(), memory }
    }

    /// Lets go of memory if little waits in it.
    pub(crate) fn release(&mut self) {
        if self.is_empty() {
            *self = Tail::default();
        } else if self.len() < self.memory.len() / 4 && self.memory.len() > LEAST {
            *self = self.to_exact();
        }
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        let waiting = self.start..self.end;
        let needed = waiting.len() + len;
        // Half of it free: moving what waits is cheaper than taking memory.
        if needed <= self.memory.len() / 2 {
            self.memory.copy_within(waiting.clone(), 0);
        } else {
            let mut memory = vec![0; needed.max(self.memory.len() * 2).max(LEAST)];
            memory[..waiting.len()].copy_from_slice(&self.memory[waiting.clone()]);
            self.memory = memory;
        }
        (self.start, self.end) = (0, waiting.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..700), 0usize..900), 1..20),
        ) {
            let (mut tail, mut expected) = (Tail::default(), Vec::new());
            for (octets, taken) in steps {
                tail.push(&octets);
                expected.extend_from_slice(&octets);
                prop_assert_eq!(tail.as_slice(), &expected[..]);
                let taken = taken.min(expected.len());
                tail.consume(taken);
                expected.drain(..taken);
                let exact = tail.to_exact();
                prop_assert_eq!(exact.as_slice(), &expected[..]);
            }
            prop_assert_eq!(tail.into_vec(), expected);
        }
    }

    #[test]
    fn memory_in_which_little_waits_is_let_go_of() {
        let mut tail = Tail::default();
        tail.push(&[7; 4000]);
        for (left, capacity) in [(4000, 4000), (1000, 4000), (999, 999), (248, 248), (1, 248), (0, 0)] {
            tail.consume(tail.len() - left);
            tail.release();
            assert_eq!((tail.len(), tail.capacity()), (left, capacity));
        }
    }

    #[test]
    fn memory_that_was_written_is_used_again() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&[7; 100]);
            tail.push(&[8; 100]);
            tail.consume(150);
            tail.consume(50);
        }
        assert_eq!(tail.capacity(), LEAST);
    }
}
