//! Saying much at once: whoever sleeps is woken when all of it has been said.

use std::cell::RefCell;
use std::task::Waker;

thread_local! {
    /// Whom this thread wakes later, while it says much.
    static HELD: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// Runs `say`, and wakes only behind it the event loops that sleep and have to write what it published and sent: so
/// what one connection hears of it goes out together, in one system call if it is not much, however busy the
/// processors are.
///
/// What is said should take less than a few milliseconds, because everybody else waits for it to be over. Within another
/// one it does nothing.
///
/// ```
/// # let (room, news) = (websocket_hub::Topic::new(), ["one", "two", "three"]);
/// websocket_hub::together(|| news.iter().for_each(|line| drop(room.publish(*line))));
/// ```
pub fn together<T>(say: impl FnOnce() -> T) -> T {
    // Also if it panics: who was taken for sleeping must be woken.
    let _hold = HELD.with_borrow_mut(|held| held.is_none().then(|| *held = Some(Vec::new()))).map(|()| Hold);
    say()
}

struct Hold;

impl Drop for Hold {
    fn drop(&mut self) {
        HELD.take().into_iter().flatten().for_each(Waker::wake);
    }
}

/// Wakes, or keeps for later.
pub(crate) fn wake(waker: Waker) {
    let now = HELD.with_borrow_mut(|held| match held {
        Some(held) => {
            held.push(waker);
            None
        }
        None => Some(waker),
    });
    now.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_sleeps_is_woken_at_the_end_of_the_outermost() {
        let woken = Arc::<Woken>::default();
        let count = || woken.0.load(Ordering::Relaxed);
        let one = || wake(Waker::from(Arc::clone(&woken)));
        one();
        assert_eq!(count(), 1, "alone");
        together(|| {
            one();
            together(one);
            assert_eq!(count(), 1, "not yet");
        });
        assert_eq!(count(), 3);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            together(|| {
                one();
                panic!("on purpose");
            })
        }));
        assert!(failed.is_err());
        assert_eq!(count(), 4, "also if it fails");
        one();
        assert_eq!(count(), 5, "and it is over then");
    }
}
