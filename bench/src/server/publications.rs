//! What a room is told and in which order it has to say it: the truth against which every delivery is checked.
//!
//! All subscribers of a room hear one order, so what one of them receives is, octet by octet, what all others
//! receive. Whoever hears a publication first says which one it is and where it stands; it is checked against what
//! was sent. For everybody else it is a comparison of octets.

use std::collections::HashMap;
use std::time::Instant;

use super::frames;
use super::histogram::Histogram;

/// The most publications that can be under way; a power of two.
pub const UNDER_WAY: usize = 4096;

/// Digits at the beginning of a payload that number it.
const DIGITS: usize = 16;

pub struct Publications {
    payload_len: usize,
    header: Vec<u8>,
    /// By number, modulo `UNDER_WAY`: when it was due, from whom it is, and whether somebody has heard it.
    sent: Vec<Sent>,
    /// By place in the room's order, modulo `UNDER_WAY`: its frame, when it was due, how many still wait for it.
    frames: Vec<u8>,
    due: Vec<Instant>,
    waiting: Vec<usize>,
    /// The number of the last publication that was heard from each sender.
    heard_from: HashMap<usize, u64>,
    pub published: u64,
    /// Places in the order that are known.
    pub known: u64,
    /// Publications that everybody has heard.
    pub completed: u64,
    pub latency: Histogram,
}

#[derive(Clone, Copy)]
struct Sent {
    due: Instant,
    sender: usize,
    is_heard: bool,
}

impl Publications {
    pub fn new(payload_len: usize) -> Publications {
        let header = frames::server_header(payload_len);
        let now = Instant::now();
        let nothing = Sent { due: now, sender: 0, is_heard: true };
        Publications {
            payload_len,
            frames: vec![0; (header.len() + payload_len) * UNDER_WAY],
            header,
            sent: vec![nothing; UNDER_WAY],
            due: vec![now; UNDER_WAY],
            waiting: vec![0; UNDER_WAY],
            heard_from: HashMap::new(),
            published: 0,
            known: 0,
            completed: 0,
            latency: Histogram::default(),
        }
    }

    pub fn frame_len(&self) -> usize {
        self.header.len() + self.payload_len
    }

    pub fn under_way(&self) -> usize {
        (self.published - self.completed) as usize
    }

    /// The payload of the next publication, which counts as sent when it was due.
    pub fn publish(&mut self, sender: usize, due: Instant) -> Vec<u8> {
        assert!(self.under_way() < UNDER_WAY, "whoever publishes looks first");
        let number = self.published;
        self.published += 1;
        self.sent[slot(number)] = Sent { due, sender, is_heard: false };
        payload(number, self.payload_len)
    }

    /// A subscriber that has heard `place` publications receives octets. Says how many it has heard then, and how
    /// many octets those were: the next is a control frame, or has not arrived whole.
    pub fn heard(
        &mut self,
        mut place: u64,
        octets: &[u8],
        members: usize,
        now: Instant,
    ) -> Result<(u64, usize), String> {
        let frame_len = self.frame_len();
        let mut rest = octets;
        while rest.len() >= frame_len && !frames::is_control(rest) {
            if place == self.known {
                self.learn(&rest[..frame_len], members)?;
            }
            // As many as are known, and as lie in one piece.
            let from = slot(place);
            let known = (self.known - place) as usize;
            let count = known.min(rest.len() / frame_len).min(UNDER_WAY - from);
            let expected = &self.frames[from * frame_len..(from + count) * frame_len];
            let count =
                if rest[..expected.len()] == *expected { count } else { same(rest, expected, frame_len) };
            if count == 0 {
                return Err(format!("subscribers hear different things at place {place}"));
            }
            for slot in from..from + count {
                self.latency.add(now.saturating_duration_since(self.due[slot]));
                self.waiting[slot] -= 1;
                self.completed += u64::from(self.waiting[slot] == 0);
            }
            place += count as u64;
            rest = &rest[count * frame_len..];
        }
        Ok((place, octets.len() - rest.len()))
    }

