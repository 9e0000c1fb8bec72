//! What a client does at the end: it reads everything there is, and compares.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::line::{Line, Room};
use super::problems::{Kind, Problems};
use super::route::Link;
use super::shared::{Phase, lock};
use super::wish::Wished;
use super::worker::{End, Worker};

/// Messages that are read at a time.
const PAGE: usize = 200;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take until somebody was told what had happened before.
const TOLD: Duration = Duration::from_secs(10);

/// The connection ended before everything was read.
struct Gone;

impl Worker {
    /// Reads up to some place of each room.
    pub(super) fn mark(&mut self) {
        if self.reported < Some(Phase::Mark) && self.read.iter().all(|up_to| *up_to == 0) {
            for room in 0..self.watches.len() {
                let last = self.shared.evidence().cursor(room, self.client);
                // At the beginning there are more unread messages than are counted, near the end there are few.
                let behind = [usize::MAX, 300, 20][self.chance.below(3)];
                let last = usize::try_from(last).unwrap_or(0);
                self.read[room] = (last - self.chance.below(last.min(behind)).min(last)) as u64;
                self.wish(room, Wished::Read(self.read[room]), "");
            }
        }
        if self.open.is_empty() {
            self.report(Phase::Mark);
        }
    }

    /// Comes back once more, and compares everything.
    pub(super) async fn compare(&mut self, mut link: Link) -> Result<Link, End> {
        if !self.open.is_empty() || !self.is_told_everything() || self.reported == Some(Phase::Compare) {
            return Ok(link);
        }
        if !std::mem::replace(&mut self.has_come_again, true) && self.chance.once_in(2) {
            return Err(End::Dropped);
        }
        let mut problems = Problems::default();
        match self.compare_all(&mut link, &mut problems).await {
            Ok(()) => {
                self.shared.evidence().problems.merge(problems);
                self.report(Phase::Compare);
                Ok(link)
            }
            Err(Gone) => Err(End::Dropped),
        }
    }

    async fn compare_all(&mut self, link: &mut Link, problems: &mut Problems) -> Result<(), Gone> {
        let Some(listed) = self.ask(link, json!({"type": "rooms"}), problems).await? else { return Ok(()) };
        let ids: Vec<String> = self.shared.evidence().rooms.iter().map(|room| room.id.clone()).collect();
        let mut lasts = Vec::new();
        for (room, id) in ids.iter().enumerate() {
            let found = listed.rooms.iter().find(|listed| listed.room == *id);
            match found {
                Some(found) => {
                    lasts.push(found.last);
                    self.compare_room(room, found, problems);
                }
                None => {
                    lasts.push(0);
                    problems
                        .add(Kind::Lost, || format!("client {} is not in room {room} any more", self.client));
                }
            }
        }
        self.hear_all(link, &lasts, problems).await?;
        for (noted, last) in lock(&self.shared.lasts).iter_mut().zip(&lasts) {
            *noted = (*noted).max(*last);
        }
        for (room, id) in ids.iter().enumerate() {
            for forwards in [true, false] {
                let history = self.history(link, id, forwards, problems).await?;
                let who = format!("client {} in room {room}", self.client);
                if let Some(expected) = self.shared.expected.get() {
                    expected[room].compare(&who, &history, problems);
                }
            }
        }
        Ok(())
    }

    fn compare_room(&self, room: usize, found: &Room, problems: &mut Problems) {
        let read = self.read[room];
        if found.read_up_to != read {
            problems.add(Kind::Unread, || {
                format!("client {} read room {room} up to {read}, not {}", self.client, found.read_up_to)
            });
        }
        let person = self.shared.evidence().person(self.client).to_owned();
        if let Some(expected) = self.shared.expected.get() {
            expected[room].compare_unread(&person, read, found.unread, problems);
        }
    }

    /// Waits until everything was told that had happened.
    async fn hear_all(
        &mut self,
        link: &mut Link,
        lasts: &[u64],
        problems: &mut Problems,
    ) -> Result<(), Gone> {
        let until = Instant::now() + TOLD;
        loop {
            let behind = self.shared.evidence().behind(self.client, lasts);
            if behind.is_empty() {
                return Ok(());
            }
            match timeout(until.saturating_duration_since(Instant::now()), link.next()).await {
                Ok(Some(line)) => self.hear(link, line).await,
                Ok(None) => return Err(Gone),
                Err(_) => {
                    problems.add(Kind::Lost, || {
                        format!("client {} was not told how rooms {behind:?} ended", self.client)
                    });
                    return Ok(());
                }
            }
        }
    }

    /// All messages of a room, read page by page.
    async fn history(
        &mut self,
        link: &mut Link,
        room: &str,
        forwards: bool,
        problems: &mut Problems,
    ) -> Result<Vec<Line>, Gone> {
        let mut pages: Vec<Vec<Line>> = Vec::new();
        let mut from = if forwards { Some(0) } else { None };
        loop {
            let mut request = json!({"type": "history", "room": room, "limit": PAGE});
            if let Some(from) = from {
                request[if forwards { "after" } else { "before" }] = Value::from(from);
            }
            let Some(page) = self.ask(link, request, problems).await? else { break };
            let goes_on = if forwards { page.after } else { page.before };
            let edge = if forwards { page.messages.last() } else { page.messages.first() };
            from = edge.map(|message| message.sequence);
            pages.push(page.messages);
            if !goes_on || from.is_none() {
                break;
            }
        }
        if !forwards {
            pages.reverse();
        }
        Ok(pages.into_iter().flatten().collect())
    }

    /// Asks, and waits for the answer; nothing if it is refused.
    async fn ask(
        &mut self,
        link: &mut Link,
        mut request: Value,
        problems: &mut Problems,
    ) -> Result<Option<Line>, Gone> {
        request["id"] = Value::from("q");
        let request = request.to_string();
        loop {
            link.send(&request).await;
            let answer = loop {
                let line = match timeout(PATIENCE, link.next()).await {
                    Ok(line) => line.ok_or(Gone)?,
                    Err(_) => {
                        problems.add(Kind::Unanswered, || request.clone());
                        return Ok(None);
                    }
                };
                if line.id.as_ref().is_some_and(|id| id == "q") {
                    break line;
                }
                self.hear(link, line).await;
            };
            if answer.r#type == "ok" {
                return Ok(Some(answer));
            }
            let Some(wait) = self.try_again(&answer) else {
                problems.add(Kind::Refused, || format!("{request}: {}", answer.code));
                return Ok(None);
            };
            sleep(wait).await;
        }
    }

    /// Is forgotten.
    pub(super) fn leave(&mut self) {
        if !std::mem::replace(&mut self.has_left, true) {
            self.wish(0, Wished::Erase, "");
        }
        if self.open.is_empty() {
            self.report(Phase::Leave);
        }
    }
}
