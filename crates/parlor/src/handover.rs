//! A server's place is handed to its successor while people talk: the sockets that are listened on stay open all the
//! time, and the data folder changes hands once everybody was told to come back.
//!
//! Both talk over a pair of sockets, a line of JSON at a time, with what is listened on beside the first:
//!
//! | Predecessor | Successor |
//! | --- | --- |
//! | starts the successor, `place` | |
//! | goes on serving | reads its settings, `prepared` |
//! | says goodbye, closes the data, `yours` | |
//! | waits until everybody has gone | opens the data, `serving` |
//!
//! Whatever goes wrong before `yours` changes nothing. After that, the predecessor starts the program again that it is
//! itself.

mod doors;
mod line;
mod predecessor;
mod successor;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use doors::{Door, Doors};
pub(crate) use predecessor::{Predecessor, tell_failure};
pub(crate) use successor::Successor;

/// What tells a program that it is somebody's successor: its standard input is the way to talk to them.
pub(crate) const VARIABLE: &str = "PARLOR_PREDECESSOR";
/// How the two talk. Whoever speaks another version is not succeeded.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToSuccessor {
    Place(Place),
    Yours,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToPredecessor {
    Prepared,
    Serving,
    /// Why not.
    Failed(String),
}

/// What is taken over. The sockets come beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    version: u32,
    /// The data folder, as an absolute path.
    data: PathBuf,
    doors: Vec<doors::Told>,
}
