//! What search promises, through its public interface: each file is one promise.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod erasure;
mod filters;
mod found;
mod keeping_up;
mod naive;
mod permission;
mod ranking;
mod rebuild;
mod world;
