//! What a client does in each phase but the last: it opens rooms, joins them, and talks.

use super::route::Link;
use super::shared::Phase;
use super::wish::Wished;
use super::worker::{End, OPEN, Watch, Worker};

/// Words that messages are filled with.
const WORDS: [&str; 8] = ["rain", "train", "Grüße", "東京都", "lamp", "river", "\"quoted\"", "é\n"];

/// Octets that a masked frame may have beside what it carries (RFC 6455 §5.2), up to 64 KiB.
const FRAME_HEADER: usize = 8;

impl Worker {
    /// Opens the rooms that are this client's to open.
    pub(super) fn gather(&mut self) {
        let (clients, rooms) = (self.shared.evidence().clients(), self.watches.len());
        if self.reported.is_none() && self.read.is_empty() {
            for room in (self.client..rooms).step_by(clients) {
                self.wish(room, Wished::Create, "");
            }
            self.read = vec![0; rooms];
        }
        if self.open.is_empty() {
            self.report(Phase::Gather);
        }
    }

    /// Joins the rooms that others opened.
    pub(super) fn join(&mut self) {
        let (clients, rooms) = (self.shared.evidence().clients(), self.watches.len());
        if !std::mem::replace(&mut self.is_in_rooms, true) {
            let own = self.client;
            for room in (0..rooms).filter(|room| room % clients != own) {
                self.wish(room, Wished::Join, "");
            }
        }
        if self.open.is_empty() && self.is_told_everything() {
            self.report(Phase::Join);
        }
    }

    pub(super) fn is_told_everything(&self) -> bool {
        self.watches.iter().all(|watch| *watch == Watch::Live)
    }

    /// Does one thing.
    pub(super) async fn talk(&mut self, mut link: Link) -> Result<Link, End> {
        if self.open.len() >= OPEN {
            return Ok(link);
        }
        let room = self.chance.below(self.watches.len());
        match self.chance.below(100) {
            0..70 => _ = self.post(room),
            70..81 => self.change(false),
            81..84 => self.change(true),
            84..90 => {
                let last = self.shared.evidence().cursor(room, self.client);
                let up_to = self.chance.below(usize::try_from(last).unwrap_or(0) + 1) as u64;
                self.wish(room, Wished::Read(up_to), "");
            }
            90..94 => {
                // Whatever was answered is answered in the same way again.
                let which = self.chance.below(self.answered.len());
                if let Some(request) = self.answered.get(which).cloned() {
                    self.shared.count(|counts| counts.resends += 1);
                    link.send(&request).await;
                }
            }
            94..96 => self.look_away(&mut link, room).await,
            96 => {
                // Some of it goes out, or all of it.
                if let Some(request) = self.post(room) {
                    self.shared.count(|counts| counts.cut_frames += 1);
                    let octets = self.chance.below(request.len() + FRAME_HEADER + 1);
                    link.send_part(&request, octets).await;
                    return Err(End::Dropped);
                }
            }
            97 => {
                // The answer is never heard.
                if let Some(request) = self.post(room) {
                    link.send(&request).await;
                }
                return Err(End::Dropped);
            }
            98 => {
                link.close().await;
                return Err(End::Dropped);
            }
            _ => {}
        }
        Ok(link)
    }

    fn post(&mut self, room: usize) -> Option<String> {
        let clients = self.shared.evidence().clients();
        let mentioned = self.chance.once_in(5).then(|| self.chance.below(clients));
        let filling = self.filling();
        self.wish(room, Wished::Post(mentioned), &filling)
    }

    /// Edits or deletes a message of one's own.
    fn change(&mut self, is_gone: bool) {
        if self.own.is_empty() {
            return;
        }
        let which = self.chance.below(self.own.len());
        let own = &mut self.own[which];
        if std::mem::replace(&mut own.is_busy, true) {
            return;
        }
        let (room, name) = (own.room, own.name);
        if is_gone {
            self.wish(room, Wished::Delete(name), "");
        } else {
            let clients = self.shared.evidence().clients();
            let mentioned = self.chance.once_in(5).then(|| self.chance.below(clients));
            let filling = self.filling();
            self.wish(room, Wished::Edit(name, mentioned), &filling);
        }
    }

    /// Watches a room no longer, and from then on again.
    async fn look_away(&mut self, link: &mut Link, room: usize) {
        if self.watches[room] == Watch::Live {
            self.asked += 1;
            self.watches[room] = Watch::Leaving(self.asked);
            let id = self.shared.evidence().rooms[room].id.clone();
            let request =
                serde_json::json!({"type": "unsubscribe", "id": self.asked.to_string(), "room": id});
            link.send(&request.to_string()).await;
        }
    }

    fn filling(&mut self) -> String {
        let octets = if self.chance.once_in(100) { 8_000 } else { 10 + self.chance.below(400) };
        // The name stands before it.
        let most = self.longest_text.saturating_sub(64).min(octets);
        let mut filling = String::new();
        while filling.len() < most {
            filling.push_str(WORDS[self.chance.below(WORDS.len())]);
            filling.push(' ');
        }
        let end = (0..=most.min(filling.len())).rev().find(|end| filling.is_char_boundary(*end));
        filling.truncate(end.unwrap_or(0));
        filling
    }
}
