//! The log's thread: it takes up what waits, step by step, and tells what became of it.
//!
//! While one step is being written, the next is gathered and decided. It goes to the disk when that one is done, those
//! who were in it are answered, and they had a moment to join.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::told_once::{Result, ToldOnce};
use super::{Asked, Listener};
use crate::answer::Answer;
use crate::log::Log;
use crate::outcome::Outcome;
use crate::proposal::Proposal;

/// Proposals that become durable in one step at most, so that the first of them does not wait for long.
const STEP: usize = 1_024;
/// Octets of texts that become durable in one step at most, for the same reason.
const STEP_OCTETS: usize = 4 << 20;
/// Proposals that are decided at a time, so that the end of a write is noticed soon.
const PART: usize = 128;
/// Two steps of so many are better than one of twice as many: a sync is cheap beside what they have to write, and one
/// can be decided while the other is being written.
const ENOUGH: usize = 256;
/// Who speaks while others do waits for them this share of what the last step took, if many of them are missing:
/// fewer syncs of the disk are worth more to each of them.
const COMPANY_SHARE: u32 = 4;
/// But not less than this: whoever was just answered goes on when others have heard of it. Two steps where one would
/// do are told in two writes to everybody who is there.
const LEAST_COMPANY: Duration = Duration::from_micros(300);
/// Nobody waits longer than this for company.
const COMPANY: Duration = Duration::from_millis(1);
/// One company in so many waits until nobody comes any more, however many are there: two groups that take turns would
/// do so for ever otherwise, though all of them might go together.
const OPEN: u32 = 16;
/// Looks at who has come while they are waited for.
const LOOKS: u32 = 4;
/// Nobody looks more often than this.
const LOOK: Duration = Duration::from_micros(50);
/// A smaller step than this is not worth waking up for to decide on the next while it is being written.
const BUSY: usize = 32;
/// Erased text is gone from the files after this time: cutting the write-ahead log costs two syncs.
const SCRUB: Duration = Duration::from_secs(1);
/// With nothing to scrub there is nothing to wake up for.
const REST: Duration = Duration::from_secs(86_400);

pub(super) struct Steps {
    log: Box<dyn Log>,
    listener: Listener,
    asked: Receiver<Asked>,
    /// Octets that wait to be taken up.
    waiting: Arc<AtomicUsize>,
    told: Receiver<(u64, Result)>,
    tell: Sender<(u64, Result)>,
    /// What the log has taken and nobody was told of, in order.
    parts: VecDeque<Part>,
    /// The number of the first of them.
    first: u64,
    /// How many of them are being written.
    under_way: usize,
    /// What comes after those.
    next: Size,
    /// Something failed, and is to be settled before anything else is taken up.
    is_troubled: bool,
    /// How many proposals the last step had.
    last: usize,
    /// How many the next one is to have before it begins, if they come soon.
    wanted: usize,
    /// How often somebody was waited for.
    companies: u32,
    begun: Instant,
    /// How long the last step took to be written.
    took: Duration,
    /// How long it took to decide on what is in the next step.
    deciding: Duration,
    /// How long it took to decide on one proposal of the last.
    each: Duration,
    is_clean: bool,
    scrubbed: Instant,
}

/// Some proposals that the log took at once.
struct Part {
    proposals: Vec<Proposal>,
    answers: Vec<Answer>,
    /// What became of them, once that is known.
    result: Option<Result>,
}

#[derive(Clone, Copy, Default)]
struct Size {
    proposals: usize,
    octets: usize,
}

impl Size {
    fn has_room(self) -> bool {
        self.proposals < STEP && self.octets < STEP_OCTETS
    }
}

impl Steps {
    pub(super) fn new(
        log: Box<dyn Log>,
        listener: Listener,
        asked: Receiver<Asked>,
        waiting: Arc<AtomicUsize>,
    ) -> Self {
        let (tell, told) = channel();
        Steps {
            log,
            listener,
            asked,
            waiting,
            told,
            tell,
            parts: VecDeque::new(),
            first: 0,
            under_way: 0,
            next: Size::default(),
            is_troubled: false,
            last: 0,
            wanted: 0,
            companies: 0,
            begun: Instant::now(),
            took: Duration::ZERO,
            deciding: Duration::ZERO,
            each: Duration::ZERO,
            is_clean: false,
            scrubbed: Instant::now(),
        }
    }

