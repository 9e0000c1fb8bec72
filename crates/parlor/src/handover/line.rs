//! Lines of JSON over a Unix socket, with sockets beside them (`SCM_RIGHTS`, `unix(7)`).

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Sockets that go beside a line at most. A system hands over 253 at once.
pub(super) const MOST: usize = 200;
/// Octets of a line at most.
const LONGEST: usize = 65_536;
/// Octets of a long value at most.
const LONGEST_VALUE: usize = 256 << 20;

/// Sends a line, and sockets beside it.
pub(super) fn send(stream: &UnixStream, line: &impl Serialize, sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut octets = serde_json::to_vec(line)?;
    octets.push(b'\n');
    send_octets(stream, &octets, sockets)
}

/// Sends what may be long: a line that says how long it is, with sockets beside it, and then what it is.
pub(super) fn send_long(
    mut stream: &UnixStream,
    value: &impl Serialize,
    sockets: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let octets = serde_json::to_vec(value)?;
    send(stream, &octets.len(), sockets)?;
    stream.write_all(&octets)
}

/// Waits for what [`send_long`] sends.
pub(super) fn receive_long<T: DeserializeOwned>(mut stream: &UnixStream) -> io::Result<(T, Vec<OwnedFd>)> {
    let Some((length, sockets)) = receive_with_sockets::<usize>(stream)? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    if length > LONGEST_VALUE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what is handed over is too long"));
    }
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets)?;
    Ok((serde_json::from_slice(&octets)?, sockets))
}

/// Takes nothing more: whoever sends is told so, and the sockets that have come already are closed.
pub(super) fn stop_receiving(mut stream: &UnixStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Read)?;
    // They are open for as long as they lie there.
    io::copy(&mut stream, &mut io::sink()).map(|_| ())
}

fn send_octets(mut stream: &UnixStream, octets: &[u8], sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    if sockets.is_empty() {
        return stream.write_all(octets);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    // The space has room for a few more, by the way it is aligned.
    if sockets.len() > MOST || !beside.push(SendAncillaryMessage::ScmRights(sockets)) {
        let message = format!("{} sockets are too many to be handed over; {MOST} can be", sockets.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    // A process that was stopped in the middle goes on where it was.
    let sent = rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(stream, &[IoSlice::new(octets)], &mut beside, SendFlags::NOSIGNAL)
    })?;
    stream.write_all(&octets[sent..])
}

/// Waits for a line. `None`: the other one has gone.
pub(super) fn receive<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<Option<T>> {
    Ok(receive_with_sockets(stream)?.map(|(line, _)| line))
}

/// Waits for a line, and the sockets beside it.
pub(super) fn receive_with_sockets<T: DeserializeOwned>(
    stream: &UnixStream,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let (mut line, mut sockets) = (Vec::new(), Vec::new());
    // An octet at a time: what comes behind the line belongs to the next call. There are few and they are short.
    while line.len() < LONGEST {
        let mut octet = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let mut pieces = [IoSliceMut::new(&mut octet)];
        let received = match rustix::net::recvmsg(stream, &mut pieces, &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => received.bytes,
            Err(Errno::INTR) => continue,
            // It was killed before it had read everything.
            Err(Errno::CONNRESET) => 0,
            Err(error) => return Err(error.into()),
        };
        for message in beside.drain() {
            if let RecvAncillaryMessage::ScmRights(these) = message {
                sockets.extend(these);
            }
        }
        match octet {
            _ if received == 0 => return Ok(None),
            [b'\n'] => return Ok(Some((serde_json::from_slice(&line)?, sockets))),
            [octet] => line.push(octet),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_socket_goes_beside_a_line_and_is_the_same_socket() {
        let (here, there) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        send(&here, &"first", &[listener.as_fd()]).unwrap();
        send(&here, &"second", &[]).unwrap();
        drop(listener);
        let (line, mut sockets) = receive_with_sockets::<String>(&there).unwrap().unwrap();
        assert_eq!((line.as_str(), sockets.len()), ("first", 1));
        assert_eq!(receive::<String>(&there).unwrap().as_deref(), Some("second"));
        let listener = TcpListener::from(sockets.remove(0));
        TcpStream::connect(address).unwrap();
        listener.accept().unwrap();
    }

    #[test]
    fn what_is_long_goes_whole_and_what_is_too_long_does_not() {
        let (here, there) = UnixStream::pair().unwrap();
        let long = "x".repeat(4 * LONGEST);
        let received = std::thread::scope(|scope| {
            scope.spawn(|| send_long(&here, &long, &[here.as_fd()]));
            receive_long::<String>(&there).unwrap()
        });
        assert_eq!((received.0.len(), received.1.len()), (long.len(), 1));
        send(&here, &(LONGEST_VALUE + 1), &[]).unwrap();
        assert_eq!(receive_long::<String>(&there).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn whoever_has_gone_says_nothing() {
        let (here, there) = UnixStream::pair().unwrap();
        (&here).write_all(b"\"half").unwrap();
        drop(here);
        assert!(receive::<String>(&there).unwrap().is_none());
        let (here, there) = UnixStream::pair().unwrap();
        drop(here);
        assert!(receive_with_sockets::<String>(&there).unwrap().is_none());
    }

    #[test]
    fn too_many_sockets_are_refused_in_words() {
        let (here, _there) = UnixStream::pair().unwrap();
        let sockets: Vec<_> = std::iter::repeat_n(here.as_fd(), MOST + 1).collect();
        let error = send(&here, &"", &sockets).unwrap_err();
        assert_eq!(error.to_string(), "201 sockets are too many to be handed over; 200 can be");
    }

    #[test]
    fn what_never_ends_is_no_line() {
        let (here, there) = UnixStream::pair().unwrap();
        std::thread::spawn(move || _ = (&here).write_all(&vec![b'x'; LONGEST + 1]));
        assert_eq!(receive::<String>(&there).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
