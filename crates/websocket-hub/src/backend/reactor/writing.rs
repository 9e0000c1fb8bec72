//! What many connections have to say, in one batch.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use super::engine::{Engine, Send};
use super::peer::Peer;
use crate::fanout::{Fanout, MAX_PIECES, Plan};

/// Several pieces of up to so many octets together are copied into one, which costs less than having the kernel
/// look at each.
const MAX_GATHERED: usize = 4096;

/// Memory for batches, which is kept from one to the next.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) plans: Vec<Plan>,
    pub(super) written: Vec<io::Result<usize>>,
}

/// What one connection of the batch has to say.
struct Output<'a> {
    /// Where its plan is.
    nth: usize,
    socket: BorrowedFd<'a>,
    len: usize,
    /// Where it is among the pieces, or, if it was copied, among the gathered octets.
    place: Range<usize>,
    is_gathered: bool,
}

impl Writer {
    /// Writes what each of the batch has to say. Says which of them may have had anything.
    pub(super) fn write(
        &mut self,
        engine: &mut impl Engine,
        batch: &mut [(u64, Peer)],
        fanout: &mut Fanout,
        now: Instant,
    ) -> Vec<bool> {
        if self.plans.len() < batch.len() {
            self.plans.resize_with(batch.len(), Plan::default);
        }
        let spare = &mut self.plans[0];
        let writes: Vec<bool> = batch.iter_mut().map(|(_, peer)| peer.prepare(spare, fanout, now)).collect();
        let writers: Vec<usize> = (0..batch.len()).filter(|index| writes[*index]).collect();
        for (plan, index) in self.plans.iter_mut().zip(&writers) {
            batch[*index].1.plan(plan, fanout);
        }
        let lens = self.send(engine, batch, &writers, fanout);
        for ((nth, len), written) in lens.into_iter().zip(&self.written) {
            batch[writers[nth]].1.written(written, len, &self.plans[nth], fanout, now);
        }
        writes
    }

    /// Sends what is planned. Says, for each send, whose plan it was and how many octets there were.
    fn send(
        &mut self,
        engine: &mut impl Engine,
        batch: &[(u64, Peer)],
        writers: &[usize],
        fanout: &Fanout,
    ) -> Vec<(usize, usize)> {
        let mut gathered = Vec::new();
        let mut pieces = Vec::with_capacity(writers.len());
        let mut outputs = Vec::with_capacity(writers.len());
        let mut some = [IoSlice::new(&[]); MAX_PIECES];
        for (nth, index) in writers.iter().enumerate() {
            let peer = &batch[*index].1;
            let count = peer.pieces(&self.plans[nth], fanout, &mut some);
            if count > 0 {
                outputs.push(output(nth, peer, &some[..count], &mut pieces, &mut gathered));
            }
        }
        for output in outputs.iter_mut().filter(|output| output.is_gathered) {
            let piece = IoSlice::new(&gathered[output.place.clone()]);
            output.place = pieces.len()..pieces.len() + 1;
            pieces.push(piece);
        }
        let sends = outputs.iter().map(|output| (output.socket, output.place.clone()));
        let sends: Vec<_> = sends.map(|(socket, place)| Send { socket, pieces: &pieces[place] }).collect();
        engine.send(&sends, &mut self.written);
        outputs.iter().map(|output| (output.nth, output.len)).collect()
    }
}

fn output<'a>(
    nth: usize,
    peer: &'a Peer,
    some: &[IoSlice<'a>],
    pieces: &mut Vec<IoSlice<'a>>,
    gathered: &mut Vec<u8>,
) -> Output<'a> {
    let len = some.iter().map(|piece| piece.len()).sum();
    let is_gathered = some.len() > 1 && len <= MAX_GATHERED;
    let place = if is_gathered {
        let begin = gathered.len();
        some.iter().for_each(|piece| gathered.extend_from_slice(piece));
        begin..gathered.len()
    } else {
        pieces.extend_from_slice(some);
        pieces.len() - some.len()..pieces.len()
    };
    Output { nth, socket: peer.socket(), len, place, is_gathered }
}
