//! What a client makes of what the server says.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::evidence::Way;
use super::line::Line;
use super::problems::Kind;
use super::route::Link;
use super::wish::{Name, Place, Wished};
use super::worker::{ANSWER, Own, Watch, Worker};

/// Answered requests that are kept to be sent again.
const ANSWERED: usize = 32;
/// After what time a node that knew less than the client is asked again.
const AHEAD: Duration = Duration::from_millis(200);
/// After how many milliseconds a node whose data cannot be used is asked again.
const MENDED: u64 = 1_000;
/// Messages of one's own that are kept to be edited.
const OWN: usize = 200;

impl Worker {
    /// Hears a line.
    pub(super) async fn hear(&mut self, link: &mut Link, line: Line) {
        match (line.r#type.as_str(), &line.id) {
            ("ok" | "error", Some(Value::Number(number))) => {
                if let Some(number) = number.as_u64() {
                    self.answered(number, &line);
                }
            }
            ("ok" | "error", Some(Value::String(id))) => {
                // A request that the network repeated is answered twice; only the first answer was asked for.
                let number = id.parse().unwrap_or(0);
                let is_it =
                    |watch: &Watch| *watch == Watch::Asked(number) || *watch == Watch::Leaving(number);
                match self.watches.iter().position(is_it) {
                    Some(room) if self.watches[room] == Watch::Asked(number) => {
                        self.watched(link, room, line).await;
                    }
                    Some(room) => self.watches[room] = Watch::Off(Instant::now()),
                    None => {}
                }
            }
            ("ok" | "error" | "welcome", _) => {}
            _ if line.sequence > 0 => self.told(&line),
            _ => {}
        }
    }

    fn told(&mut self, event: &Line) {
        let mut evidence = self.shared.evidence();
        let Some(room) = evidence.rooms.iter().position(|room| room.id == event.room) else { return };
        // Who is mentioned, or joins, is told beside that.
        if matches!(self.watches[room], Watch::Live | Watch::Leaving(_)) {
            evidence.told(room, self.client, event, Way::Live);
            self.shared.count(|counts| counts.told += 1);
        }
    }

    /// An answer to a wish to watch a room.
    async fn watched(&mut self, link: &mut Link, room: usize, line: Line) {
        if line.r#type == "error" {
            let wait = self.try_again(&line);
            if wait.is_none() {
                self.shared
                    .evidence()
                    .problems
                    .add(Kind::Refused, || format!("watching {room}: {}", line.code));
            }
            self.watches[room] = Watch::Off(Instant::now() + wait.unwrap_or(ANSWER));
            return;
        }
        let client = self.client;
        if line.gap && self.shared.is_cluster && line.last < self.shared.evidence().cursor(room, client) {
            // The node catches up with what another one has told.
            self.shared.count(|counts| counts.ahead += 1);
            self.watches[room] = Watch::Off(Instant::now() + AHEAD);
            return;
        }
        if line.gap {
            self.shared.evidence().told_of_gap(room, client, line.last);
            self.shared.count(|counts| counts.skipped += 1);
            self.watches[room] = Watch::Off(Instant::now());
            return;
        }
        self.shared.count(|counts| counts.told += line.events.len() as u64);
        {
            let mut evidence = self.shared.evidence();
            for event in &line.events {
                evidence.told(room, client, event, Way::Resumed);
            }
            evidence.told_up_to(room, client, line.up_to);
        }
        if line.more {
            return Box::pin(self.subscribe(link, room)).await;
        }
        self.watches[room] = Watch::Live;
    }

    /// After what time trying again makes sense, by what an error says.
    pub(super) fn try_again(&self, error: &Line) -> Option<Duration> {
        let wait = match error.retry_after {
            // Whoever runs a cluster mends it when its servers have forgotten something.
            None if self.shared.is_cluster && error.code == "storage-failed" => MENDED,
            wait => wait?,
        };
        self.shared.count(|counts| match error.code.as_str() {
            "busy" | "too-fast" => counts.too_busy += 1,
            _ => counts.try_again += 1,
        });
        Some(Duration::from_millis(wait))
    }

    /// An answer to a wish, the first one or another.
    fn answered(&mut self, number: u64, line: &Line) {
        let name = Name { client: self.client, number };
        if line.r#type == "error" {
            match (self.try_again(line), self.open.get_mut(&number)) {
                (Some(wait), Some(open)) => (open.due, open.sent) = (Instant::now() + wait, None),
                (Some(_), None) => {}
                (None, _) => {
                    self.shared.evidence().refused(name, &line.code);
                    self.open.remove(&number);
                }
            }
            return;
        }
        let place = Place { sequence: line.sequence, position: line.position };
        self.shared.evidence().acknowledged(name, place);
        let Some(open) = self.open.remove(&number) else { return };
        self.shared.count(|counts| counts.acknowledged(open.first.elapsed()));
        match open.wished {
            Wished::Create => self.shared.evidence().rooms[open.room].id.clone_from(&line.room),
            Wished::Post(_) => self.own.push_back(Own { room: open.room, name, is_busy: false }),
            Wished::Edit(post, _) => {
                if let Some(own) = self.own.iter_mut().find(|own| own.name == post) {
                    own.is_busy = false;
                }
            }
            Wished::Delete(post) => self.own.retain(|own| own.name != post),
            Wished::Join | Wished::Read(_) | Wished::Erase => {}
        }
        if self.own.len() > OWN {
            self.own.pop_front();
        }
        self.answered.push_back(open.request);
        if self.answered.len() > ANSWERED {
            self.answered.pop_front();
        }
    }
}
