//! What `websocket-hub` promises, shown on every backend in `Backend::ALL`, but for what `features` says.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod apps;
mod backpressure;
mod certificates;
mod client;
mod features;
mod hostile;
mod http2;
mod http2_pace;
mod leaving;
mod limits;
mod log;
mod memory;
mod metrics;
mod negotiation;
mod opening;
mod peer;
mod policies;
mod proxy_protocol;
mod refusals;
mod requests;
mod retained;
mod room;
mod session;
mod slow_readers;
mod stopping;
mod stream;
mod succession;
mod threads;
mod topics;
mod topics_merged;
mod transport;
mod unix_sockets;
mod waiting;

use std::sync::{PoisonError, RwLock};

use websocket_hub::Backend;

use features::{Feature, carries, has};
use transport::{Transport, over};

/// Held by everybody: shared by most, alone by those who measure the process's memory.
static PROCESS: RwLock<()> = RwLock::new(());

/// Over TCP, and over TLS.
fn on_each_backend(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Tcp, Transport::Tls], behaviour);
}

/// What does not depend on how a WebSocket is opened: over TCP, over TLS, and as a stream of HTTP/2.
fn on_each_backend_and_version(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Tcp, Transport::Tls, Transport::Http2], behaviour);
}

fn on_each_backend_over(transports: &[Transport], behaviour: impl Fn(Backend)) {
    let _process = PROCESS.read().unwrap_or_else(PoisonError::into_inner);
    for backend in Backend::ALL {
        let carried = transports.iter().filter(|transport| carries(backend, **transport));
        carried.for_each(|transport| over(*transport, || behaviour(backend)));
    }
}

/// On each backend that has a feature.
fn on_each_backend_with(feature: Feature, transports: &[Transport], behaviour: impl Fn(Backend)) {
    on_each_backend_over(transports, |backend| {
        if has(backend, feature) {
            behaviour(backend);
        }
    });
}

fn backends_without(feature: Feature) -> impl Iterator<Item = Backend> {
    Backend::ALL.into_iter().filter(move |backend| !has(*backend, feature))
}

/// On each backend over TCP, while no other behaviour runs.
fn alone_on_each_backend(behaviour: impl Fn(Backend)) {
    let _process = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    Backend::ALL.into_iter().for_each(behaviour);
}
