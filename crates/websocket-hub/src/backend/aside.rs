//! A small tokio runtime beside a backend that is not on tokio, for handlers that spawn tasks or set timers.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::oneshot;

/// The runtime, on one thread of its own. It ends with the last clone of this.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    handle: Handle,
    _alive: Arc<oneshot::Sender<()>>,
}

impl Aside {
    pub(super) fn start() -> io::Result<Aside> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel();
        std::thread::Builder::new().name("websocket-hub-aside".to_owned()).spawn(move || {
            // It is an error that says that everybody is gone.
            let _ = runtime.block_on(gone);
            runtime.shutdown_background();
        })?;
        Ok(Aside { handle, _alive: Arc::new(alive) })
    }

    /// As long as the guard lives, what needs a runtime finds this one.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_thread_without_a_runtime_can_spawn_and_set_timers() {
        let aside = Aside::start().unwrap();
        let (done, is_done) = std::sync::mpsc::channel();
        let _entered = aside.enter();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            done.send(std::thread::current().name().map(str::to_owned)).unwrap();
        });
        let name = is_done.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(name.as_deref(), Some("websocket-hub-aside"));
    }

    #[test]
    fn it_ends_with_the_last_who_has_it() {
        let aside = Aside::start().unwrap();
        let other = aside.clone();
        let (held, dropped) = std::sync::mpsc::channel::<()>();
        let pending = async move {
            std::future::pending::<()>().await;
            drop(held);
        };
        aside.handle.spawn(pending);
        drop(aside);
        assert!(
            dropped
                .recv_timeout(Duration::from_millis(20))
                .is_err_and(|error| { error == std::sync::mpsc::RecvTimeoutError::Timeout })
        );
        drop(other);
        let ended = dropped.recv_timeout(Duration::from_secs(10)).unwrap_err();
        assert_eq!(ended, std::sync::mpsc::RecvTimeoutError::Disconnected);
    }
}
