//! Accounts, as programs and pages have them over HTTP: names that are somebody's, sessions, what is lost and found.

#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod authenticator;
mod browser;
mod bugs;
mod codes;
mod export;
mod files;
mod files_kept;
mod files_whose;
mod lost;
mod passkeys;
mod provider_attacks;
mod providers;
mod routes;
mod server;
mod sessions;
mod shared;
