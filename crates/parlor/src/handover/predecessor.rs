//! Whose place is taken over.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, absolute};

use super::line::{receive, receive_with_sockets, send, stop_receiving};
use super::{Door, Doors, People, Place, ToPredecessor, ToSuccessor, VARIABLE, VERSION};

/// A running server that has started this process to be succeeded by it.
#[derive(Debug)]
pub(crate) struct Predecessor {
    stream: UnixStream,
    /// It can hand over connections.
    with_people: bool,
    /// It wants to know when they are taken up.
    hears_taken_up: bool,
}

impl Predecessor {
    /// This process's, if it has one, and what it listens on. `data` and `doors` are this one's settings.
    ///
    /// # Errors
    ///
    /// When this process cannot succeed it.
    pub(crate) fn of_process(data: &Path, doors: &[(Door, &[String])]) -> io::Result<Option<(Self, Doors)>> {
        let Some(stream) = stream()? else { return Ok(None) };
        let failed = |sentence: String| Err(io::Error::other(sentence));
        let Some((ToSuccessor::Place(place), sockets)) = receive_with_sockets(&stream)? else {
            return failed("the server that was to be succeeded has gone".to_owned());
        };
        if place.version != VERSION {
            return failed(
                "the running server hands over in another way; stop it and start this one".to_owned(),
            );
        }
        if place.data != absolute(data)? {
            let (before, now) = (place.data.display(), data.display());
            return failed(format!(
                "the data folder was {before} and is {now}; it cannot change while a server runs"
            ));
        }
        let Place { with_people, hears_taken_up, doors: told, .. } = place;
        let found = Doors::from_told(told, sockets);
        match found.differ(doors) {
            Some(sentence) => failed(sentence),
            None => Ok(Some((Predecessor { stream, with_people, hears_taken_up }, found))),
        }
    }

    /// Says that everything is in order that can be looked at before the data is there, and whether this one can go on
    /// with connections, and waits for the data.
    pub(crate) fn wait(&mut self, goes_on: bool) -> io::Result<()> {
        self.with_people &= goes_on;
        let prepared =
            if self.with_people { ToPredecessor::PreparedForPeople } else { ToPredecessor::Prepared };
        send(&self.stream, &prepared, &[])?;
        match receive(&self.stream)? {
            Some(ToSuccessor::Yours) => Ok(()),
            _ => Err(io::Error::other("the running server keeps its place")),
        }
    }

    /// Whether connections are handed over.
    pub(crate) fn has_people(&self) -> bool {
        self.with_people
    }

    /// Waits for those whose connections are handed over. It is nobody if they do not come as they should: the data is
    /// here, and there is no one else to serve people, who come back.
    pub(crate) fn people(&self) -> People {
        if !self.with_people {
            return People::default();
        }
        People::receive(&self.stream).unwrap_or_else(|error| {
            tracing::error!(%error, "connections were not handed over whole; everybody comes back");
            // The other one would wait until the rest is taken. If it has gone, there is none.
            let _ = stop_receiving(&self.stream);
            People::default()
        })
    }

    /// Says that their connections are read and written from now on.
    pub(crate) fn tell_taken_up(&self) {
        if self.hears_taken_up {
            // It may have ended in between; that changes nothing.
            let _ = send(&self.stream, &ToPredecessor::TakenUp, &[]);
        }
    }

    /// Says that people are served.
    pub(crate) fn tell_serving(self) {
        // It may have ended in between; that changes nothing.
        let _ = send(&self.stream, &ToPredecessor::Serving, &[]);
    }
}

/// The way to the predecessor, if there is one.
fn stream() -> io::Result<Option<UnixStream>> {
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(None);
    }
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Somebody may have set the variable by hand.
    Ok(stream.peer_addr().is_ok().then_some(stream))
}

/// Tells the predecessor, if there is one, why this process ends.
pub(crate) fn tell_failure(sentence: &str) {
    if let Ok(Some(stream)) = stream() {
        // It has gone, then, and needs no answer.
        let _ = send(&stream, &ToPredecessor::Failed(sentence.to_owned()), &[]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(60);

    #[test]
    fn whoever_has_gone_hands_over_nobody_and_keeps_nobody_from_serving() {
        for is_understood in [true, false] {
            let (stream, theirs) = UnixStream::pair().unwrap();
            let predecessor = Predecessor { stream, with_people: true, hears_taken_up: true };
            if !is_understood {
                send(&theirs, &"and so on", &[]).unwrap();
            }
            drop(theirs);
            assert!(predecessor.people().seats.is_empty());
            predecessor.tell_taken_up();
            predecessor.tell_serving();
        }
    }

    #[test]
    fn whoever_is_not_understood_is_not_kept_waiting_and_no_connection_is_kept_open() {
        let (stream, theirs) = UnixStream::pair().unwrap();
        let predecessor = Predecessor { stream, with_people: true, hears_taken_up: true };
        let (mut client, socket) = UnixStream::pair().unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        theirs.set_write_timeout(Some(SOON)).unwrap();
        send(&theirs, &"and so on", &[]).unwrap();
        send(&theirs, &"and one more", &[socket.as_fd()]).unwrap();
        drop(socket);
        // More than there is room for.
        let rest = std::thread::spawn(move || (&theirs).write_all(&vec![b'x'; 4 << 20]));
        assert!(predecessor.people().seats.is_empty());
        assert_eq!(rest.join().unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "it has ended");
    }
}