    /// The first subscriber hears something.
    fn learn(&mut self, frame: &[u8], members: usize) -> Result<(), String> {
        let payload =
            frame.strip_prefix(&self.header[..]).ok_or_else(|| format!("a strange frame: {frame:02x?}"))?;
        let number = std::str::from_utf8(&payload[..DIGITS]).ok().and_then(|digits| digits.parse().ok());
        let number: u64 = number.ok_or_else(|| format!("a strange payload: {payload:02x?}"))?;
        let Sent { due, sender, is_heard } = self.sent[slot(number)];
        let is_expected = number < self.published && number + UNDER_WAY as u64 >= self.published && !is_heard;
        if !is_expected || payload != self::payload(number, self.payload_len) {
            return Err(format!("publication {number} was not sent like that, or comes again"));
        }
        self.sent[slot(number)].is_heard = true;
        let last = self.heard_from.insert(sender, number);
        if last.is_some_and(|last| last > number) {
            return Err(format!("publication {number} comes behind a later one of the same sender"));
        }
        let (slot, frame_len) = (slot(self.known), self.frame_len());
        self.frames[slot * frame_len..(slot + 1) * frame_len].copy_from_slice(frame);
        self.due[slot] = due;
        self.waiting[slot] = members;
        self.known += 1;
        Ok(())
    }

    /// Forgets the latencies so far.
    pub fn take_latency(&mut self) -> Histogram {
        std::mem::take(&mut self.latency)
    }
}

/// How many frames at the beginning are as expected.
fn same(octets: &[u8], expected: &[u8], frame_len: usize) -> usize {
    octets.chunks(frame_len).zip(expected.chunks(frame_len)).take_while(|(one, other)| one == other).count()
}

fn slot(number: u64) -> usize {
    number as usize % UNDER_WAY
}

/// A number, and letters that depend on it.
fn payload(number: u64, len: usize) -> Vec<u8> {
    let mut payload = format!("{number:0DIGITS$}").into_bytes();
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while payload.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        payload.push(b'a' + (state >> 33) as u8 % 26);
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 64;

    fn frame(payload: &[u8]) -> Vec<u8> {
        [&frames::server_header(LEN)[..], payload].concat()
    }

    /// Two publications of two senders, as frames.
    fn two() -> (Publications, Vec<u8>, Vec<u8>) {
        let mut publications = Publications::new(LEN);
        let now = Instant::now();
        let (one, two) = (publications.publish(0, now), publications.publish(1, now));
        (publications, frame(&one), frame(&two))
    }

    #[test]
    fn the_first_subscriber_makes_the_order_and_the_others_keep_it() {
        let (mut publications, one, two) = two();
        let both = [&two[..], &one[..]].concat();
        let now = Instant::now();
        assert_eq!(publications.heard(0, &both, 2, now), Ok((2, 132)));
        assert_eq!(publications.under_way(), 2);
        assert_eq!(publications.heard(0, &two, 2, now), Ok((1, 66)));
        assert_eq!(publications.heard(1, &one, 2, now), Ok((2, 66)));
        assert_eq!((publications.under_way(), publications.completed), (0, 2));
    }

    #[test]
    fn what_is_wrong_is_noticed() {
        let now = Instant::now();
        type Wrong = fn(&[u8], &[u8]) -> Vec<u8>;
        let cases: [(&str, Wrong); 4] = [
            ("comes again", |one, _| [one, one].concat()),
            ("not sent like that", |one, _| [&one[..60], b"ABCDEF"].concat()),
            ("strange frame", |one, _| [b"\x02", &one[1..]].concat()),
            ("strange payload", |one, _| [&one[..2], &one[30..], &one[2..30]].concat()),
        ];
        for (what, wrong) in cases {
            let (mut publications, one, two) = two();
            let error = publications.heard(0, &wrong(&one, &two), 2, now).unwrap_err();
            assert!(error.contains(what), "{what}: {error}");
        }
    }

    #[test]
    fn another_order_for_another_subscriber_is_noticed() {
        let (mut publications, one, two) = two();
        let now = Instant::now();
        publications.heard(0, &[&one[..], &two[..]].concat(), 2, now).unwrap();
        assert!(publications.heard(0, &two, 2, now).unwrap_err().contains("different things"));
    }

    #[test]
    fn a_ping_between_publications_is_left_to_the_caller() {
        let (mut publications, one, two) = two();
        let now = Instant::now();
        publications.heard(0, &[&one[..], &two[..]].concat(), 2, now).unwrap();
        let with_ping = [&one[..], b"\x89\x00", &two[..]].concat();
        assert_eq!(publications.heard(0, &with_ping, 2, now), Ok((1, one.len())));
        assert_eq!(publications.heard(1, &with_ping[one.len() + 2..], 2, now), Ok((2, two.len())));
        assert_eq!(publications.completed, 2);
    }

    #[test]
    fn the_order_of_one_sender_is_kept() {
        let mut publications = Publications::new(LEN);
        let now = Instant::now();
        let (one, two) = (publications.publish(0, now), publications.publish(0, now));
        let wrong = [frame(&two), frame(&one)].concat();
        assert!(publications.heard(0, &wrong, 1, now).unwrap_err().contains("behind a later one"));
    }
}
