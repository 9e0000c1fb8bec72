//! What the ring promises. `./test sanitizer` runs them under AddressSanitizer, too.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use super::super::pool::Buffer;
use super::*;

const WHILE: Option<Duration> = Some(Duration::from_secs(10));

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, client)
}

fn next(ring: &mut Ring) -> Completion {
    loop {
        if let Some(completion) = ring.next() {
            return completion;
        }
        ring.wait(WHILE).unwrap();
    }
}

fn received(completion: Completion) -> io::Result<Option<Buffer>> {
    match completion.outcome {
        Outcome::Received(received) => received,
        outcome => panic!("nothing was received: {outcome:?}"),
    }
}

/// Fills what the kernel keeps for a socket, so that it takes no octet more.
fn fill(mut socket: &TcpStream) {
    socket.set_nonblocking(true).unwrap();
    while socket.write(&[0; 65536]).is_ok() {}
    while socket.write(&[0]).is_ok() {}
}

fn send_one(ring: &mut Ring, socket: &TcpStream, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut written = Vec::new();
    ring.send(&[Send { socket: socket.as_fd(), pieces }], &mut written);
    written.pop().unwrap()
}

#[test]
fn an_echo_accepts_receives_and_sends() {
    let mut ring = Ring::new(8, 1024).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ring.accept(listener.as_fd(), 1);
    let clients = [(); 3].map(|()| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut sockets = Vec::new();
    for (token, mut client) in (2..).zip(&clients) {
        let Completion { token: 1, outcome: Outcome::Accepted(accepted), more: true } = next(&mut ring)
        else {
            panic!("no connection was accepted");
        };
        let socket = TcpStream::from(accepted.unwrap());
        ring.push(Entry::receive(socket.as_fd(), token));
        sockets.push(socket);
        client.write_all(format!("from {token}").as_bytes()).unwrap();
    }
    for _ in &clients {
        let completion = next(&mut ring);
        let (token, more) = (completion.token, completion.more);
        let buffer = received(completion).unwrap().unwrap();
        let pieces = [IoSlice::new(b"echo "), IoSlice::new(&buffer)];
        let socket = &sockets[usize::try_from(token).unwrap() - 2];
        assert_eq!((send_one(&mut ring, socket, &pieces).unwrap(), more), (11, true));
    }
    for (number, mut client) in (2..).zip(&clients) {
        let mut echo = [0; 11];
        client.read_exact(&mut echo).unwrap();
        assert_eq!(echo, format!("echo from {number}").as_bytes());
    }
    drop(clients);
    for _ in &sockets {
        let completion = next(&mut ring);
        assert!(!completion.more && received(completion).unwrap().is_none(), "the input ends");
    }
}

#[test]
fn a_send_is_complete_when_it_was_submitted_whatever_the_socket_is_like() {
    let mut ring = Ring::new(8, 1024).unwrap();
    let pairs: Vec<_> = (0..4).map(|_| pair()).collect();
    fill(&pairs[1].0);
    pairs[2].0.shutdown(std::net::Shutdown::Write).unwrap();
    let pieces = [IoSlice::new(b"one"), IoSlice::new(b"two")];
    let sockets = pairs.iter().map(|(socket, _)| socket.as_fd()).cycle();
    let sends: Vec<_> = sockets
        .take(BATCH)
        .enumerate()
        .map(|(number, socket)| Send { socket, pieces: &pieces[number % 2..] })
        .collect();
    for send in &sends {
        let entry = ring.send_entry(send).user_data(SEND);
        ring.entries.push(entry);
    }
    // SAFETY: everything that is pointed to lives to the end of the test.
    unsafe { ring.io.submission().push_multiple(&ring.entries) }.unwrap();
    assert_eq!(ring.io.submit().unwrap(), BATCH);
    assert_eq!(ring.io.completion().len(), BATCH, "without having waited");
}

#[test]
fn each_send_says_how_much_went_out() {
    let mut ring = Ring::new(8, 1024).unwrap();
    let (open, mut client) = pair();
    let (full, _silent) = pair();
    let (shut, _other) = pair();
    fill(&full);
    shut.shutdown(std::net::Shutdown::Write).unwrap();
    let pieces = [IoSlice::new(b"hello")];
    let sends = [&open, &full, &shut, &open].map(|socket| Send { socket: socket.as_fd(), pieces: &pieces });
    let mut written = Vec::new();
    ring.send(&sends, &mut written);
    assert_eq!(*written[0].as_ref().unwrap(), 5);
    assert_eq!(written[1].as_ref().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(written[2].as_ref().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(*written[3].as_ref().unwrap(), 5);
    let mut octets = [0; 10];
    client.read_exact(&mut octets).unwrap();
    assert_eq!(&octets, b"hellohello");

    let large = vec![1; 64 << 20];
    let written = send_one(&mut ring, &open, &[IoSlice::new(&large)]).unwrap();
    assert!((1..large.len()).contains(&written), "as much as there is room for: {written}");
}

#[test]
fn what_was_sent_may_be_freed_at_once() {
    let mut ring = Ring::new(8, 1024).unwrap();
    let mut pairs: Vec<_> = (0..32).map(|_| pair()).collect();
    let mut written = Vec::new();
    for round in 0..40_u8 {
        let octets: Vec<Vec<u8>> = (0..8).map(|piece| vec![round + piece; 16]).collect();
        let pieces: Vec<_> = octets.iter().map(|octets| IoSlice::new(octets)).collect();
        let sockets = pairs.iter().flat_map(|(socket, _)| [socket; 10]);
        let sends: Vec<_> = sockets.map(|socket| Send { socket: socket.as_fd(), pieces: &pieces }).collect();
        assert!(sends.len() > BATCH, "it is more than one batch");
        ring.send(&sends, &mut written);
        assert!(written.iter().all(|written| *written.as_ref().unwrap() == 128));
    }
    for (_, client) in &mut pairs {
        let mut octets = vec![0; 40 * 10 * 128];
        client.read_exact(&mut octets).unwrap();
        for (round, octets) in (0..40_u8).zip(octets.chunks(1280)) {
            let expected: Vec<u8> = (0..8).flat_map(|piece| [round + piece; 16]).collect();
            assert!(octets.chunks(128).all(|octets| octets == expected));
        }
    }
}

#[test]
fn a_buffer_is_its_owners_until_it_is_dropped() {
    let mut ring = Ring::new(2, 4).unwrap();
    let (socket, mut client) = pair();
    ring.push(Entry::receive(socket.as_fd(), 1));
    client.write_all(b"abcdefghijklmnop").unwrap();
    let mut first = received(next(&mut ring)).unwrap().unwrap();
    let second = received(next(&mut ring)).unwrap().unwrap();
    let ended = next(&mut ring);
    assert!(!ended.more);
    assert_eq!(received(ended).unwrap_err().raw_os_error(), Some(libc::ENOBUFS), "both are taken");
    first[0] = b'A';
    assert_eq!((&*first, &*second), (&b"Abcd"[..], &b"efgh"[..]));

    drop(second);
    ring.push(Entry::receive(socket.as_fd(), 1));
    assert_eq!(&*received(next(&mut ring)).unwrap().unwrap(), b"ijkl", "in the buffer that came back");
    assert_eq!(&*first, b"Abcd");
}

#[test]
fn buffers_go_round_for_ever() {
    let mut ring = Ring::new(4, 16).unwrap();
    let (socket, mut client) = pair();
    ring.push(Entry::receive(socket.as_fd(), 1));
    // More than a number of 16 bits can count.
    for round in 0..70_000_u32 {
        client.write_all(&round.to_ne_bytes()).unwrap();
        let completion = next(&mut ring);
        if !completion.more {
            ring.push(Entry::receive(socket.as_fd(), 1));
        }
        assert_eq!(*received(completion).unwrap().unwrap(), round.to_ne_bytes());
    }
}

#[test]
fn a_buffer_outlives_its_ring() {
    let mut ring = Ring::new(2, 16).unwrap();
    let (socket, mut client) = pair();
    ring.push(Entry::receive(socket.as_fd(), 1));
    client.write_all(b"still here").unwrap();
    let mut buffer = received(next(&mut ring)).unwrap().unwrap();
    drop(ring);
    client.write_all(b"too late").unwrap();
    buffer[0] = b'S';
    assert_eq!(&*buffer, b"Still here");
}

#[test]
fn what_is_under_way_ends_with_the_ring() {
    let mut ring = Ring::new(2, 16).unwrap();
    let (socket, mut client) = pair();
    ring.push(Entry::receive(socket.as_fd(), 1));
    ring.wait(Some(Duration::ZERO)).unwrap();
    ring.push(Entry::close(OwnedFd::from(socket)));
    drop(ring);
    client.set_read_timeout(WHILE).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "nothing keeps the connection open");
}

#[test]
fn a_connection_is_closed_once_nothing_runs_on_it() {
    let mut ring = Ring::new(2, 16).unwrap();
    let (socket, mut client) = pair();
    ring.push(Entry::receive(socket.as_fd(), 1));
    ring.push(Entry::poll_writable(socket.as_fd(), 1));
    assert!(matches!(next(&mut ring).outcome, Outcome::Writable));
    ring.push(Entry::cancel_receive(1));
    ring.push(Entry::close(OwnedFd::from(socket)));
    let ended = next(&mut ring);
    assert!(!ended.more);
    assert_eq!(received(ended).unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    client.set_read_timeout(WHILE).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_full_socket_tells_when_it_is_writable() {
    let mut ring = Ring::new(2, 16).unwrap();
    let (socket, mut client) = pair();
    fill(&socket);
    ring.push(Entry::poll_writable(socket.as_fd(), 9));
    ring.wait(Some(Duration::from_millis(20))).unwrap();
    assert!(ring.next().is_none());
    client.set_nonblocking(true).unwrap();
    let mut octets = vec![0; 1 << 20];
    let deadline = Instant::now() + Duration::from_secs(10);
    let completion = loop {
        assert!(Instant::now() < deadline);
        let _ = client.read(&mut octets);
        ring.wait(Some(Duration::from_millis(1))).unwrap();
        if let Some(completion) = ring.next() {
            break completion;
        }
    };
    assert!(matches!(completion, Completion { token: 9, outcome: Outcome::Writable, more: false }));
}

#[test]
fn more_can_be_begun_than_the_queue_holds() {
    let mut ring = Ring::new(2, 16).unwrap();
    let (socket, _client) = pair();
    let count = 3 * u64::from(QUEUE_LEN);
    (0..count).for_each(|token| ring.push(Entry::poll_writable(socket.as_fd(), token)));
    let mut tokens: Vec<u64> = (0..count).map(|_| next(&mut ring).token).collect();
    tokens.sort_unstable();
    assert!(tokens.into_iter().eq(0..count));
}

#[test]
fn waiting_ends_when_the_time_has_passed() {
    let mut ring = Ring::new(2, 16).unwrap();
    let begun = Instant::now();
    ring.wait(Some(Duration::from_millis(30))).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(30) && ring.next().is_none());
    ring.wait(Some(Duration::ZERO)).unwrap();
}
