//! Control frames that wait to go out: answers to pings, and pings of our own. They overtake messages, so that a
//! long queue does not look like a dead line.

use bytes::Bytes;

use crate::encode::{Masks, append, encode, header};
use crate::frame::{Header, OpCode};
use crate::tail::{SHORT_PAYLOAD, Tail};

/// While less than this waits, in octets, every ping is answered. Above it only the newest one is owed an answer.
const PROMPT_PONGS_BELOW: usize = 1024;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Pings of our own, as frames, oldest first.
    pub(crate) pings: Vec<u8>,
    /// Answers to pings, as frames, oldest first.
    pongs: Tail,
    /// The payload of the newest ping that has no answer in `pongs`. A newer one takes its place
    /// (RFC 6455 §5.5.3 allows it), so a peer that pings without reading costs 125 octets.
    owed_pong: Option<Vec<u8>>,
    /// What of all these is on its way: offered to be written, in part perhaps.
    pub(crate) going: Bytes,
}

impl Control {
    /// Queues a ping of our own.
    pub(crate) fn ping(&mut self, payload: &[u8], masks: &mut Masks) {
        let mut room = [0; Header::MAX_LEN + SHORT_PAYLOAD];
        let len = encode(&mut room, masks, header(OpCode::Ping, payload), payload);
        self.pings.extend_from_slice(&room[..len]);
    }

    /// Answers a ping, or, where too many answers wait already, remembers that the newest ping is to be answered.
    pub(crate) fn owe_pong(&mut self, payload: &[u8], masks: &mut Masks) {
        if self.owed_pong.is_none() && self.pongs.len() < PROMPT_PONGS_BELOW {
            append(&mut self.pongs, masks, header(OpCode::Pong, payload), payload);
        } else {
            let owed = self.owed_pong.get_or_insert_default();
            owed.clear();
            owed.extend_from_slice(payload);
        }
    }

    /// Takes all answers to pings, as frames.
    pub(crate) fn take_answers(&mut self, masks: &mut Masks) -> Tail {
        let mut pongs = std::mem::take(&mut self.pongs);
        if let Some(owed) = self.owed_pong.take() {
            append(&mut pongs, masks, header(OpCode::Pong, &owed), &owed);
        }
        pongs
    }

    /// Forgets the answers that are not on their way.
    pub(crate) fn forget_answers(&mut self) {
        self.pongs = Tail::default();
        self.owed_pong = None;
    }

    /// Puts all that waits on its way, unless something is on its way already.
    pub(crate) fn gather(&mut self, masks: &mut Masks) {
        if self.going.is_empty() {
            let mut frames = self.take_answers(masks);
            frames.push(&std::mem::take(&mut self.pings));
            self.going = Bytes::copy_from_slice(frames.as_slice());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.going.is_empty() && self.pings.is_empty() && self.pongs.is_empty() && self.owed_pong.is_none()
    }

    /// Whether the peer is owed an answer.
    pub(crate) fn owes(&self) -> bool {
        !self.pongs.is_empty() || self.owed_pong.is_some()
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        size_of::<Control>()
            + self.going.len()
            + self.pings.capacity()
            + self.pongs.capacity()
            + self.owed_pong.as_ref().map_or(0, Vec::capacity)
    }
}
