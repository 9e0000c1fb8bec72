//! What is new in a room, as Atom (RFC 4287).

use parlor_chat::Timestamp;

use super::address::{Address, Part};
use super::document::author;
use super::html::{beginning, escape};
use super::talk::{Said, Talk};
use crate::date::rfc3339;

/// Characters of a title that are what somebody said.
const TITLE: usize = 60;

pub(super) fn feed(talk: &Talk, base: &str) -> String {
    let (room, name) = (&talk.room, escape(&talk.room.name));
    let changed = talk.messages.iter().map(updated).max().unwrap_or(room.created_at);
    // Whose name and when: what makes an id that nobody else gives (RFC 4151). The room's own id stays when it is renamed.
    let id = format!("tag:{},2026:{}", base.split("://").last().unwrap_or_default(), room.id);
    let path = |part| format!("{base}{}", Address::path(&room.name, part));
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n  \
         <id>{id}</id>\n  <title>{name}</title>\n  <subtitle>{}</subtitle>\n  <updated>{}</updated>\n  \
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>\n  \
         <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n",
        escape(&room.topic),
        rfc3339(changed),
        path(Part::Feed),
        path(Part::Latest),
    );
    for said in talk.messages.iter().rev() {
        let author = escape(author(said));
        feed += &format!(
            "  <entry>\n    <id>{id}/{}</id>\n    <title>{author}: {}</title>\n    \
             <author><name>{author}</name></author>\n    <published>{}</published>\n    \
             <updated>{}</updated>\n    <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n    \
             <content type=\"html\">{}</content>\n  </entry>\n",
            said.sequence,
            escape(&beginning(&said.text, TITLE)),
            rfc3339(said.at),
            rfc3339(updated(said)),
            path(Part::From(said.sequence)),
            escape(&said.html),
        );
    }
    feed + "</feed>\n"
}

fn updated(said: &Said) -> Timestamp {
    said.edited_at.unwrap_or(said.at)
}
