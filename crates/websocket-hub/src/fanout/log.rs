//! A topic's log on one core: what was published of late, and who has read how far.

use std::collections::VecDeque;
use std::sync::Arc;

use websocket_driver::Prepared;

use super::lane::{Form, Lane};
use super::terms::Terms;

/// How many octets a log may hold before it is looked for what nobody needs any more, while sweeps never end.
const TRIM_FROM: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Log {
    pub(super) terms: Arc<Terms>,
    lanes: [Lane; 2],
    /// What is kept, oldest first.
    publications: VecDeque<Publication>,
    /// In no order.
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) sweep: Sweep,
    trim_at: usize,
}

#[derive(Debug)]
struct Publication {
    sequence: u64,
    /// Where it ends in each form.
    ends: [u64; 2],
}

/// How far a sweep over the subscribers has come. It goes round, and begins where the last one ended.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    pub(super) at: usize,
    /// How many subscribers are still to be visited.
    pub(super) left: usize,
    /// How many were visited since the log had its last turn among the logs.
    pub(super) lap: usize,
    /// Octets that were published since everybody was last visited.
    pub(super) octets: usize,
}

/// A receiver's place in a log.
#[derive(Debug)]
pub(super) struct Subscriber {
    /// The receiver.
    pub(super) seat: u32,
    pub(super) form: Form,
    /// The frame at the cursor has begun to go out.
    pub(super) begun: bool,
    /// What has gone out ends here.
    pub(super) cursor: u64,
    /// Where the subscription ends.
    pub(super) until: u64,
}

impl Log {
    pub(super) fn new(terms: Arc<Terms>) -> Self {
        Log {
            terms,
            lanes: [Lane::default(), Lane::default()],
            publications: VecDeque::new(),
            subscribers: Vec::new(),
            sweep: Sweep::default(),
            trim_at: TRIM_FROM,
        }
    }

    fn lane(&self, form: Form) -> &Lane {
        &self.lanes[form as usize]
    }

    pub(super) fn append(&mut self, sequence: u64, prepared: &Prepared, spare: &mut Vec<Vec<u8>>) {
        for form in Form::ALL {
            let lane = &mut self.lanes[form as usize];
            if lane.subscribers > 0 {
                let plain = prepared.server_frame();
                let frame = match form {
                    Form::Plain => plain,
                    Form::Compressed => prepared.compressed_server_frame().unwrap_or(plain),
                };
                lane.append(frame, spare);
            }
        }
        let ends = Form::ALL.map(|form| self.lane(form).end());
        self.publications.push_back(Publication { sequence, ends });
        self.sweep.left = self.subscribers.len();
        self.sweep.octets += prepared.server_frame().len();
        if self.lanes.iter().map(Lane::len).sum::<usize>() > self.trim_at {
            self.trim(spare);
        }
    }

    /// Adds a subscriber, who hears what comes from now on, and says where it is.
    pub(super) fn add(&mut self, seat: u32, form: Form) -> usize {
        self.lanes[form as usize].subscribers += 1;
        let cursor = self.lane(form).end();
        self.subscribers.push(Subscriber { seat, form, begun: false, cursor, until: u64::MAX });
        self.subscribers.len() - 1
    }

    /// Takes a subscriber away. Says whose place is now its own, if anybody's was changed.
    pub(super) fn remove(&mut self, at: usize) -> Option<u32> {
        let gone = self.subscribers.swap_remove(at);
        self.lanes[gone.form as usize].subscribers -= 1;
        if self.sweep.left > 0 {
            // Somebody may have been moved to where the sweep has been. Another round finds who has everything.
            self.sweep.left = self.subscribers.len();
        }
        self.subscribers.get(at).map(|moved| moved.seat)
    }

    /// Where the output of a subscriber ends for now.
    pub(super) fn end(&self, subscriber: &Subscriber) -> u64 {
        self.lane(subscriber.form).end().min(subscriber.until)
    }

    /// Octets that a subscriber has not been given.
    pub(super) fn lag(&self, subscriber: &Subscriber) -> usize {
        usize::try_from(self.end(subscriber) - subscriber.cursor).unwrap_or(usize::MAX)
    }

    pub(super) fn slice(&self, form: Form, from: u64, to: u64) -> &[u8] {
        self.lane(form).slice(from, to)
    }

    /// So many octets more went out.
    pub(super) fn advance(&mut self, at: usize, count: usize) {
        let subscriber = &self.subscribers[at];
        let cursor = subscriber.cursor + count as u64;
        let begun = cursor < self.end(subscriber) && !self.is_boundary(subscriber.form, cursor);
        let subscriber = &mut self.subscribers[at];
        subscriber.cursor = cursor;
        subscriber.begun = begun;
    }

    /// Ends a subscription behind the publication with this number, or at the end of the frame that has begun.
    pub(super) fn end_after(&mut self, at: usize, sequence: u64) {
        let subscriber = &self.subscribers[at];
        let from = if subscriber.begun {
            self.frame_end(subscriber.form, subscriber.cursor)
        } else {
            subscriber.cursor
        };
        let until = from.max(self.run_end(subscriber.form, from, sequence));
        let subscriber = &mut self.subscribers[at];
        subscriber.until = subscriber.until.min(until);
    }

    /// The number of the publication at a position; `None` at the end.
    pub(super) fn sequence_at(&self, form: Form, position: u64) -> Option<u64> {
        self.publications.get(self.index_at(form, position)).map(|publication| publication.sequence)
    }

    /// Where the frame ends that the octet at `position` belongs to.
    pub(super) fn frame_end(&self, form: Form, position: u64) -> u64 {
        self.publications[self.index_at(form, position)].ends[form as usize]
    }

    /// Where the last publication up to `sequence` ends; `position` if there is none behind it.
    pub(super) fn run_end(&self, form: Form, position: u64, sequence: u64) -> u64 {
        let count = self.publications.partition_point(|publication| publication.sequence <= sequence);
        let end = count.checked_sub(1).map_or(0, |last| self.publications[last].ends[form as usize]);
        end.max(position)
    }

    fn is_boundary(&self, form: Form, position: u64) -> bool {
        let before =
            self.publications.partition_point(|publication| publication.ends[form as usize] < position);
        self.publications.get(before).is_some_and(|publication| publication.ends[form as usize] == position)
    }

    fn index_at(&self, form: Form, position: u64) -> usize {
        self.publications.partition_point(|publication| publication.ends[form as usize] <= position)
    }

    /// Forgets what nobody needs any more.
    pub(super) fn trim(&mut self, spare: &mut Vec<Vec<u8>>) {
        let mut needed = Form::ALL.map(|form| self.lane(form).end());
        for subscriber in &self.subscribers {
            let needed = &mut needed[subscriber.form as usize];
            *needed = subscriber.cursor.min(*needed);
        }
        for (lane, needed) in self.lanes.iter_mut().zip(needed) {
            lane.trim(needed, spare);
        }
        let is_needed = |publication: &Publication| {
            publication
                .ends
                .iter()
                .zip(&self.lanes)
                .zip(needed)
                .any(|((end, lane), needed)| lane.subscribers > 0 && *end > needed)
        };
        while self.publications.front().is_some_and(|oldest| !is_needed(oldest)) {
            self.publications.pop_front();
        }
        if self.publications.is_empty() && self.publications.capacity() > 64 {
            self.publications = VecDeque::new();
        }
        self.trim_at = TRIM_FROM.max(2 * self.lanes.iter().map(Lane::len).sum::<usize>());
    }
}
