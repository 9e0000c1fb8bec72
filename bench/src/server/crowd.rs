//! The load of a room: many connections in one thread around epoll. What each hears is checked.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::attention::{Attention, LOOK};
use super::frames;
use super::handshake::{self, PATIENCE};
use super::histogram::Histogram;
use super::process::Process;
use super::publications::{Publications, UNDER_WAY};

/// Who speaks when, and with which masking keys, is the same in every run.
const SEED: u64 = 0x5EED_2026;
/// Octets read at a time.
const BUFFER: usize = 256 * 1024;

pub struct Crowd {
    attention: Attention,
    members: Vec<Member>,
    /// How many of them listen.
    listening: usize,
    /// In which order they speak, and whose turn it is.
    speakers: Vec<usize>,
    turn: usize,
    random: StdRng,
    publications: Publications,
    buffer: Vec<u8>,
    pub deliveries: u64,
    /// Reads that brought something.
    pub reads: u64,
}

struct Member {
    stream: TcpStream,
    /// How many publications it has heard.
    place: u64,
    /// The beginning of a frame.
    begun: Vec<u8>,
}

impl Crowd {
    /// Connects `size` subscribers of a room whose messages have so many octets.
    pub fn connect(server: &Process, size: usize, payload_len: usize) -> io::Result<Crowd> {
        let mut crowd = Crowd {
            attention: Attention::new()?,
            members: Vec::new(),
            listening: 0,
            speakers: Vec::new(),
            turn: 0,
            random: StdRng::seed_from_u64(SEED),
            publications: Publications::new(payload_len),
            buffer: vec![0; BUFFER],
            deliveries: 0,
            reads: 0,
        };
        crowd.join(server, size)?;
        Ok(crowd)
    }

    /// So many more come, while nothing is under way.
    pub fn join(&mut self, server: &Process, count: usize) -> io::Result<()> {
        assert_eq!(self.under_way(), 0, "who comes hears all or nothing of a publication");
        for stream in handshake::connect(server.address, count)? {
            stream.set_nonblocking(true)?;
            self.attention.add(&stream, self.members.len())?;
            self.members.push(Member { stream, place: self.publications.known, begun: Vec::new() });
        }
        self.listening = self.members.len();
        self.speakers = (0..self.members.len()).collect();
        self.speakers.shuffle(&mut self.random);
        server.settle()
    }

    /// The next one speaks.
    pub fn next_speaks(&mut self, due: Instant) -> io::Result<()> {
        let speaker = self.speakers[self.turn % self.speakers.len()];
        self.turn += 1;
        self.speaks(speaker, due)
    }

    /// One and the same speaks, whenever this is called.
    pub fn first_speaks(&mut self, due: Instant) -> io::Result<()> {
        self.speaks(self.speakers[0], due)
    }

    fn speaks(&mut self, speaker: usize, due: Instant) -> io::Result<()> {
        let payload = self.publications.publish(speaker, due);
        let frame = frames::text(&payload, self.random.random());
        let written = self.members[speaker].stream.write(&frame)?;
        if written == frame.len() { Ok(()) } else { Err(io::Error::other("the server has stopped reading")) }
    }

    pub fn under_way(&self) -> usize {
        self.publications.under_way()
    }

    /// Whether one more may be under way.
    pub fn has_room(&self) -> bool {
        self.under_way() < UNDER_WAY / 2
    }

    /// Takes the latencies since the last time.
    pub fn take_latency(&mut self) -> Histogram {
        self.publications.take_latency()
    }

    /// Hears what has arrived, after waiting for something so long.
    pub fn listen(&mut self, at_most: Duration) -> io::Result<()> {
        for event in 0..self.attention.wait(at_most)? {
            self.hear(self.attention.at(event).0)?;
        }
        Ok(())
    }

    fn hear(&mut self, index: usize) -> io::Result<()> {
        let member = &mut self.members[index];
        let read = match member.stream.read(&mut self.buffer) {
            Ok(0) => return Err(io::Error::other("the server closed a connection")),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let now = Instant::now();
        self.reads += 1;
        let mut octets = &self.buffer[..read];
        let joined;
        if !member.begun.is_empty() {
            member.begun.extend_from_slice(octets);
            joined = std::mem::take(&mut member.begun);
            octets = &joined;
        }
        let mut used = 0;
        loop {
            let (place, heard) = self
                .publications
                .heard(member.place, &octets[used..], self.listening, now)
                .map_err(io::Error::other)?;
            self.deliveries += place - member.place;
            member.place = place;
            used += heard;
            if !frames::is_control(&octets[used..]) {
                break;
            }
            let Some((len, answer)) = frames::control(&octets[used..]).map_err(io::Error::other)? else {
                break;
            };
            used += len;
            member.stream.write_all(&answer)?;
        }
        if used < octets.len() {
            member.begun = octets[used..].to_vec();
        }
        Ok(())
    }

    /// Until everybody has heard everything.
    pub fn settle(&mut self) -> io::Result<()> {
        let limit = Instant::now() + PATIENCE;
        while self.under_way() > 0 {
            self.listen(LOOK)?;
            if Instant::now() > limit {
                return Err(io::Error::other(format!("{} publications did not arrive", self.under_way())));
            }
        }
        Ok(())
    }

    /// The last one to speak stops reading. Its connection is for the caller to look at later.
    pub fn one_stops_listening(&mut self) -> io::Result<TcpStream> {
        let index = self.speakers.pop().expect("a crowd is not empty");
        self.listening -= 1;
        let stream = &self.members[index].stream;
        self.attention.remove(stream)?;
        stream.try_clone()
    }
}

/// How long to wait at most for the next thing to do.
pub fn until(due: Instant) -> Duration {
    due.saturating_duration_since(Instant::now()).min(LOOK)
}
