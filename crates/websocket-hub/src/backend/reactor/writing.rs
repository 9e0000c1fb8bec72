//! What many connections have to say, in one batch.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::time::Instant;

use super::engine::{Engine, Send};
use super::peer::Peer;
use crate::fanout::{Fanout, MAX_PIECES, Plan};

/// Several pieces of up to so many octets together are copied into one, which costs less than having the kernel
/// look at each.
const MAX_GATHERED: usize = 4096;
/// Memory for copies that is kept from one batch to the next.
const MAX_KEPT: usize = 64 * 1024;

/// Memory for batches, which is kept from one to the next.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) plans: Vec<Plan>,
    pub(super) written: Vec<io::Result<usize>>,
    /// Which of the batch may have something to say.
    pub(super) writes: Vec<bool>,
    /// Where those are in the batch that do.
    writers: Vec<usize>,
    outputs: Vec<Output>,
    gathered: Vec<u8>,
}

/// What one connection of the batch has to say.
struct Output {
    /// Where its plan is.
    nth: usize,
    len: usize,
    /// Where it is among the pieces, or, if it was copied, among the gathered octets.
    place: Range<usize>,
    is_gathered: bool,
}

impl Writer {
    /// Writes what each of the batch has to say, and notes which of them may have had anything.
    pub(super) fn write(
        &mut self,
        engine: &mut impl Engine,
        batch: &mut [(u64, Peer)],
        fanout: &mut Fanout,
        now: Instant,
    ) {
        if self.plans.len() < batch.len() {
            self.plans.resize_with(batch.len(), Plan::default);
        }
        let spare = &mut self.plans[0];
        self.writes.clear();
        self.writes.extend(batch.iter_mut().map(|(_, peer)| peer.prepare(spare, fanout, now)));
        self.writers.clear();
        self.writers.extend((0..batch.len()).filter(|index| self.writes[*index]));
        for (plan, index) in self.plans.iter_mut().zip(&self.writers) {
            batch[*index].1.plan(plan, fanout);
        }
        self.send(engine, batch, fanout);
        for (Output { nth, len, .. }, written) in self.outputs.iter().zip(&self.written) {
            batch[self.writers[*nth]].1.written(written, *len, &self.plans[*nth], fanout, now);
        }
    }

    /// Sends what is planned.
    fn send(&mut self, engine: &mut impl Engine, batch: &[(u64, Peer)], fanout: &Fanout) {
        let Writer { plans, written, writers, outputs, gathered, .. } = self;
        outputs.clear();
        gathered.clear();
        let mut pieces = Vec::with_capacity(writers.len());
        let mut some = [IoSlice::new(&[]); MAX_PIECES];
        for (nth, index) in writers.iter().enumerate() {
            let count = batch[*index].1.pieces(&plans[nth], fanout, &mut some);
            if count > 0 {
                outputs.push(output(nth, &some[..count], &mut pieces, gathered));
            }
        }
        for output in outputs.iter_mut().filter(|output| output.is_gathered) {
            let piece = IoSlice::new(&gathered[output.place.clone()]);
            output.place = pieces.len()..pieces.len() + 1;
            pieces.push(piece);
        }
        let sends = outputs.iter().map(|output| {
            let socket = batch[writers[output.nth]].1.socket();
            Send { socket, pieces: &pieces[output.place.clone()] }
        });
        engine.send(&sends.collect::<Vec<_>>(), written);
        if gathered.capacity() > MAX_KEPT {
            *gathered = Vec::new();
        }
    }
}

fn output<'a>(
    nth: usize,
    some: &[IoSlice<'a>],
    pieces: &mut Vec<IoSlice<'a>>,
    gathered: &mut Vec<u8>,
) -> Output {
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
    Output { nth, len, place, is_gathered }
}
