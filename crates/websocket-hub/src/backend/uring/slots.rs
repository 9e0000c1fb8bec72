//! The ring in memory through which buffers are provided to the kernel (io_uring_register_buf_ring(3)).
//!
//! The kernel reads it at any time, so all of it is atomic.

use std::cell::Cell;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Slots in a page. The ring has to begin at a page.
const PAGE: usize = 4096 / size_of::<Slot>();

#[derive(Default)]
#[repr(C)]
struct Slot {
    address: AtomicU64,
    len: AtomicU32,
    id: AtomicU16,
    /// In the first slot of the ring: how many were ever filled, modulo 2^16. Unused in the others.
    tail: AtomicU16,
}

#[repr(C, align(4096))]
struct Page([Slot; PAGE]);

pub(super) struct Slots {
    pages: Box<[Page]>,
    mask: u16,
    filled: Cell<u16>,
}

impl Slots {
    /// `count` slots, a power of two.
    pub(super) fn new(count: u16) -> Slots {
        assert!(count.is_power_of_two(), "a ring of {count} buffers cannot be: io_uring takes powers of two");
        let pages = usize::from(count).div_ceil(PAGE);
        let page = || Page(std::array::from_fn(|_| Slot::default()));
        Slots { pages: (0..pages).map(|_| page()).collect(), mask: count - 1, filled: Cell::new(0) }
    }

    /// Where it is; it does not move.
    pub(super) fn address(&self) -> u64 {
        self.pages.as_ptr() as u64
    }

    /// Offers the memory at an address to the kernel.
    pub(super) fn fill(&self, address: u64, len: u32, id: u16) {
        let filled = self.filled.get();
        let index = usize::from(filled & self.mask);
        let slot = &self.pages[index / PAGE].0[index % PAGE];
        slot.address.store(address, Ordering::Relaxed);
        slot.len.store(len, Ordering::Relaxed);
        slot.id.store(id, Ordering::Relaxed);
        self.filled.set(filled.wrapping_add(1));
        // What was stored above is seen by whoever sees this.
        self.pages[0].0[0].tail.store(filled.wrapping_add(1), Ordering::Release);
    }
}