    /// Goes on until nobody can hand in anything any more.
    pub(super) fn run(mut self) -> Box<dyn Log> {
        loop {
            match self.asked.recv_timeout(if self.is_clean { REST } else { SCRUB }) {
                Ok(first) => self.work(first),
                Err(RecvTimeoutError::Timeout) => self.scrub_if_due(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // The next start does it if this fails.
        let _ = self.log.scrub();
        self.log
    }

    /// Takes steps until nothing waits any more.
    fn work(&mut self, first: Asked) {
        let part = self.gather(Some(first));
        if self.last <= 1 && part.proposals.len() == 1 {
            // With nothing beside it, there is no better thread than this one.
            self.alone(part);
            return self.scrub_if_due();
        }
        self.take(part);
        while !self.parts.is_empty() {
            if self.under_way == 0 {
                self.keep_company();
                self.begin(0);
            }
            self.wait();
            self.end();
            self.scrub_if_due();
            self.take_what_waits();
        }
    }

    /// Picks up what waits and has room in the next step.
    fn gather(&mut self, mut first: Option<Asked>) -> Part {
        let some = PART.min(self.last);
        let (proposals, answers) = (Vec::with_capacity(some), Vec::with_capacity(some));
        let mut part = Part { proposals, answers, result: None };
        let mut octets = 0;
        while part.proposals.len() < PART && self.next.has_room() {
            let Some(asked) = first.take().or_else(|| self.asked.try_recv().ok()) else { break };
            octets += asked.octets;
            self.next.proposals += 1;
            self.next.octets += asked.octets;
            part.proposals.push(asked.proposal);
            part.answers.push(asked.answer);
        }
        self.waiting.fetch_sub(octets, Ordering::Relaxed);
        part
    }

    fn take(&mut self, part: Part) {
        let number = self.first + self.parts.len() as u64;
        let mut told = ToldOnce::new(number, self.tell.clone());
        self.parts.push_back(part);
        let begun = Instant::now();
        if let Some(part) = self.parts.back() {
            self.log.take(&part.proposals, Box::new(move |result| told.tell(result)));
        }
        self.deciding += begun.elapsed();
        while let Ok(told) = self.told.try_recv() {
            self.hear(told);
        }
    }

    /// Has the log decide on everything that waits and has room in the next step.
    fn take_what_waits(&mut self) {
        while !self.is_troubled {
            let part = self.gather(None);
            if part.proposals.is_empty() {
                break;
            }
            self.take(part);
        }
    }

    /// Those of the last step have just been answered and may be about to go on.
    fn keep_company(&mut self) {
        let patience = (self.took / COMPANY_SHARE).clamp(LEAST_COMPANY, COMPANY);
        let look = LOOK.max(patience / LOOKS);
        let begun = Instant::now();
        self.companies = self.companies.wrapping_add(1);
        let is_open = self.companies.is_multiple_of(OPEN);
        let mut last_came = begun;
        while (is_open || self.next.proposals < self.wanted)
            && self.next.has_room()
            && !self.is_troubled
            && begun.elapsed() < COMPANY
        {
            // Part by part: whoever comes after so many are there joins the next step.
            let part = self.gather(None);
            if !part.proposals.is_empty() {
                self.take(part);
                last_came = Instant::now();
            } else if last_came.elapsed() < patience {
                std::thread::sleep(look);
            } else {
                break;
            }
        }
    }

    /// Begins to write everything that is taken, behind so many parts that are written already.
    fn begin(&mut self, written: usize) {
        self.is_clean = false;
        self.under_way = self.parts.len() - written;
        self.last = std::mem::take(&mut self.next).proposals;
        self.each = std::mem::take(&mut self.deciding) / count(self.last).max(1);
        self.begun = Instant::now();
        self.log.flush();
    }

    /// Waits until what is under way is durable or has failed. Meanwhile, the log decides on what comes.
    fn wait(&mut self) {
        while self.parts.iter().take(self.under_way).any(|part| part.result.is_none()) {
            let told = if self.last < BUSY || self.is_troubled || !self.next.has_room() {
                self.told.recv().ok()
            } else {
                self.told.recv_timeout(LOOK.max(COMPANY.min(self.took / (2 * LOOKS)))).ok()
            };
            match told {
                Some(told) => self.hear(told),
                None => self.take_what_waits(),
            }
        }
    }

    fn hear(&mut self, (number, result): (u64, Result)) {
        self.is_troubled |= result.is_err();
        let part = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(part) = part.and_then(|index| self.parts.get_mut(index)) {
            part.result = Some(result);
        }
    }

    /// Tells what became of what was under way.
    fn end(&mut self) {
        let mut ended = std::mem::take(&mut self.under_way);
        self.took = self.begun.elapsed();
        let is_settled = self.is_troubled;
        if is_settled {
            // What was decided on top of what failed has failed, too.
            self.log.settle();
            while let Ok(told) = self.told.try_recv() {
                self.hear(told);
            }
            ended = self.parts.len();
            self.next = Size::default();
        }
        // The disk need not wait until these are answered, nor until the last who came are decided on.
        if !self.begin_if_enough(ended) {
            self.take_what_waits();
            self.begin_if_enough(ended);
        }
        self.answer(ended);
        // What has failed just now is for the next time.
        self.is_troubled &= !is_settled;
    }

    /// Begins if there is company already, and says whether it has.
    fn begin_if_enough(&mut self, written: usize) -> bool {
        self.wanted = self.worth_waiting_for();
        let is_enough = self.next.proposals >= ENOUGH.max(self.wanted - self.wanted / 4);
        if is_enough {
            self.begin(written);
        }
        is_enough
    }

    /// How many the next step is to have: those of the last may be about to go on, and who came meanwhile is there.
    fn worth_waiting_for(&self) -> usize {
        let all = self.last + self.next.proposals;
        // What a step takes beside what its size makes of it is the disk's, and two steps take that twice. If it is
        // more than it takes to decide on everybody, deciding and writing at the same time would gain less.
        let is_disk_slow = self.took > self.each * count(self.last + all);
        if all < 2 * ENOUGH {
            all
        } else if is_disk_slow {
            all - all / 8
        } else {
            all / 2
        }
    }

    fn answer(&mut self, parts: usize) {
        let mut outcomes = Vec::new();
        for part in self.parts.drain(..parts) {
            self.first += 1;
            match part.result {
                Some(Err(trouble)) if trouble.may_pass() => {
                    part.answers.into_iter().for_each(|answer| answer(Err(trouble.clone())));
                }
                Some(Ok(found)) => {
                    found.iter().zip(part.answers).for_each(|(outcome, answer)| answer(Ok(outcome)));
                    outcomes.extend(found);
                }
                // One damaged row must not keep everybody from speaking: only who needs it fails.
                _ => {
                    for (proposal, answer) in part.proposals.iter().zip(part.answers) {
                        outcomes.extend(append(&mut *self.log, proposal, answer));
                    }
                }
            }
        }
        if !outcomes.is_empty() {
            (self.listener)(&outcomes);
        }
    }

    /// One proposal from its beginning to its end.
    fn alone(&mut self, part: Part) {
        self.is_clean = false;
        self.next = Size::default();
        (self.last, self.wanted) = (1, 1);
        self.begun = Instant::now();
        for (proposal, answer) in part.proposals.iter().zip(part.answers) {
            let outcome = append(&mut *self.log, proposal, answer);
            self.took = self.begun.elapsed();
            outcome.iter().for_each(|outcome| (self.listener)(std::slice::from_ref(outcome)));
        }
    }

    fn scrub_if_due(&mut self) {
        if !self.is_clean && self.scrubbed.elapsed() >= SCRUB {
            // What fails now is tried again in a second.
            self.is_clean = self.log.scrub().unwrap_or(false);
            self.scrubbed = Instant::now();
        }
    }
}

/// For sharing a time among so many.
fn count(proposals: usize) -> u32 {
    u32::try_from(proposals).unwrap_or(u32::MAX)
}

/// Makes one proposal durable and answers it.
fn append(log: &mut dyn Log, proposal: &Proposal, answer: Answer) -> Option<Outcome> {
    match log.append(std::slice::from_ref(proposal)).map(|mut outcomes| outcomes.pop()) {
        Ok(Some(outcome)) => {
            answer(Ok(&outcome));
            Some(outcome)
        }
        Ok(None) => None,
        Err(trouble) => {
            answer(Err(trouble));
            None
        }
    }
}
