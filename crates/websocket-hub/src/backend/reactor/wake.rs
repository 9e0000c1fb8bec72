//! How other threads, and futures, reach the thread of a loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use crate::listener::Arrival;
use crate::resumption::Resumption;

/// What is handed to a loop's thread.
#[derive(Debug, Default)]
pub(in crate::backend) struct Post {
    pub(in crate::backend) woken: Vec<u64>,
    pub(in crate::backend) connections: Vec<Arrival>,
    /// Those that come from another server.
    pub(in crate::backend) resumptions: Vec<Resumption>,
}

impl Post {
    fn is_empty(&self) -> bool {
        self.woken.is_empty() && self.connections.is_empty() && self.resumptions.is_empty()
    }
}

/// Takes it from any thread. The bell, which costs a system call, is rung only while the loop's thread sleeps.
#[derive(Debug, Default)]
pub(in crate::backend) struct Inbox(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    post: Post,
    asleep: bool,
    /// What wakes the thread.
    bell: Option<Waker>,
}

impl Inbox {
    /// From here on this is what wakes the loop's thread.
    pub(in crate::backend) fn set_bell(&self, bell: &Waker) {
        match &mut self.lock().bell {
            Some(old) => old.clone_from(bell),
            none => *none = Some(bell.clone()),
        }
    }

    /// Hands over a new connection.
    pub(in crate::backend) fn connection(&self, arrival: Arrival) {
        self.put(|post| post.connections.push(arrival));
    }

    /// Hands over a connection that comes from another server.
    pub(in crate::backend) fn resume(&self, resumption: Resumption) {
        self.put(|post| post.resumptions.push(resumption));
    }

    /// Takes everything.
    pub(in crate::backend) fn take(&self, post: &mut Post) {
        let mut content = self.lock();
        content.asleep = false;
        std::mem::swap(&mut content.post, post);
    }

    /// From here on the bell is rung. False if there is something already.
    pub(in crate::backend) fn sleep(&self) -> bool {
        let mut content = self.lock();
        content.asleep = content.post.is_empty();
        content.asleep
    }

    /// From here on the bell is not rung: what is put in will be seen.
    pub(in crate::backend) fn wake(&self) {
        self.lock().asleep = false;
    }

    fn put(&self, put: impl FnOnce(&mut Post)) {
        let mut content = self.lock();
        put(&mut content.post);
        let was_asleep = std::mem::replace(&mut content.asleep, false);
        let bell = content.bell.clone().filter(|_| was_asleep);
        drop(content);
        bell.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a future wakes: its key, put into the inbox once however often it is woken.
#[derive(Debug)]
pub(in crate::backend) struct Task {
    inbox: Arc<Inbox>,
    key: u64,
    is_woken: AtomicBool,
}

impl Task {
    pub(in crate::backend) fn new(inbox: &Arc<Inbox>, key: u64) -> Arc<Task> {
        Arc::new(Task { inbox: Arc::clone(inbox), key, is_woken: AtomicBool::new(false) })
    }

    pub(in crate::backend) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// What woke it is seen to now, and what wakes it from here on counts again.
    pub(in crate::backend) fn begin(&self) {
        self.is_woken.store(false, Ordering::Release);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            self.inbox.put(|post| post.woken.push(self.key));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often it is rung.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn inbox() -> (Arc<Inbox>, Arc<Bell>) {
        let (inbox, bell) = (Arc::<Inbox>::default(), Arc::<Bell>::default());
        inbox.set_bell(&Waker::from(Arc::clone(&bell)));
        (inbox, bell)
    }

    #[test]
    fn the_bell_is_rung_once_and_only_for_sleepers() {
        let (inbox, bell) = inbox();
        let rung = || bell.0.load(Ordering::Relaxed);
        let tasks = [Task::new(&inbox, 1), Task::new(&inbox, 2)];
        tasks[0].waker().wake();
        assert_eq!(rung(), 0, "nobody sleeps");
        assert!(!inbox.sleep(), "there is something to do");
        let mut post = Post::default();
        inbox.take(&mut post);
        assert_eq!(post.woken, [1]);
        post.woken.clear();

        tasks[0].begin();
        assert!(inbox.sleep());
        std::thread::scope(|scope| {
            tasks.iter().for_each(|task| drop(scope.spawn(|| task.waker().wake())));
        });
        assert_eq!(rung(), 1);

        inbox.take(&mut post);
        tasks[0].begin();
        assert!(inbox.sleep());
        inbox.wake();
        tasks[0].waker().wake();
        assert_eq!(rung(), 1, "nobody sleeps any more");
    }

    #[test]
    fn a_task_that_is_woken_often_comes_once() {
        let (inbox, _bell) = inbox();
        let task = Task::new(&inbox, 7);
        (0..1000).for_each(|_| task.waker().wake());
        let mut post = Post::default();
        inbox.take(&mut post);
        assert_eq!(post.woken, [7]);
        task.begin();
        task.waker().wake();
        let mut post = Post::default();
        inbox.take(&mut post);
        assert_eq!(post.woken, [7], "woken again after it began");
    }
}
