//! How a thread sleeps: until its socket is ready, a deadline has come, or somebody rings.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;
use std::time::Instant;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// One thread's alarm. As a [`Waker`](std::task::Waker) it is what futures and outboxes ring.
#[derive(Debug)]
pub(super) struct Alarm {
    bell: OwnedFd,
    state: AtomicU8,
}

/// It will look at everything before it sleeps, except at what it has looked at already.
const AWAKE: u8 = 0;
/// It has to be woken by the bell.
const ASLEEP: u8 = 1;
/// It was rung for and must not sleep before it has looked again.
const RUNG: u8 = 2;

impl Alarm {
    /// # Errors
    ///
    /// When the process has no file descriptor left.
    pub(super) fn new() -> io::Result<Arc<Self>> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Alarm { bell, state: AtomicU8::new(AWAKE) }))
    }

    pub(super) fn ring(&self) {
        if self.state.swap(RUNG, Ordering::AcqRel) == ASLEEP {
            // It fails when it was rung 2^64 times and never heard, which is loud enough.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }

    /// Sleeps until one of `fds` is ready, `until` has come or somebody rings; not at all if somebody has rung since
    /// the last time. Sometimes it wakes for nothing. The last of `fds` is to be [`Alarm::fd`].
    pub(super) fn sleep(&self, fds: &mut [PollFd<'_>], until: Option<Instant>) {
        if self.state.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire).is_err() {
            self.state.store(AWAKE, Ordering::Release);
            // Whoever is rung for again and again shall notice its socket, too.
            let _ = poll(fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            return;
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        // A signal ends the sleep, and nothing else can go wrong with descriptors that are there.
        let _ = poll(fds, left.as_ref());
        self.state.store(AWAKE, Ordering::Release);
        if fds.last().is_some_and(|bell| bell.revents().contains(PollFlags::IN)) {
            let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        }
    }

    /// What [`sleep`](Alarm::sleep) hears the bell by.
    pub(super) fn fd(&self) -> PollFd<'_> {
        PollFd::new(&self.bell, PollFlags::IN)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_was_rung_for_does_not_sleep() {
        let alarm = Alarm::new().unwrap();
        for _ in 0..3 {
            alarm.ring();
            alarm.ring();
            alarm.sleep(&mut [alarm.fd()], None);
        }
    }

    #[test]
    fn a_sleeper_is_woken_however_the_ring_falls() {
        let alarm = Alarm::new().unwrap();
        let (heard, ringer) = (Arc::new(AtomicU8::new(0)), Arc::clone(&alarm));
        let hears = Arc::clone(&heard);
        let ringer = std::thread::spawn(move || {
            for round in 0..200 {
                while hears.load(Ordering::Acquire) != round {
                    std::hint::spin_loop();
                }
                ringer.ring();
            }
        });
        for round in 0..200 {
            heard.store(round, Ordering::Release);
            // Without a deadline: a ring that was missed would hang the test.
            alarm.sleep(&mut [alarm.fd()], None);
        }
        heard.store(200, Ordering::Release);
        ringer.join().unwrap();
    }

    #[test]
    fn a_deadline_ends_the_sleep() {
        let alarm = Alarm::new().unwrap();
        let until = Instant::now() + Duration::from_millis(20);
        while Instant::now() < until {
            alarm.sleep(&mut [alarm.fd()], Some(until));
        }
        alarm.sleep(&mut [alarm.fd()], Some(until));
    }
}
