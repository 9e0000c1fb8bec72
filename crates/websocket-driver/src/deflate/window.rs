//! The end of what one direction has carried: all that a coder has to know of the past (RFC 7692 §7.2.3.2).

/// The last octets of the messages of one direction, at most a window of them.
#[derive(Debug, Default)]
pub(crate) struct Window {
    octets: Vec<u8>,
    limit: usize,
}

impl Window {
    /// A window of `limit` octets, empty at first, and without memory until something is kept.
    pub(crate) fn new(limit: usize) -> Self {
        Window { octets: Vec::new(), limit }
    }

    /// What came last.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// How many octets it keeps at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Keeps the end of `message` behind what was kept before, and no more memory than a window needs.
    pub(crate) fn keep(&mut self, message: &[u8]) {
        let message = &message[message.len().saturating_sub(self.limit)..];
        let excess = (self.octets.len() + message.len()).saturating_sub(self.limit);
        self.octets.drain(..excess);
        // A vector grows by doubling; here the end of growth is known.
        let wanted = self.octets.len() + message.len();
        if self.octets.capacity() < wanted {
            let room = (wanted.next_power_of_two()).min(self.limit);
            self.octets.reserve_exact(room - self.octets.len());
        }
        self.octets.extend_from_slice(message);
    }

    /// Lets go of everything.
    pub(crate) fn forget(&mut self) {
        self.octets = Vec::new();
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        self.octets.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_end_of_everything(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..12)) {
            let mut window = Window::new(512);
            let mut all = Vec::new();
            for message in &messages {
                window.keep(message);
                all.extend_from_slice(message);
                prop_assert_eq!(window.octets(), &all[all.len().saturating_sub(512)..]);
                prop_assert!(window.retained() <= 512);
            }
        }
    }
}
