//! The pair under its former name.

#![allow(unused_imports, unreachable_pub, reason = "each test takes what it needs")]

pub use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
