//! Octets of payload as they arrived: still masked, so that they can be unmasked on the way to where they go.

use crate::mask;
use crate::utf8::{NotUtf8, UNFINISHED_MOST, checked, unfinished_len};

/// A piece of a frame's payload.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    octets: &'a mut [u8],
    key: Option<[u8; 4]>,
    /// How many octets of the frame came before; what matters of it for the key.
    offset: usize,
}

impl<'a> Payload<'a> {
    #[inline]
    pub(crate) fn new(octets: &'a mut [u8], key: Option<[u8; 4]>, offset: usize) -> Self {
        Payload { octets, key, offset }
    }

    pub(crate) fn len(&self) -> usize {
        self.octets.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The octets, unmasked where they lie.
    #[inline]
    pub(crate) fn unmasked(self) -> &'a [u8] {
        if let Some(key) = self.key {
            mask::apply(self.octets, key, self.offset);
        }
        self.octets
    }

    /// The octets as text, unmasked where they lie.
    #[inline]
    pub(crate) fn text(self) -> Result<&'a str, NotUtf8> {
        match self.key {
            // What is ASCII was seen to be on the way, and needs no further look.
            Some(key) => mask::apply_ascii(self.octets, key, self.offset).or_else(checked),
            None => checked(self.octets),
        }
    }

    /// The first so many octets, or as many as there are; the rest stays.
    pub(crate) fn split_to(&mut self, count: usize) -> Payload<'a> {
        let octets = std::mem::take(&mut self.octets);
        let (first, rest) = octets.split_at_mut(count.min(octets.len()));
        let first = Payload { octets: first, ..*self };
        self.octets = rest;
        self.offset = self.offset.wrapping_add(first.len());
        first
    }

    /// Writes the octets, unmasked, behind what is in `out`.
    pub(crate) fn append_to(self, out: &mut Vec<u8>) {
        match self.key {
            Some(key) => mask::append(out, self.octets, key, self.offset),
            None => out.extend_from_slice(self.octets),
        }
    }

    /// The same behind text, if they were masked and are ASCII; else nothing is written. Says which.
    pub(crate) fn append_ascii_to(&self, out: &mut String) -> bool {
        self.key.is_some_and(|key| mask::append_ascii(out, self.octets, key, self.offset))
    }

    /// The same behind text, if they are UTF-8.
    pub(crate) fn append_text_to(&self, out: &mut String) -> Result<(), NotUtf8> {
        match self.key {
            Some(key) => mask::append_checked(out, self.octets, key, self.offset, checked),
            None => checked(self.octets).map(|text| out.push_str(text)),
        }
    }

    /// Of the first `len` octets, so many come before a code point that goes on behind them.
    pub(crate) fn whole_len(&self, len: usize) -> usize {
        let at = len.saturating_sub(UNFINISHED_MOST);
        let (mut last, count) = ([0; UNFINISHED_MOST], len - at);
        last[..count].copy_from_slice(&self.octets[at..len]);
        if let Some(key) = self.key {
            mask::apply(&mut last[..count], key, self.offset.wrapping_add(at));
        }
        len - unfinished_len(&last[..count])
    }
}
