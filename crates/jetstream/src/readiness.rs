//! Whether a node's log could be opened now, found out without opening it.

use parlor_chat::Trouble;
use parlor_chat::log::LogReader;

use crate::connection::Connection;
use crate::files;
use crate::layout::Reach;
use crate::options::Options;
use crate::reach::unusable;
use crate::space::Space;
use crate::stream;

/// Connects, looks at the stream and the object store of files, and makes what is not there. For who is about to stop a
/// node that works, to start another on the same data, which `log` reads.
///
/// # Errors
///
/// What [`JetStreamLog::open`](crate::JetStreamLog::open) would say, and [`Trouble::Unfit`] if the stream holds less than
/// was applied.
pub fn check_readiness(options: &Options, log: &LogReader<'_>) -> Result<(), Trouble> {
    let space = Space::new(&options.space)?;
    let connection = Connection::open(options)?;
    stream::open(&connection, &space, options)?;
    files::make(&connection, &space, options)?;
    let extent = connection.wait(stream::extent(&connection, &space))?;
    let position = log.last()?;
    let applied = Reach::through(position, log.mark(position)?)?.sequence;
    if extent.last < applied {
        let (stream, last) = (space.stream(), extent.last);
        let what = format!(
            "the stream {stream} ends at message {last}, and {applied} has been applied here already"
        );
        return Err(unusable(what));
    }
    Ok(())
}
