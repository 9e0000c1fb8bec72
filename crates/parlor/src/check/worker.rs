//! One client: it comes, says what it has to say until it is acknowledged, and comes back when it is cut off.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until};

use super::chance::Chance;
use super::line::Line;
use super::problems::Kind;
use super::requests;
use super::route::Link;
use super::shared::{Phase, Shared, lock};
use super::wish::{Name, Wish, Wished};

/// How long a connection may hold without an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// The same where the server is a cluster. What comes while its log has no leader waits 20 seconds itself, and before that
/// for what waits already.
const ANSWER_OF_CLUSTER: Duration = Duration::from_secs(60);
/// How often a client looks what is due when it has nothing to say.
const LOOK: Duration = Duration::from_millis(20);
/// Wishes that may be open at once.
pub(super) const OPEN: usize = 64;
/// Wishes that are sent at once when a connection is new, and each time that a client looks.
const SENT_AT_ONCE: usize = 16;

/// A client.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) client: usize,
    pub(super) chance: Chance,
    done: UnboundedSender<(usize, Phase)>,
    pub(super) reported: Option<Phase>,
    token: Option<String>,
    next: u64,
    /// Numbers of requests that only read.
    pub(super) asked: u64,
    pub(super) open: BTreeMap<u64, Open>,
    pub(super) answered: VecDeque<String>,
    pub(super) own: VecDeque<Own>,
    pub(super) watches: Vec<Watch>,
    /// Octets that a text may have, and requests that may be made a second.
    pub(super) longest_text: usize,
    pub(super) rate: u32,
    /// How far each room was read at the end.
    pub(super) read: Vec<u64>,
    pub(super) is_in_rooms: bool,
    pub(super) has_come_again: bool,
    pub(super) has_left: bool,
}

/// A wish that is not answered yet.
pub(super) struct Open {
    pub(super) room: usize,
    pub(super) wished: Wished,
    pub(super) request: String,
    /// When it was sent for the first time.
    pub(super) first: Instant,
    /// When it is to be sent; when it was sent on this connection.
    pub(super) due: Instant,
    pub(super) sent: Option<Instant>,
}

/// A message of one's own that can be edited and deleted, unless that is on its way.
pub(super) struct Own {
    pub(super) room: usize,
    pub(super) name: Name,
    pub(super) is_busy: bool,
}

/// Whether a connection is told of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// Not before a time.
    Off(Instant),
    /// With the number of the request that is to be answered.
    Asked(u64),
    Live,
    Leaving(u64),
}

