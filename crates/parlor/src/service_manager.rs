//! What a service manager such as systemd is told: that the server is ready, lives, and stops (`sd_notify(3)`).

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use sd_notify::{NotifyState, notify, watchdog_enabled};
use websocket_hub::Server;

/// From now on connections are served.
pub(crate) fn is_ready() {
    tell(NotifyState::Ready);
}

/// Another process serves in place of this one.
pub(crate) fn is_succeeded_by(process: u32) {
    // Until it is the main process, nobody hears from that one that it lives.
    let _ = notify(&[NotifyState::MainPid(process), NotifyState::Watchdog]);
}

/// Says, where that is asked for, that the server lives, as long as the value does: while it does what takes long and
/// is no sign of illness.
pub(crate) fn keep_telling() -> Option<Sender<()>> {
    let pause = watchdog_enabled()? / 2;
    let (end, ended) = channel::<()>();
    let run = move || {
        tell(NotifyState::Watchdog);
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            tell(NotifyState::Watchdog);
        }
    };
    // Without a thread it is as if nobody had asked.
    std::thread::Builder::new().name("watchdog".into()).spawn(run).ok().map(|_| end)
}

/// The server is going to end.
pub(crate) fn is_stopping() {
    tell(NotifyState::Stopping);
}

/// Says again and again that the server lives, if that is asked for (`WatchdogSec=`), for as long as it does. When
/// it has lost a thread it is better started anew, and nothing more is said. It ends never.
pub(crate) async fn watch(server: &Server) {
    if let Some(limit) = watchdog_enabled() {
        // As sd_watchdog_enabled(3) advises.
        let mut rounds = tokio::time::interval((limit / 2).max(Duration::from_millis(1)));
        while server.is_running() {
            tell(NotifyState::Watchdog);
            rounds.tick().await;
        }
    }
    std::future::pending().await
}

/// Whoever does not listen does not want to know.
fn tell(state: NotifyState<'_>) {
    let _ = notify(&[state]);
}
