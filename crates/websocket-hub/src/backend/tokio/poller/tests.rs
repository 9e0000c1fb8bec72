//! What the poller promises: the same as a ring does.

use std::io::{IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::*;

fn poller() -> Poller {
    Poller::new(Poller::epoll().unwrap())
}

/// A socket that does not block, and its peer.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let socket = listener.accept().unwrap().0;
    socket.set_nonblocking(true).unwrap();
    (socket, client)
}

/// The next completion of the one socket that there is.
fn next(poller: &mut Poller, socket: &impl AsFd) -> Completion<Buffer> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if let Some(completion) = poller.next(|_| Some(socket.as_fd())) {
            return completion;
        }
        poller.look().unwrap();
    }
    panic!("nothing has completed");
}

/// Whether nothing completes.
fn is_quiet(poller: &mut Poller, socket: &impl AsFd) -> bool {
    std::thread::sleep(Duration::from_millis(20));
    poller.look().unwrap();
    poller.next(|_| Some(socket.as_fd())).is_none()
}

/// What was received; `None` at the end.
fn received(completion: Completion<Buffer>) -> Option<Vec<u8>> {
    match completion.outcome {
        Outcome::Received(received) => received.unwrap().map(|buffer| buffer.to_vec()),
        outcome => panic!("nothing was received: {outcome:?}"),
    }
}

#[test]
fn receiving_goes_on_until_the_input_ends() {
    let ((socket, mut client), mut poller) = (pair(), poller());
    poller.receive(socket.as_fd(), 7);
    for piece in [&b"one"[..], b"two"] {
        client.write_all(piece).unwrap();
        let completion = next(&mut poller, &socket);
        assert!(completion.token == 7 && completion.more);
        assert_eq!(received(completion).as_deref(), Some(piece));
    }
    client.write_all(b"last").unwrap();
    drop(client);
    assert_eq!(received(next(&mut poller, &socket)).as_deref(), Some(&b"last"[..]));
    let end = next(&mut poller, &socket);
    assert!(!end.more && received(end).is_none());
    assert!(is_quiet(&mut poller, &socket), "it ends once");
}

#[test]
fn what_is_more_than_the_memory_comes_in_several_pieces() {
    let ((socket, mut client), mut poller) = (pair(), poller());
    poller.receive(socket.as_fd(), 1);
    let sent = vec![b'x'; 3 * BUFFER_LEN];
    let writer = std::thread::spawn(move || client.write_all(&sent).map(|()| client));
    let mut left = 3 * BUFFER_LEN;
    while left > 0 {
        let piece = received(next(&mut poller, &socket)).unwrap();
        assert!(piece.len() <= BUFFER_LEN);
        left -= piece.len();
    }
    writer.join().unwrap().unwrap();
}

#[test]
fn what_arrives_while_nothing_is_received_is_there_later() {
    let ((socket, mut client), mut poller) = (pair(), poller());
    poller.receive(socket.as_fd(), 1);
    poller.cancel_receive(1);
    let cancelled = next(&mut poller, &socket);
    assert!(!cancelled.more);
    assert!(
        matches!(cancelled.outcome, Outcome::Received(Err(error)) if error.raw_os_error() == Some(libc::ECANCELED))
    );
    client.write_all(b"early").unwrap();
    assert!(is_quiet(&mut poller, &socket));
    poller.receive(socket.as_fd(), 1);
    assert_eq!(received(next(&mut poller, &socket)).as_deref(), Some(&b"early"[..]));
}

#[test]
fn room_is_told_of_once_when_a_full_socket_has_it_again() {
    let ((socket, mut client), mut poller) = (pair(), poller());
    poller.receive(socket.as_fd(), 1);
    let (octets, mut written) = (vec![0; 1 << 20], Vec::new());
    let pieces = [IoSlice::new(&octets), IoSlice::new(b"end")];
    let mut sent = 0;
    loop {
        poller.send(&[Send { socket: socket.as_fd(), pieces: &pieces }], &mut written);
        match written.pop().unwrap() {
            Ok(count) => sent += count,
            Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    poller.await_room(socket.as_fd(), 1);
    assert!(is_quiet(&mut poller, &socket), "it is full");
    let reader = std::thread::spawn(move || {
        let mut read = 0;
        while read < sent {
            read += client.read(&mut vec![0; 1 << 16]).unwrap();
        }
        client
    });
    assert!(matches!(next(&mut poller, &socket).outcome, Outcome::Writable));
    let _client = reader.join().unwrap();
    assert!(is_quiet(&mut poller, &socket), "it was told of");
}

#[test]
fn everybody_at_the_door_is_let_in_until_it_closes() {
    let (listener, mut poller) = (TcpListener::bind("127.0.0.1:0").unwrap(), poller());
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    poller.accept(listener.as_fd(), 5);
    let _clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
    for _ in 0..3 {
        let Completion { token: 5, outcome: Outcome::Accepted(Ok(_)), more: true } =
            next(&mut poller, &listener)
        else {
            panic!("nobody was let in");
        };
    }
    assert!(is_quiet(&mut poller, &listener));
    poller.cancel_accept(listener.into(), 5);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_token_that_is_used_again_hears_nothing_of_the_socket_before() {
    let ((socket, mut client), mut poller) = (pair(), poller());
    poller.receive(socket.as_fd(), 1);
    client.write_all(b"old").unwrap();
    poller.look().unwrap();
    poller.close(socket.into(), 1);
    let (socket, mut client) = pair();
    let token = 1 << 32 | 1;
    poller.receive(socket.as_fd(), token);
    client.write_all(b"new").unwrap();
    let completion = next(&mut poller, &socket);
    assert_eq!(completion.token, token);
    assert_eq!(received(completion).as_deref(), Some(&b"new"[..]));
}
