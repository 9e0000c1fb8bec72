//! What stands between a stranger and the chat, on a real `parlor` process: TLS, proxies, origins, headers, limits.
#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod acme;
mod certificates;
mod client_hello;
mod counts;
mod deploying;
mod files;
mod headers;
mod hosts;
mod limits;
mod open_rooms;
mod origins;
mod proxies;
mod secrets;
mod server;
mod succession;
mod tls;
