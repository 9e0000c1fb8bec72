//! What many connections have to say, in one batch.

use std::io::IoSlice;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use super::peer::Peer;
use super::ring::{Ring, Send};
use crate::fanout::MAX_PIECES;

/// Several pieces of up to so many octets together are copied into one, which costs less than having the kernel
/// look at each.
const MAX_GATHERED: usize = 4096;

/// What one connection of the batch has to say.
struct Output<'a> {
    index: usize,
    socket: BorrowedFd<'a>,
    len: usize,
    /// Where it is among the pieces, or, if it was copied, among the gathered octets.
    place: Range<usize>,
    is_gathered: bool,
}

/// Writes the output of each, and tells them how much went out.
pub(super) fn write(ring: &mut Ring, batch: &mut [(u64, Peer)], now: Instant) {
    let mut written = Vec::new();
    let lens: Vec<(usize, usize)> = {
        let mut gathered = Vec::new();
        let mut pieces = Vec::with_capacity(batch.len());
        let mut outputs = collect(batch, &mut pieces, &mut gathered);
        for output in outputs.iter_mut().filter(|output| output.is_gathered) {
            let piece = IoSlice::new(&gathered[output.place.clone()]);
            output.place = pieces.len()..pieces.len() + 1;
            pieces.push(piece);
        }
        let sends = outputs.iter().map(|output| (output.socket, output.place.clone()));
        let sends: Vec<_> = sends.map(|(socket, place)| Send { socket, pieces: &pieces[place] }).collect();
        ring.send(&sends, &mut written);
        outputs.iter().map(|output| (output.index, output.len)).collect()
    };
    for ((index, len), written) in lens.into_iter().zip(&written) {
        batch[index].1.written(written, len, now);
    }
}

fn collect<'a>(
    batch: &'a mut [(u64, Peer)],
    pieces: &mut Vec<IoSlice<'a>>,
    gathered: &mut Vec<u8>,
) -> Vec<Output<'a>> {
    let mut outputs = Vec::with_capacity(batch.len());
    let mut some = [IoSlice::new(&[]); MAX_PIECES];
    for (index, (_, peer)) in batch.iter_mut().enumerate() {
        let (socket, count) = peer.output(&mut some);
        if count == 0 {
            continue;
        }
        let some = &some[..count];
        let len = some.iter().map(|piece| piece.len()).sum();
        let is_gathered = count > 1 && len <= MAX_GATHERED;
        let begin = if is_gathered { gathered.len() } else { pieces.len() };
        let place = if is_gathered {
            some.iter().for_each(|piece| gathered.extend_from_slice(piece));
            begin..gathered.len()
        } else {
            pieces.extend_from_slice(some);
            begin..pieces.len()
        };
        outputs.push(Output { index, socket, len, place, is_gathered });
    }
    outputs
}
