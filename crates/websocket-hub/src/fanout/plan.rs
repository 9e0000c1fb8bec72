//! What one connection writes next: its own frames and what its topics publish, merged by number.

use std::io::IoSlice;

use super::receiver::Subscription;
use super::sweep::Fanout;

/// The most pieces that one system call writes; Linux takes 1,024.
pub(crate) const MAX_PIECES: usize = 64;

/// What a connection has to write of its own.
pub(crate) trait Own {
    /// The octets of its `nth` piece, and the number of the publication that it stands behind.
    fn piece(&self, nth: usize) -> Option<(&[u8], u64)>;

    /// How many pieces at the front are what is left of a frame that has begun to go out.
    fn begun(&self) -> usize;
}

/// Pieces in the order in which they go out. Made anew for each write, in memory that is kept.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) segments: Vec<Segment>,
    /// Where the cursors of the connection's subscriptions would be.
    cursors: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Own { nth: usize, len: usize },
    Log { place: Subscription, from: u64, to: u64 },
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The pieces themselves; says how many there are.
    pub(crate) fn pieces<'a>(
        &self,
        own: &'a impl Own,
        fanout: Option<&'a Fanout>,
        pieces: &mut [IoSlice<'a>],
    ) -> usize {
        for (piece, segment) in pieces.iter_mut().zip(&self.segments) {
            let octets = match *segment {
                Segment::Own { nth, .. } => own.piece(nth).expect("nothing changed since").0,
                Segment::Log { place, from, to } => {
                    let log = fanout.expect("it was there when it was planned").log(place);
                    log.slice(&log.subscribers[place.at as usize], from, to)
                }
            };
            *piece = IoSlice::new(octets);
        }
        self.segments.len()
    }

    /// Moves the cursors by what went out, `count` octets in all, and says how many of them were the connection's
    /// own.
    pub(crate) fn written(&self, mut count: usize, mut fanout: Option<&mut Fanout>) -> usize {
        let mut own = 0;
        for segment in &self.segments {
            let len = match segment {
                Segment::Own { len, .. } => *len,
                Segment::Log { from, to, .. } => usize::try_from(to - from).expect("it lies in memory"),
            };
            let written = len.min(count);
            count -= written;
            match (segment, &mut fanout) {
                (Segment::Own { .. }, _) => own += written,
                (Segment::Log { place, .. }, Some(fanout)) if written > 0 => {
                    fanout.log_mut(*place).advance(place.at as usize, written);
                }
                _ => {}
            }
        }
        own
    }
}

/// Makes the plan of a connection, with publications up to number `until`; `seat` is its place, if it has one.
pub(crate) fn merge(plan: &mut Plan, own: &impl Own, seat: Option<(u32, &Fanout)>, until: u64) {
    plan.segments.clear();
    plan.cursors.clear();
    let mut nth = 0;
    let push_own = |segments: &mut Vec<Segment>, nth: &mut usize| {
        let Some((octets, _)) = own.piece(*nth) else { return false };
        segments.push(Segment::Own { nth: *nth, len: octets.len() });
        *nth += 1;
        true
    };
    let Some((index, fanout)) = seat else {
        while plan.segments.len() < MAX_PIECES && push_own(&mut plan.segments, &mut nth) {}
        return;
    };
    let subscriptions = fanout.subscriptions(index);
    let subscriber = |place: &Subscription| &fanout.log(*place).subscribers[place.at as usize];
    plan.cursors.extend(subscriptions.iter().map(|place| subscriber(place).position()));
    // What has begun is completed before anything else.
    if own.begun() > 0 {
        while nth < own.begun() && push_own(&mut plan.segments, &mut nth) {}
    } else if let Some(begun) = subscriptions.iter().position(|place| subscriber(place).begun) {
        let place = subscriptions[begun];
        let from = plan.cursors[begun];
        let to = fanout.log(place).frame_end(subscriber(&place), from);
        plan.segments.push(Segment::Log { place, from, to });
        plan.cursors[begun] = to;
    }
    while plan.segments.len() < MAX_PIECES {
        let bound = own.piece(nth).map_or(until, |(_, after)| after);
        match next_run(fanout, subscriptions, &plan.cursors, bound) {
            Some((which, run)) => {
                if let Segment::Log { to, .. } = run {
                    plan.cursors[which] = to;
                }
                plan.segments.push(run);
            }
            None if push_own(&mut plan.segments, &mut nth) => {}
            None => return,
        }
    }
}

/// The oldest publications up to number `bound` that are not planned yet, as many as come from one log in a row.
fn next_run(
    fanout: &Fanout,
    subscriptions: &[Subscription],
    cursors: &[u64],
    bound: u64,
) -> Option<(usize, Segment)> {
    let (mut oldest, mut second) = (None::<(u64, usize)>, u64::MAX);
    for (which, (place, cursor)) in subscriptions.iter().zip(cursors).enumerate() {
        let log = fanout.log(*place);
        let subscriber = &log.subscribers[place.at as usize];
        if *cursor >= log.end(subscriber) {
            continue;
        }
        let Some(sequence) = log.sequence_at(subscriber, *cursor) else { continue };
        match oldest {
            Some((first, _)) if first < sequence => second = second.min(sequence),
            _ => {
                second = oldest.map_or(second, |(first, _)| first);
                oldest = Some((sequence, which));
            }
        }
    }
    let (sequence, which) = oldest.filter(|(sequence, _)| *sequence <= bound)?;
    let place = subscriptions[which];
    let log = fanout.log(place);
    let subscriber = &log.subscribers[place.at as usize];
    let from = cursors[which];
    let last = bound.min(second - 1).max(sequence);
    let to = log.run_end(subscriber, from, last).min(log.end(subscriber));
    Some((which, Segment::Log { place, from, to }))
}
