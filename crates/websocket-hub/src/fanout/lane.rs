//! Frames in one form, one behind the other.

/// How receivers take frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// Compressed where that makes a frame smaller.
    Compressed,
}

impl Form {
    pub(super) const ALL: [Form; 2] = [Form::Plain, Form::Compressed];
}

/// The octets of a log in one form, as far as somebody still needs them. Positions count from the log's first octet
/// ever.
#[derive(Debug, Default)]
pub(super) struct Lane {
    octets: Vec<u8>,
    /// The position of the first of `octets`.
    base: u64,
    /// How many subscribers take this form; without any it is not kept.
    pub(super) subscribers: usize,
}

impl Lane {
    pub(super) fn end(&self) -> u64 {
        self.base + self.octets.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// Octets of memory.
    pub(super) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Adds a frame, if anybody takes this form. `spare` has memory for the first.
    pub(super) fn append(&mut self, frame: &[u8], spare: &mut Vec<Vec<u8>>) {
        if self.octets.capacity() == 0 {
            self.octets = spare.pop().unwrap_or_default();
        }
        self.octets.extend_from_slice(frame);
    }

    pub(super) fn slice(&self, from: u64, to: u64) -> &[u8] {
        &self.octets[self.offset(from)..self.offset(to)]
    }

    /// Forgets what lies before `position`.
    pub(super) fn trim(&mut self, position: u64, spare: &mut Vec<Vec<u8>>) {
        /// How many buffers a core keeps for the next publications, and of which size at most, in octets.
        const MOST_SPARE: usize = 8;
        const LARGEST_SPARE: usize = 1 << 20;
        let gone = self.offset(position);
        // What stays is moved; that is worth it only if it is not much.
        if gone < self.octets.len() / 2 {
            return;
        }
        self.base += gone as u64;
        if gone < self.octets.len() {
            self.octets.drain(..gone);
            if self.octets.len() < self.octets.capacity() / 4 {
                self.octets.shrink_to(self.octets.len() * 2);
            }
            return;
        }
        let mut octets = std::mem::take(&mut self.octets);
        octets.clear();
        if spare.len() < MOST_SPARE && (1..=LARGEST_SPARE).contains(&octets.capacity()) {
            spare.push(octets);
        }
    }

    fn offset(&self, position: u64) -> usize {
        usize::try_from(position - self.base).expect("a position within what is kept")
    }
}
