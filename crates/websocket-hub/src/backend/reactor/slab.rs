//! Values under keys that are never valid again once their value is gone.

/// Values in a chunk. Chunks do not move, so growing copies nothing and leaves nothing behind.
const CHUNK: u32 = 256;

/// Bits of a key that are an index; those above, up to the 61st, count how often its place was used.
const INDEX_BITS: u32 = 32;
const GENERATIONS: u32 = 1 << 29;

/// A place for each value; a key is a number below 2^61.
pub(super) struct Slab<T> {
    chunks: Vec<Box<[Place<T>]>>,
    free: Vec<u32>,
}

struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Slab<T> {
        Slab { chunks: Vec::new(), free: Vec::new() }
    }

    /// Keeps what `make` makes of its key.
    pub(super) fn insert_with(&mut self, make: impl FnOnce(u64) -> T) -> u64 {
        if self.free.is_empty() {
            let first = u32::try_from(self.chunks.len()).expect("there are fewer file descriptors") * CHUNK;
            self.chunks.push((0..CHUNK).map(|_| Place { generation: 0, value: None }).collect());
            // The lowest index is used first.
            self.free.extend((first..first + CHUNK).rev());
        }
        let index = self.free.pop().expect("there is a free place now");
        let place = &mut self.chunks[(index / CHUNK) as usize][(index % CHUNK) as usize];
        let key = u64::from(place.generation) << INDEX_BITS | u64::from(index);
        place.value = Some(make(key));
        key
    }

    pub(super) fn get(&self, key: u64) -> Option<&T> {
        let index = index(key);
        let place = &self.chunks.get((index / CHUNK) as usize)?[(index % CHUNK) as usize];
        place.value.as_ref().filter(|_| u64::from(place.generation) == key >> INDEX_BITS)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        self.place(key)?.value.as_mut()
    }

    /// Takes a value away for a while; its place is kept for [`put_back`](Slab::put_back).
    pub(super) fn take(&mut self, key: u64) -> Option<T> {
        self.place(key)?.value.take()
    }

    pub(super) fn put_back(&mut self, key: u64, value: T) {
        let place = self.place(key).expect("a value that was taken keeps its place");
        place.value = Some(value);
    }

    /// Ends the use of a key, whose value was taken.
    pub(super) fn remove(&mut self, key: u64) {
        let Some(place) = self.place(key) else { return };
        place.value = None;
        place.generation = (place.generation + 1) % GENERATIONS;
        self.free.push(index(key));
    }

    pub(super) fn keys(&self) -> Vec<u64> {
        let places = self.chunks.iter().flatten().zip(0_u64..);
        let taken = places.filter(|(place, _)| place.value.is_some());
        taken.map(|(place, index)| u64::from(place.generation) << INDEX_BITS | index).collect()
    }

    fn place(&mut self, key: u64) -> Option<&mut Place<T>> {
        let index = index(key);
        let place = &mut self.chunks.get_mut((index / CHUNK) as usize)?[(index % CHUNK) as usize];
        (u64::from(place.generation) == key >> INDEX_BITS).then_some(place)
    }
}

fn index(key: u64) -> u32 {
    u32::try_from(key & u64::from(u32::MAX)).expect("it is masked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_its_value_and_nothing_after_it() {
        let mut slab = Slab::new();
        let first = slab.insert_with(|_| "first");
        assert_eq!(slab.get_mut(first), Some(&mut "first"));
        assert_eq!(slab.take(first), Some("first"));
        slab.remove(first);
        let second = slab.insert_with(|_| "second");
        assert_eq!(slab.get_mut(first), None, "the place is another's now");
        assert_eq!(slab.take(first), None);
        slab.remove(first);
        assert_eq!(slab.get_mut(second), Some(&mut "second"));
        assert_eq!(slab.keys(), [second]);
    }

    #[test]
    fn a_value_that_was_taken_comes_back_under_its_key() {
        let mut slab = Slab::new();
        let key = slab.insert_with(|key| key);
        let other = slab.insert_with(|key| key);
        let value = slab.take(key).unwrap();
        assert_eq!(slab.keys(), [other]);
        slab.put_back(key, value);
        assert_eq!(slab.get_mut(key), Some(&mut key.clone()));
    }

    #[test]
    fn places_are_used_again_before_there_are_more() {
        let mut slab = Slab::new();
        let keys: Vec<u64> = (0..CHUNK).map(|number| slab.insert_with(|_| number)).collect();
        keys.iter().for_each(|key| slab.remove(*key));
        for number in 0..CHUNK {
            slab.insert_with(|_| number);
        }
        assert_eq!((slab.chunks.len(), slab.keys().len()), (1, 256));
        slab.insert_with(|_| 0);
        assert_eq!((slab.chunks.len(), slab.keys().len()), (2, 257));
    }

    #[test]
    fn keys_leave_room_for_what_an_entry_is() {
        let mut slab = Slab::new();
        let mut key = slab.insert_with(|_| ());
        slab.chunks[0][0].generation = GENERATIONS - 1;
        key |= u64::from(GENERATIONS - 1) << INDEX_BITS;
        assert!(key < 1 << 61);
        slab.remove(key);
        assert_eq!(slab.insert_with(|_| ()), 0, "the count begins anew");
    }
}
