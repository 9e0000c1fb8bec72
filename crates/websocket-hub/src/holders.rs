//! Who holds a connection, and has to be told when it ends.

use std::sync::Weak;

/// Something that holds connections and must let go of one that has ended.
pub(crate) trait Forget: Send + Sync {
    fn forget(&self, id: u64);
}

/// Mostly one: that needs no memory of its own.
#[derive(Default)]
pub(crate) enum Holders {
    #[default]
    None,
    One(Weak<dyn Forget>),
    Many(Vec<Weak<dyn Forget>>),
}

impl Holders {
    /// Adds one, if it is not there already, and forgets those that are gone.
    pub(crate) fn add(&mut self, holder: Weak<dyn Forget>) {
        let mut all: Vec<_> = std::mem::take(self).into_iter().collect();
        all.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&holder));
        *self = if all.is_empty() {
            Holders::One(holder)
        } else {
            all.push(holder);
            Holders::Many(all)
        };
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Holders::None)
    }
}

impl IntoIterator for Holders {
    type Item = Weak<dyn Forget>;
    type IntoIter = std::vec::IntoIter<Weak<dyn Forget>>;

    fn into_iter(self) -> Self::IntoIter {
        let all = match self {
            Holders::None => Vec::new(),
            Holders::One(holder) => vec![holder],
            Holders::Many(holders) => holders,
        };
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Holder(Mutex<Vec<u64>>);

    impl Forget for Holder {
        fn forget(&self, id: u64) {
            self.0.lock().unwrap().push(id);
        }
    }

    #[test]
    fn everybody_who_is_still_there_is_told_once() {
        let all = [(); 3].map(|()| Arc::<Holder>::default());
        let weak = |holder: &Arc<Holder>| -> Weak<dyn Forget> { Arc::<Holder>::downgrade(holder) as _ };
        let mut holders = Holders::default();
        assert!(holders.is_empty());
        let gone = Arc::<Holder>::default();
        holders.add(weak(&gone));
        drop(gone);
        for _ in 0..2 {
            all.iter().for_each(|holder| holders.add(weak(holder)));
        }
        assert!(!holders.is_empty());
        assert_eq!(
            holders.into_iter().filter_map(|holder| holder.upgrade()).map(|it| it.forget(7)).count(),
            3
        );
        assert!(all.iter().all(|holder| *holder.0.lock().unwrap() == [7]));
    }
}
