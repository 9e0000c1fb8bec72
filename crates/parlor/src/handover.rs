//! A server's place is handed to its successor while people talk: the sockets that are listened on stay open all the
//! time, and the data folder changes hands once everybody was told to come back.
//!
//! Both talk over a pair of sockets, a line of JSON at a time, with what is listened on beside the first:
//!
//! | Predecessor | Successor |
//! | --- | --- |
//! | starts the successor, `place` | |
//! | goes on serving | reads its settings, `prepared_for_people` |
//! | has connections pause, closes the data, `yours` | |
//! | has them leave, and sends them (`people.rs`) | opens the data, `taken_up`, goes on with them, `serving` |
//! | waits until everybody else has gone | |
//!
//! Where one of the two does not know of that, the successor is `prepared`, and everybody is told goodbye.
//!
//! Whatever goes wrong before `yours` changes nothing. After that, the predecessor starts the program again that it is
//! itself, and hands it the connections, unless the first has taken them up: what was read of them and written since is
//! not known here. They come back.

mod doors;
mod line;
mod people;
mod predecessor;
mod successor;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use doors::{Door, Doors};
pub(crate) use people::People;
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
    /// And goes on with the connections that are there.
    PreparedForPeople,
    /// From now on, connections are read and written.
    TakenUp,
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
    /// Connections can be handed over, too.
    #[serde(default)]
    with_people: bool,
    /// It is to be said when they are taken up.
    #[serde(default)]
    hears_taken_up: bool,
}
