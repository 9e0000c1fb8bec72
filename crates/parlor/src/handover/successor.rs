//! Who takes the place over.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, absolute};
use std::process::{Child, Command};
use std::time::Duration;

use super::line::{receive, send};
use super::{Doors, Place, ToPredecessor, ToSuccessor, VARIABLE, VERSION};

/// How long a successor may take until it is prepared, and then until it serves.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that was started to take this one's place.
#[derive(Debug)]
pub(crate) struct Successor {
    child: Child,
    stream: UnixStream,
}

impl Successor {
    /// Starts a program as this one was started, and waits until it is prepared. Blocks.
    ///
    /// # Errors
    ///
    /// Why it cannot succeed this one, in a sentence. It has ended then.
    pub(crate) fn start(program: &Path, data: &Path, doors: &Doors) -> Result<Self, String> {
        let start = || -> io::Result<Successor> {
            let (stream, theirs) = UnixStream::pair()?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut command = Command::new(program);
            command.args(arguments()).env(VARIABLE, "1").stdin(OwnedFd::from(theirs));
            // It is somebody else whom the service manager shall hear of from now on.
            command.env_remove("WATCHDOG_PID");
            let (told, sockets) = doors.told();
            let place = ToSuccessor::Place(Place { version: VERSION, data: absolute(data)?, doors: told });
            let child = command.spawn()?;
            // If it has ended already, that is found by what it does not answer.
            let _ = send(&stream, &place, &sockets);
            Ok(Successor { child, stream })
        };
        let mut successor =
            start().map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        successor.wait_for(|told| matches!(told, ToPredecessor::Prepared))?;
        Ok(successor)
    }

    /// Leaves everything to it, and waits until it serves. Blocks.
    ///
    /// # Errors
    ///
    /// Why it does not serve, in a sentence. It has ended then.
    pub(crate) fn take_over(mut self) -> Result<u32, String> {
        let _ = send(&self.stream, &ToSuccessor::Yours, &[]);
        self.wait_for(|told| matches!(told, ToPredecessor::Serving))?;
        Ok(self.child.id())
    }

    fn wait_for(&mut self, is_it: impl Fn(&ToPredecessor) -> bool) -> Result<(), String> {
        let sentence = match receive(&self.stream) {
            Ok(Some(told)) if is_it(&told) => return Ok(()),
            Ok(Some(ToPredecessor::Failed(sentence))) => sentence,
            Ok(Some(_)) => "the new server speaks out of turn".to_owned(),
            Ok(None) => match self.child.wait() {
                Ok(status) => format!("the new server ended without a word ({status})"),
                Err(error) => error.to_string(),
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                format!("the new server took longer than {} seconds", PATIENCE.as_secs())
            }
            Err(error) => format!("the new server is not understood: {error}"),
        };
        self.end();
        Err(sentence)
    }

    /// Has it end. That it may have ended already is no matter.
    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this process was started with, without its own name.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}
