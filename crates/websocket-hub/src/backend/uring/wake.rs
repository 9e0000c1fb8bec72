//! How other threads, and futures, reach the thread of a ring.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use crate::listener::Arrival;

/// What is handed to a ring's thread.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) woken: Vec<u64>,
    pub(super) connections: Vec<Arrival>,
}

impl Post {
    fn is_empty(&self) -> bool {
        self.woken.is_empty() && self.connections.is_empty()
    }
}

/// Takes it from any thread. The bell, which costs a system call, is rung only while the ring's thread sleeps.
#[derive(Debug)]
pub(super) struct Inbox {
    content: Mutex<Content>,
    bell: UnixStream,
}

#[derive(Debug, Default)]
struct Content {
    post: Post,
    asleep: bool,
}

impl Inbox {
    /// An inbox, and the socket on which its bell is heard: an octet each time.
    pub(super) fn new() -> std::io::Result<(Arc<Inbox>, UnixStream)> {
        let (bell, heard) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        Ok((Arc::new(Inbox { content: Mutex::default(), bell }), heard))
    }

    /// Hands over a new connection.
    pub(super) fn connection(&self, arrival: Arrival) {
        self.put(|post| post.connections.push(arrival));
    }

    /// Takes everything.
    pub(super) fn take(&self, post: &mut Post) {
        let mut content = self.lock();
        content.asleep = false;
        std::mem::swap(&mut content.post, post);
    }

    /// From here on the bell is rung. False if there is something already.
    pub(super) fn sleep(&self) -> bool {
        let mut content = self.lock();
        content.asleep = content.post.is_empty();
        content.asleep
    }

    /// From here on the bell is not rung: what is put in will be seen.
    pub(super) fn wake(&self) {
        self.lock().asleep = false;
    }

    fn put(&self, put: impl FnOnce(&mut Post)) {
        let mut content = self.lock();
        put(&mut content.post);
        let was_asleep = std::mem::replace(&mut content.asleep, false);
        drop(content);
        if was_asleep {
            // It fails when the ring's thread is gone, or when so many octets lie there that it will wake anyway.
            let _ = (&self.bell).write(&[1]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a future wakes: its key, put into the inbox once however often it is woken.
#[derive(Debug)]
pub(super) struct Task {
    inbox: Arc<Inbox>,
    key: u64,
    is_woken: AtomicBool,
}

impl Task {
    pub(super) fn new(inbox: &Arc<Inbox>, key: u64) -> Arc<Task> {
        Arc::new(Task { inbox: Arc::clone(inbox), key, is_woken: AtomicBool::new(false) })
    }

    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// What woke it is seen to now, and what wakes it from here on counts again.
    pub(super) fn begin(&self) {
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
    use std::io::{ErrorKind, Read};

    use super::*;

    fn inbox() -> (Arc<Inbox>, UnixStream) {
        let (inbox, heard) = Inbox::new().unwrap();
        heard.set_nonblocking(true).unwrap();
        (inbox, heard)
    }

    #[test]
    fn the_bell_is_rung_once_and_only_for_sleepers() {
        let (inbox, mut heard) = inbox();
        let tasks = [Task::new(&inbox, 1), Task::new(&inbox, 2)];
        let mut octets = [0; 8];
        tasks[0].waker().wake();
        assert_eq!(heard.read(&mut octets).unwrap_err().kind(), ErrorKind::WouldBlock, "nobody sleeps");
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
        assert_eq!(heard.read(&mut octets).unwrap(), 1);

        inbox.take(&mut post);
        tasks[0].begin();
        assert!(inbox.sleep());
        inbox.wake();
        tasks[0].waker().wake();
        assert_eq!(
            heard.read(&mut octets).unwrap_err().kind(),
            ErrorKind::WouldBlock,
            "nobody sleeps any more"
        );
    }

    #[test]
    fn a_task_that_is_woken_often_comes_once() {
        let (inbox, _heard) = inbox();
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
