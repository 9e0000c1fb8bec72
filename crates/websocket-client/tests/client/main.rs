//! What the client promises its users, through its public interface.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod cancelling;
mod cut;
mod duplex;
mod peer;
mod pinging;
mod proxies;
mod proxy;
mod reconnecting;
mod redirects;
mod refusals;
mod resolving;
mod server;
mod tls;
