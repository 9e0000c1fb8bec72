//! Where masking keys come from, and how they are drawn.

/// Where a client's masking keys come from.
///
/// RFC 6455 §10.3 wants every key unpredictable, from a strong source; the driver has none, so whoever makes
/// a client connection brings one. Any `FnMut() -> [u8; 4] + Send` is one.
pub trait MaskKeys: Send {
    /// A key that no frame has had.
    fn next_key(&mut self) -> [u8; 4];

    /// Some such keys at once: a connection draws a few ahead, and uses them in this order.
    fn fill(&mut self, keys: &mut [[u8; 4]]) {
        keys.fill_with(|| self.next_key());
    }
}

impl<F: FnMut() -> [u8; 4] + Send> MaskKeys for F {
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}

/// So many keys are drawn at a time.
const DRAWN: usize = 64;

/// Keys that were drawn, and the source of more: a short frame is written in less time than a call of it takes.
pub(crate) struct KeyBatch<K: ?Sized = dyn MaskKeys> {
    keys: [[u8; 4]; DRAWN],
    used: usize,
    source: K,
}

impl<K: MaskKeys> KeyBatch<K> {
    pub(crate) fn new(source: K) -> Self {
        KeyBatch { keys: [[0; 4]; DRAWN], used: DRAWN, source }
    }
}

impl<K: MaskKeys + ?Sized> KeyBatch<K> {
    /// The next key, if it is drawn already.
    #[inline]
    pub(crate) fn at_hand(&mut self) -> Option<[u8; 4]> {
        let key = *self.keys.get(self.used)?;
        self.used += 1;
        Some(key)
    }

    /// The next key.
    pub(crate) fn next_key(&mut self) -> [u8; 4] {
        if self.used == DRAWN {
            self.source.fill(&mut self.keys);
            self.used = 0;
        }
        self.used += 1;
        self.keys[self.used - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_used_once_and_in_order_however_it_is_asked_for() {
        let mut count = 0_u32;
        let mut keys: Box<KeyBatch> = Box::new(KeyBatch::new(move || {
            count += 1;
            count.to_be_bytes()
        }));
        for expected in 1..=100_u32 {
            let at_hand = if expected % 3 == 0 { keys.at_hand() } else { None };
            let key = at_hand.unwrap_or_else(|| keys.next_key());
            assert_eq!(u32::from_be_bytes(key), expected);
        }
    }

    #[test]
    fn no_key_is_at_hand_before_the_first_is_drawn() {
        let mut keys: Box<KeyBatch> = Box::new(KeyBatch::new(|| [1, 2, 3, 4]));
        assert_eq!(keys.at_hand(), None);
        assert_eq!(keys.next_key(), [1, 2, 3, 4]);
        assert_eq!(keys.at_hand(), Some([1, 2, 3, 4]));
    }
}
