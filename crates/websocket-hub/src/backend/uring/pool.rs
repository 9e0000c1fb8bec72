//! Buffers that the kernel receives into: provided to it, named by a completion, provided again.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::slots::Slots;
use crate::read_buffer::Allocated;

/// The one group of provided buffers.
pub(super) const GROUP: u16 = 0;

/// The buffers of a ring, each either the kernel's or a [`Buffer`]'s.
///
/// As long as a buffer is the kernel's it lies here, and nothing here reads, writes, moves or frees its octets:
/// [`Ring`](super::ring::Ring) relies on it.
pub(super) struct Pool {
    pub(super) slots: Slots,
    len: usize,
    /// Those that are the kernel's.
    offered: RefCell<Vec<Option<Vec<u8>>>>,
    _counted: Allocated,
}

impl Pool {
    /// `count` buffers of `len` octets each; `count` is a power of two.
    pub(super) fn new(count: u16, len: usize) -> Pool {
        let offered = RefCell::new(vec![None; usize::from(count)]);
        let _counted = Allocated::new(usize::from(count) * len);
        let pool = Pool { slots: Slots::new(count), len, offered, _counted };
        (0..count).for_each(|id| pool.offer(id, vec![0; len]));
        pool
    }

    fn offer(&self, id: u16, mut octets: Vec<u8>) {
        let (address, len) = (octets.as_mut_ptr(), u32::try_from(self.len).expect("a buffer is small"));
        self.offered.borrow_mut()[usize::from(id)] = Some(octets);
        self.slots.fill(address as u64, len, id);
    }

    /// Takes what the kernel has given up, with `len` octets in it.
    pub(super) fn take(self: &Rc<Self>, id: u16, len: usize) -> Buffer {
        let octets = self.offered.borrow_mut()[usize::from(id)].take();
        let octets = octets.expect("the kernel gives up only what was offered to it");
        Buffer { pool: Rc::clone(self), id, len: len.min(self.len), octets }
    }
}

/// Octets that were received. Dropping it offers the memory to the kernel again.
pub(super) struct Buffer {
    pool: Rc<Pool>,
    id: u16,
    len: usize,
    octets: Vec<u8>,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.octets[..self.len]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({}, {} octets)", self.id, self.len)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.offer(self.id, std::mem::take(&mut self.octets));
    }
}
