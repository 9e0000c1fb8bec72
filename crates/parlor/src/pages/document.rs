//! A piece of a room's talk as a part of the page, which the page's script takes the place of where there is one.

use parlor_chat::Timestamp;

use super::address::{Address, Part};
use super::html::{beginning, escape};
use super::talk::{Said, Talk};
use crate::assets::{About, Assets};
use crate::date::{date, rfc3339};

/// Characters of a title that are what somebody said, and of a description.
const TITLE: usize = 60;
const DESCRIPTION: usize = 160;
/// Messages of one person within this time stand under one name, as on the page.
const TOGETHER: u64 = 5 * 60 * 1_000;

pub(super) fn document(talk: &Talk, base: &str) -> About {
    let name = &talk.room.name;
    let (title, description) = words(talk);
    let canonical = format!("{base}{}", Address::path(name, talk.from.map_or(Part::Latest, Part::From)));
    let icon = format!("{base}{}", Assets::address("icon-512.png"));
    let feed = Address::path(name, Part::Feed);
    let mut head = format!(
        "<meta name=\"description\" content=\"{description}\">\n  <title>{title}</title>\n  \
         <link rel=\"canonical\" href=\"{canonical}\">\n  \
         <link rel=\"alternate\" type=\"application/atom+xml\" title=\"{}\" href=\"{feed}\">",
        escape(name)
    );
    for (relation, place) in [("prev", talk.older), ("next", talk.newer)] {
        if let Some(place) = place {
            let path = Address::path(name, Part::From(place));
            head += &format!("\n  <link rel=\"{relation}\" href=\"{path}\">");
        }
    }
    for (property, content) in [
        ("type", if talk.from.is_some() { "article" } else { "website" }),
        ("site_name", "Parlor"),
        ("title", &title),
        ("description", &description),
        ("url", &canonical),
        ("image", &icon),
    ] {
        head += &format!("\n  <meta property=\"og:{property}\" content=\"{content}\">");
    }
    About { head, body: body(talk) }
}

/// Title and description, escaped.
fn words(talk: &Talk) -> (String, String) {
    let name = escape(&talk.room.name);
    let wanted = talk.messages.first().filter(|_| talk.from.is_some());
    let title = match wanted {
        Some(said) => {
            format!("{}: {} · {name}", escape(author(said)), escape(&beginning(&said.text, TITLE)))
        }
        None => name.clone(),
    };
    let described = match wanted {
        Some(said) => &said.text,
        None if talk.room.topic.is_empty() => "What is said in a room of Parlor.",
        None => &talk.room.topic,
    };
    (format!("{title} · Parlor"), escape(&beginning(described, DESCRIPTION)))
}

/// What somebody is called.
pub(super) fn author(said: &Said) -> &str {
    if said.author.is_empty() { "somebody who is gone" } else { &said.author }
}

fn body(talk: &Talk) -> String {
    let name = &talk.room.name;
    let mut rows = String::new();
    let mut before: Option<&Said> = None;
    for said in &talk.messages {
        let is_new_day = before.is_none_or(|before| day(before.at) != day(said.at));
        if is_new_day {
            rows += &format!("<li class=\"day\"><span>{}</span></li>\n", day(said.at));
        }
        let goes_on = before.is_some_and(|before| !is_new_day && goes_on(before, said));
        rows += &row(name, said, goes_on);
        before = Some(said);
    }
    if rows.is_empty() {
        rows = "<li class=\"notice\">It is quiet in here.</li>\n".into();
    }
    let topic = &talk.room.topic;
    let topic = if topic.is_empty() { String::new() } else { format!("<p>{}</p>\n", escape(topic)) };
    format!(
        "<div class=\"plain\">\n<header class=\"column\">\n<a href=\"/\">Parlor</a>\n<h1>{}</h1>\n{topic}</header>\n\
         <main>\n<ol class=\"rows\" role=\"list\">\n{rows}</ol>\n</main>\n\
         <footer class=\"column\">\n{}<p>Times are in UTC. <a href=\"{}\">Atom feed</a></p>\n</footer>\n</div>\n  ",
        escape(name),
        turning(talk),
        Address::path(name, Part::Feed),
    )
}

/// The way to what was said before and after.
fn turning(talk: &Talk) -> String {
    let name = &talk.room.name;
    let link = |relation: &str, words: &str, part| {
        format!("<a rel=\"{relation}\" href=\"{}\">{words}</a>\n", Address::path(name, part))
    };
    let older = talk.older.map(|place| link("prev", "← Older", Part::From(place)));
    let newer = talk.newer.map(|place| link("next", "Newer →", Part::From(place)));
    let latest = talk.from.map(|_| link("last", "Latest", Part::Latest));
    let links: String = [older, newer, latest].into_iter().flatten().collect();
    if links.is_empty() { links } else { format!("<nav aria-label=\"Pages\">\n{links}</nav>\n") }
}

/// Whether a message stands under the same name as the one before it.
pub(super) fn goes_on(before: &Said, said: &Said) -> bool {
    before.author == said.author && said.at.0.saturating_sub(before.at.0) < TOGETHER
}

fn row(room: &str, said: &Said, goes_on: bool) -> String {
    let opens = if goes_on { "" } else { " opens" };
    let path = Address::path(room, Part::From(said.sequence));
    let edited = if said.edited_at.is_some() {
        "<div class=\"below\"><span class=\"mark\">edited</span></div>"
    } else {
        ""
    };
    let when = date(said.at);
    let clock = when.get(11..16).unwrap_or(&when);
    let when = format!(
        "<a class=\"when\" href=\"{path}\"><time datetime=\"{}\">{clock}</time></a>",
        rfc3339(said.at)
    );
    line(said, opens, &when, "", edited)
}

/// A message, with what stands beside, above and under its text.
pub(super) fn line(said: &Said, classes: &str, when: &str, above: &str, below: &str) -> String {
    format!(
        "<li class=\"message{classes}\"><span class=\"author\"><bdi>{}</bdi></span>{when}{above}\
         <div class=\"text\" dir=\"auto\">{}</div>{below}</li>\n",
        escape(author(said)),
        said.html,
    )
}

pub(super) fn day(at: Timestamp) -> String {
    date(at).split(' ').next().unwrap_or_default().to_owned()
}
