//! Whether a node's log could be opened now, found out without opening it.

use parlor_chat::{Position, Trouble};

use crate::connection::Connection;
use crate::files;
use crate::options::Options;
use crate::reach::unusable;
use crate::space::Space;
use crate::stream;

/// Connects, looks at the stream and the object store of files, and makes what is not there. For who is about to stop a
/// node that works, to start another on the same data: `applied` is how far that has got.
///
/// # Errors
///
/// What [`JetStreamLog::open`](crate::JetStreamLog::open) would say, and [`Trouble::Unfit`] if the stream holds less than
/// was applied.
pub fn check_readiness(options: &Options, applied: Position) -> Result<(), Trouble> {
    let space = Space::new(&options.space)?;
    let connection = Connection::open(options)?;
    stream::open(&connection, &space, options)?;
    files::make(&connection, &space, options)?;
    let extent = connection.wait(stream::extent(&connection, &space))?;
    if extent.last < applied {
        let (stream, last) = (space.stream(), extent.last);
        let what = format!("the stream {stream} ends at {last}, and {applied} has been applied here already");
        return Err(unusable(what));
    }
    Ok(())
}
