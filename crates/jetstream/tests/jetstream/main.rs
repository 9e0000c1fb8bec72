//! The log on JetStream, against servers that the tests start and end themselves.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod contract;
mod nodes;
mod signing_in;
mod support;
