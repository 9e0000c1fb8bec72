//! Accounts, as programs and pages have them over HTTP: names that are somebody's, sessions, what is lost and found.

mod bugs;
mod lost;
mod server;
mod sessions;
