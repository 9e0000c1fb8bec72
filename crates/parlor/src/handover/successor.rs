//! Who takes the place over.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, absolute};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::line::{receive, send};
use super::{Doors, People, Place, ToPredecessor, ToSuccessor, VARIABLE, VERSION};

/// How long a successor may take until it is prepared.
const PREPARING: Duration = Duration::from_secs(60);
/// How long it may take from then on until it serves: a new version may have to write the data anew.
const OPENING: Duration = Duration::from_secs(300);
/// How long it may take to end after its last word.
const ENDING: Duration = Duration::from_secs(1);

/// A process that was started to take this one's place.
#[derive(Debug)]
pub(crate) struct Successor {
    child: Child,
    stream: UnixStream,
    /// It goes on with connections.
    with_people: bool,
    /// It goes on when this process has nothing to do with it any more.
    serves: bool,
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
            stream.set_read_timeout(Some(PREPARING))?;
            let mut command = Command::new(program);
            command.args(arguments()).env(VARIABLE, "1").stdin(OwnedFd::from(theirs));
            // It is somebody else whom the service manager shall hear of from now on.
            command.env_remove("WATCHDOG_PID");
            let (told, sockets) = doors.told();
            let place = ToSuccessor::Place(Place {
                version: VERSION,
                data: absolute(data)?,
                doors: told,
                with_people: true,
                hears_taken_up: true,
            });
            let child = command.spawn()?;
            let successor = Successor { child, stream, with_people: false, serves: false };
            match send(&successor.stream, &place, &sockets) {
                // If it has ended already, that is found by what it does not answer.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(error),
                _ => Ok(successor),
            }
        };
        let mut successor =
            start().map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let prepared = successor
            .wait_for(|told| matches!(told, ToPredecessor::Prepared | ToPredecessor::PreparedForPeople))?;
        successor.with_people = matches!(prepared, ToPredecessor::PreparedForPeople);
        Ok(successor)
    }

    /// Whether it goes on with connections.
    pub(crate) fn takes_people(&self) -> bool {
        self.with_people
    }

    /// Leaves the data to it. What is wrong with it is found by [`take_over`](Successor::take_over).
    pub(crate) fn leave_data(&self) {
        let _ = send(&self.stream, &ToSuccessor::Yours, &[]);
    }

    /// Leaves these connections to it, which has the data, and waits until it serves. Once it has taken them up, they are
    /// its own, and there is nobody left here. Blocks.
    ///
    /// # Errors
    ///
    /// Why it does not serve, in a sentence. It has ended then.
    pub(crate) fn take_over(mut self, people: &mut People) -> Result<u32, String> {
        // If that cannot be set, it has less time, or more.
        let _ = self.stream.set_read_timeout(Some(OPENING));
        let _ = self.stream.set_write_timeout(Some(OPENING));
        if self.with_people {
            self.hand_over(people)?;
        }
        let is_next = |told: &ToPredecessor| matches!(told, ToPredecessor::TakenUp | ToPredecessor::Serving);
        if matches!(self.wait_for(is_next)?, ToPredecessor::TakenUp) {
            *people = People::default();
            self.wait_for(|told| matches!(told, ToPredecessor::Serving))?;
        }
        self.serves = true;
        Ok(self.child.id())
    }

    fn hand_over(&mut self, people: &People) -> Result<(), String> {
        let Err(error) = people.send(&self.stream) else { return Ok(()) };
        match error.kind() {
            // It has ended. What was wrong with it is found by what it has said.
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Ok(()),
            // It would wait for the rest, and this one for it.
            _ => Err(format!("connections cannot be handed over: {error}")),
        }
    }

    fn wait_for(&mut self, is_it: impl Fn(&ToPredecessor) -> bool) -> Result<ToPredecessor, String> {
        let sentence = match receive(&self.stream) {
            Ok(Some(told)) if is_it(&told) => return Ok(told),
            Ok(Some(ToPredecessor::Failed(sentence))) => sentence,
            Ok(Some(_)) => "the new server speaks out of turn".to_owned(),
            Ok(None) => self.last_words(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let patience = self.stream.read_timeout().ok().flatten().unwrap_or(PREPARING);
                format!("the new server took longer than {} seconds", patience.as_secs())
            }
            Err(error) => format!("the new server is not understood: {error}"),
        };
        Err(sentence)
    }

    /// What it ended with, if it has.
    fn last_words(&mut self) -> String {
        let deadline = Instant::now() + ENDING;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return format!("the new server ended without a word ({status})"),
                Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
                Ok(None) => return "the new server does not listen to this one".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }
}

/// Who does not serve ends.
impl Drop for Successor {
    fn drop(&mut self) {
        if !self.serves {
            // It may have ended already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What this process was started with, without its own name.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}
