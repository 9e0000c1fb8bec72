//! The load of an echo: connections that each keep some messages under way and check what comes back.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::attention::{Attention, LOOK};
use super::frames;
use super::handshake::{self, PATIENCE};
use super::histogram::Histogram;

/// What numbers a message, at the beginning of its payload.
const DIGITS: usize = 16;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const BUFFER: usize = 512 * 1024;

/// How large messages are, how many connections send them, how many each keeps under way.
#[derive(Clone, Copy)]
pub struct Shape {
    pub size: usize,
    pub connections: usize,
    pub depth: usize,
}

pub struct Echoes {
    attention: Attention,
    members: Vec<Member>,
    depth: usize,
    /// A message to be sent and the same as it comes back, but for its number; where in them that is.
    request: Vec<u8>,
    request_number: usize,
    answer: Vec<u8>,
    answer_number: usize,
    scratch: Vec<u8>,
    buffer: Vec<u8>,
    pub answered: u64,
    pub latency: Histogram,
}

struct Member {
    stream: TcpStream,
    sent: u64,
    answered: u64,
    /// When what is under way was sent.
    times: VecDeque<Instant>,
    /// Octets of the next answer that have come.
    begun: usize,
    /// Octets of the last message that the socket did not take.
    unsent: usize,
}

impl Echoes {
    pub fn connect(address: SocketAddr, shape: Shape) -> io::Result<Echoes> {
        let attention = Attention::new()?;
        let mut members = Vec::new();
        for (index, stream) in handshake::connect(address, shape.connections)?.into_iter().enumerate() {
            stream.set_nonblocking(true)?;
            attention.add(&stream, index)?;
            members.push(Member {
                stream,
                sent: 0,
                answered: 0,
                times: VecDeque::new(),
                begun: 0,
                unsent: 0,
            });
        }
        let payload: Vec<u8> = (0..shape.size).map(|index| (index * 31 + 7) as u8).collect();
        let request = frames::binary(&payload, KEY);
        let header = frames::binary_header(shape.size);
        Ok(Echoes {
            attention,
            members,
            depth: shape.depth,
            request_number: request.len() - shape.size,
            request,
            answer_number: header.len(),
            answer: [header, payload].concat(),
            scratch: Vec::new(),
            buffer: vec![0; BUFFER],
            answered: 0,
            latency: Histogram::default(),
        })
    }

    /// Keeps all connections busy for so long, and then waits for the last answer.
    pub fn run(&mut self, how_long: Duration) -> io::Result<()> {
        let end = Instant::now() + how_long;
        for member in 0..self.members.len() {
            self.send(member, self.depth)?;
        }
        loop {
            let count = self.attention.wait(LOOK)?;
            let now = Instant::now();
            for event in 0..count {
                let (index, has_room) = self.attention.at(event);
                if has_room {
                    self.send_rest(index)?;
                }
                let answers = self.receive(index)?;
                if now < end {
                    self.send(index, answers)?;
                }
            }
            if now >= end && self.members.iter().all(|member| member.sent == member.answered) {
                return Ok(());
            }
            if now >= end + PATIENCE {
                return Err(io::Error::other("some answers did not arrive"));
            }
        }
    }

    /// Sends so many more; small ones in one write.
    fn send(&mut self, index: usize, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.scratch.clear();
        let member = &mut self.members[index];
        let now = Instant::now();
        for _ in 0..count {
            let digits = &mut self.request[self.request_number..][..DIGITS];
            write_number(digits, member.sent, KEY);
            self.scratch.extend_from_slice(&self.request);
            member.sent += 1;
            member.times.push_back(now);
        }
        let written = write(&mut member.stream, &self.scratch)?;
        member.unsent = self.scratch.len() - written;
        if member.unsent > self.request.len() - self.request_number - DIGITS {
            // The rest of a message is the same for all of them, but not its number.
            return Err(io::Error::other("a socket does not take the beginning of a message"));
        }
        self.watch(index)
    }

    fn send_rest(&mut self, index: usize) -> io::Result<()> {
        let member = &mut self.members[index];
        let rest = &self.request[self.request.len() - member.unsent..];
        member.unsent -= write(&mut member.stream, rest)?;
        self.watch(index)
    }

    fn watch(&self, index: usize) -> io::Result<()> {
        // With small messages nothing is ever left, and nothing has to be changed.
        if self.request.len() < BUFFER / 8 {
            return Ok(());
        }
        let member = &self.members[index];
        self.attention.look_for_room(&member.stream, index, member.unsent > 0)
    }

    /// Reads once and says how many answers were completed by it.
    fn receive(&mut self, index: usize) -> io::Result<usize> {
        let member = &mut self.members[index];
        let read = match member.stream.read(&mut self.buffer) {
            Ok(0) => return Err(io::Error::other("the server closed a connection")),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        };
        let now = Instant::now();
        let mut rest = &self.buffer[..read];
        let mut answers = 0;
        while !rest.is_empty() {
            // Between two answers; one that is cut in two by a read is not understood.
            if member.begun == 0
                && frames::is_control(rest)
                && let Some((len, answer)) = frames::control(rest).map_err(io::Error::other)?
            {
                member.stream.write_all(&answer)?;
                rest = &rest[len..];
                continue;
            }
            write_number(&mut self.answer[self.answer_number..][..DIGITS], member.answered, [0; 4]);
            let expected = &self.answer[member.begun..];
            let (piece, later) = rest.split_at(expected.len().min(rest.len()));
            if piece != &expected[..piece.len()] || member.answered == member.sent {
                return Err(io::Error::other(format!("answer {} is not what was sent", member.answered)));
            }
            member.begun += piece.len();
            if member.begun == self.answer.len() {
                member.begun = 0;
                member.answered += 1;
                let sent = member.times.pop_front().expect("an answer has its question");
                self.latency.add(now - sent);
                answers += 1;
            }
            rest = later;
        }
        self.answered += answers as u64;
        Ok(answers)
    }
}

fn write(stream: &mut TcpStream, octets: &[u8]) -> io::Result<usize> {
    match stream.write(octets) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// A number in hexadecimal digits, masked.
fn write_number(digits: &mut [u8], number: u64, key: [u8; 4]) {
    for (index, digit) in digits.iter_mut().enumerate() {
        let value = number >> (4 * (DIGITS - 1 - index)) & 15;
        *digit = b"0123456789abcdef"[value as usize] ^ key[index % 4];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_hexadecimal_digits() {
        let mut digits = [0; DIGITS];
        write_number(&mut digits, 0x1234_abcd, [0; 4]);
        assert_eq!(&digits, b"000000001234abcd");
        let mut masked = [0; DIGITS];
        write_number(&mut masked, 0x1234_abcd, KEY);
        websocket_driver::mask::apply(&mut masked, KEY, 0);
        assert_eq!(masked, digits);
    }
}