/// Why a conversation ended.
pub(super) enum End {
    /// The client comes back.
    Dropped,
    Over,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, client: usize, done: UnboundedSender<(usize, Phase)>) -> Self {
        let rooms = shared.evidence().rooms.len();
        Worker {
            client,
            chance: Chance::new(shared.seed, client as u64),
            done,
            reported: None,
            token: None,
            next: 0,
            asked: 0,
            open: BTreeMap::new(),
            answered: VecDeque::new(),
            own: VecDeque::new(),
            watches: vec![Watch::Off(Instant::now()); rooms],
            longest_text: 1_000,
            rate: shared.rate,
            read: Vec::new(),
            is_in_rooms: false,
            has_come_again: false,
            has_left: false,
            shared,
        }
    }

    /// Does everything, and ends after the last phase.
    pub(super) async fn run(mut self) {
        let mut has_been_here = false;
        loop {
            match self.shared.route.open(self.token.as_deref()).await {
                Ok((link, welcome)) => {
                    if has_been_here {
                        self.shared.count(|counts| counts.reconnects += 1);
                    }
                    has_been_here = true;
                    self.arrive(welcome);
                    if let End::Over = self.converse(link).await {
                        return;
                    }
                }
                Err(error) => {
                    *lock(&self.shared.trouble) = Some(error.to_string());
                    let pause = self.chance.milliseconds(50, 300);
                    sleep(pause).await;
                }
            }
        }
    }

    fn arrive(&mut self, welcome: Line) {
        if self.shared.phase() < Phase::Leave {
            self.shared.evidence().is(self.client, &welcome.you.id);
        }
        if welcome.token.is_some() {
            self.token = welcome.token;
        }
        if let Some(limits) = welcome.limits {
            self.longest_text = limits.text;
            // What is asked beside the wishes needs some, too.
            self.rate = self.shared.rate.min((limits.requests_per_second * 3 / 4).max(1));
        }
        let now = Instant::now();
        self.watches.fill(Watch::Off(now));
        for open in self.open.values_mut() {
            (open.due, open.sent) = (now, None);
        }
    }

    async fn converse(&mut self, mut link: Link) -> End {
        let mut look = Instant::now();
        loop {
            tokio::select! {
                line = link.next() => match line {
                    Some(line) => self.hear(&mut link, line).await,
                    None => return End::Dropped,
                },
                () = sleep_until(look) => {
                    look = Instant::now() + self.pause();
                    match self.step(link).await {
                        Ok(still) => link = still,
                        Err(end) => return end,
                    }
                }
            }
        }
    }

    fn pause(&mut self) -> Duration {
        if self.shared.phase() != Phase::Talk {
            return LOOK;
        }
        let mean = 1_000_000 / usize::try_from(self.rate).unwrap_or(1);
        Duration::from_micros(u64::try_from(mean / 2 + self.chance.below(mean + 1)).unwrap_or(0))
    }

    /// Does what is due. The connection may be used up by it.
    async fn step(&mut self, mut link: Link) -> Result<Link, End> {
        if self.shared.phase() == Phase::Leave && self.reported == Some(Phase::Leave) {
            link.close().await;
            return Err(End::Over);
        }
        self.watch(&mut link).await;
        if !self.send_due(&mut link).await {
            return Err(End::Dropped);
        }
        match self.shared.phase() {
            Phase::Gather => self.gather(),
            Phase::Join => self.join(),
            Phase::Talk => return self.talk(link).await,
            Phase::Settle if self.open.is_empty() => self.report(Phase::Settle),
            Phase::Settle => {}
            Phase::Mark => self.mark(),
            Phase::Compare => return self.compare(link).await,
            Phase::Leave => self.leave(),
        }
        Ok(link)
    }

    /// Asks for the rooms that are not watched.
    async fn watch(&mut self, link: &mut Link) {
        if self.shared.phase() == Phase::Gather {
            return;
        }
        let now = Instant::now();
        for room in 0..self.watches.len() {
            if matches!(self.watches[room], Watch::Off(due) if due <= now) {
                self.subscribe(link, room).await;
            }
        }
    }

    pub(super) async fn subscribe(&mut self, link: &mut Link, room: usize) {
        self.asked += 1;
        let request = {
            let evidence = self.shared.evidence();
            let (room, after) = (&evidence.rooms[room].id, evidence.cursor(room, self.client));
            json!({"type": "subscribe", "id": self.asked.to_string(), "room": room, "after": after})
        };
        self.watches[room] = Watch::Asked(self.asked);
        link.send(&request.to_string()).await;
    }

    /// Sends what is due; false if something was never answered.
    async fn send_due(&mut self, link: &mut Link) -> bool {
        let now = Instant::now();
        let patience = if self.shared.is_cluster { ANSWER_OF_CLUSTER } else { ANSWER };
        let is_late = |open: &Open| open.sent.is_some_and(|sent| now - sent > patience);
        if let Some((number, _)) = self.open.iter().find(|(_, open)| is_late(open)) {
            let name = Name { client: self.client, number: *number };
            self.shared.evidence().problems.add(Kind::Unanswered, || name.to_string());
            return false;
        }
        let due = self.open.values_mut().filter(|open| open.sent.is_none() && open.due <= now);
        for open in due.take(SENT_AT_ONCE) {
            if open.first < open.due {
                self.shared.count(|counts| counts.resends += 1);
            }
            open.sent = Some(now);
            link.send(&open.request).await;
        }
        true
    }

    /// Wishes something; it is sent when it is due, which is at once. Returns its request.
    pub(super) fn wish(&mut self, room: usize, wished: Wished, filling: &str) -> Option<String> {
        self.next += 1;
        let name = Name { client: self.client, number: self.next };
        let mut evidence = self.shared.evidence();
        evidence.wished(name, room, wished.clone());
        let wish: &Wish = &evidence.wishes[&name];
        let Some(request) = requests::of(&evidence, name, wish, &self.shared.label, filling) else {
            evidence.wishes.remove(&name);
            return None;
        };
        drop(evidence);
        let now = Instant::now();
        let open = Open { room, wished, request: request.clone(), first: now, due: now, sent: None };
        self.open.insert(self.next, open);
        Some(request)
    }

    /// Says that this client has done what a phase asks.
    pub(super) fn report(&mut self, phase: Phase) {
        if self.reported < Some(phase) {
            self.reported = Some(phase);
            // Who listens ends only with the check.
            let _ = self.done.send((self.client, phase));
        }
    }
}
