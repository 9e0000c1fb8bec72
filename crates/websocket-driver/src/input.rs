//! Bytes that arrived, consumed from the front, unmasked where they lie.

/// Bytes that arrived from the peer, on their way into [`Connection::receive`](crate::Connection::receive).
///
/// The driver borrows them: it unmasks in place, hands out messages as views of them, and copies only what has
/// to wait for more. One buffer can serve every connection of a thread.
#[derive(Debug)]
pub struct Input<'a>(&'a mut [u8]);

impl<'a> Input<'a> {
    /// What was read from the socket.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Input(bytes)
    }

    /// How many bytes have not been consumed yet.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everything was consumed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn peek(&self) -> &[u8] {
        self.0
    }

    /// Takes `count` bytes, or as many as there are.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> &'a mut [u8] {
        let all = std::mem::take(&mut self.0);
        let (taken, rest) = all.split_at_mut(count.min(all.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn discard(&mut self) {
        self.0 = &mut [];
    }
}
