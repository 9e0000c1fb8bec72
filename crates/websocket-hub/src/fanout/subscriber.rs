//! A receiver's place in a log.

use std::sync::Arc;

use super::lane::Form;

/// What tells publications of one kind apart, where only the latest of each matters.
pub(crate) type Key = Arc<str>;

/// Its positions count octets of the log in its form. What it [keeps](Kept) of its own lies before the cursor.
#[derive(Debug)]
pub(super) struct Subscriber {
    /// The receiver.
    pub(super) seat: u32,
    pub(super) form: Form,
    /// The frame at its position has begun to go out.
    pub(super) begun: bool,
    /// What it has been given of the log ends here.
    pub(super) cursor: u64,
    /// Where the subscription ends.
    pub(super) until: u64,
    /// What goes out before the log, once it has fallen behind and its topic's policy dropped something.
    pub(super) kept: Option<Box<Kept>>,
}

/// Frames that one slow receiver still gets.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) octets: Vec<u8>,
    /// How many of the octets have gone out.
    pub(super) out: usize,
    pub(super) frames: Vec<Frame>,
    /// Everything that is published meanwhile is dropped; how many publications there had been before.
    pub(super) drops_from: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) sequence: u64,
    /// Where it ends among the octets.
    pub(super) end: usize,
    pub(super) key: Option<Key>,
}

impl Subscriber {
    pub(super) fn new(seat: u32, form: Form, cursor: u64) -> Self {
        Subscriber { seat, form, begun: false, cursor, until: u64::MAX, kept: None }
    }

    /// What has gone out ends here.
    pub(super) fn position(&self) -> u64 {
        self.cursor - self.kept.as_ref().map_or(0, |kept| kept.octets.len() - kept.out) as u64
    }

    /// Whether nothing that was published is kept from it.
    pub(super) fn goes_on(&self) -> bool {
        self.until == u64::MAX
    }

    /// What it keeps, if `position` lies within that, and where.
    pub(super) fn kept_at(&self, position: u64) -> Option<(&Kept, usize)> {
        let kept = self.kept.as_ref()?;
        let before_end = usize::try_from(self.cursor.checked_sub(position)?).ok()?;
        (before_end > 0).then(|| (&**kept, kept.octets.len() - before_end))
    }

    /// The position of an offset among the octets that it keeps.
    pub(super) fn position_of(&self, kept: &Kept, offset: usize) -> u64 {
        self.cursor - (kept.octets.len() - offset) as u64
    }
}

impl Kept {
    pub(super) fn push(&mut self, sequence: u64, octets: &[u8], key: Option<Key>) {
        self.octets.extend_from_slice(octets);
        self.frames.push(Frame { sequence, end: self.octets.len(), key });
    }

    /// The frame that the octet at `offset` belongs to.
    pub(super) fn frame_at(&self, offset: usize) -> Option<&Frame> {
        self.frames.get(self.frames.partition_point(|frame| frame.end <= offset))
    }

    /// The frames that have not gone out, and of the first what is left of it.
    pub(super) fn rest(&self) -> impl Iterator<Item = (&Frame, &[u8])> {
        let first = self.frames.partition_point(|frame| frame.end <= self.out);
        let mut from = self.out;
        self.frames[first..].iter().map(move |frame| {
            let octets = &self.octets[from..frame.end];
            from = frame.end;
            (frame, octets)
        })
    }
}
