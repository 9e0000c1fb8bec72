//! A slice of the sweep: what is published goes out to sockets, from where it lies.

use std::io::IoSlice;
use std::time::Instant;

use super::engine::{Engine, Send};
use super::peer::Peer;
use super::slab::Slab;
use super::writing::Writer;
use crate::fanout::{Fanout, SLICE, Straight, Visit};
use crate::worker::{Seats, Sitter};

/// What a slice has left to do.
#[derive(Default)]
pub(super) struct Slice {
    /// Connections that have to have a turn.
    pub(super) turns: Vec<u64>,
    /// There is more to be swept.
    pub(super) has_more: bool,
}

/// Makes some visits.
pub(super) fn sweep(
    engine: &mut impl Engine,
    writer: &mut Writer,
    fanout: &mut Fanout,
    peers: &mut Slab<Peer>,
    seats: &Seats,
    now: Instant,
) -> Slice {
    fanout.collect();
    let mut slice = Slice { turns: Vec::new(), has_more: true };
    let mut visits: Vec<(Straight, u64)> = Vec::new();
    for _ in 0..SLICE {
        let (seat, straight) = match fanout.next() {
            Some(Visit::Straight(straight)) => (straight.seat, Some(straight)),
            Some(Visit::Turn(seat)) => (seat, None),
            None => {
                slice.has_more = false;
                break;
            }
        };
        match (seats.get(seat), straight) {
            (Sitter::Looped(key), Some(straight)) if peers.get(*key).is_some_and(Peer::is_plain) => {
                visits.push((straight, *key));
            }
            (Sitter::Looped(key), _) => {
                fanout.woken(seat);
                slice.turns.push(*key);
            }
            (Sitter::Task(waker), _) => {
                fanout.woken(seat);
                waker.wake_by_ref();
            }
            // It is about to look by itself.
            (Sitter::Nobody, _) => fanout.woken(seat),
        }
    }
    let lens = send(engine, writer, fanout, peers, &visits);
    for (((visit, key), len), written) in visits.into_iter().zip(lens).zip(&writer.written) {
        let Some(peer) = peers.get_mut(key) else { continue };
        let count = peer.published(written, len, now);
        fanout.advance(visit, count);
        if count < len {
            fanout.block(visit.seat);
            slice.turns.push(key);
        }
    }
    slice
}

/// Sends each its lag; says how many octets that were.
fn send(
    engine: &mut impl Engine,
    writer: &mut Writer,
    fanout: &Fanout,
    peers: &Slab<Peer>,
    visits: &[(Straight, u64)],
) -> Vec<usize> {
    let lags: Vec<IoSlice<'_>> = visits.iter().map(|(visit, _)| IoSlice::new(fanout.lag(*visit))).collect();
    let sockets = visits.iter().filter_map(|(_, key)| peers.get(*key)).map(Peer::socket);
    let sends: Vec<_> =
        sockets.zip(&lags).map(|(socket, lag)| Send { socket, pieces: std::slice::from_ref(lag) }).collect();
    engine.send(&sends, &mut writer.written);
    lags.iter().map(|lag| lag.len()).collect()
}
