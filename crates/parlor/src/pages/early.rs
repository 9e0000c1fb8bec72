//! The page with the room already in it, so that it can be read before any script has run. The script draws the same a
//! moment later, with what only it knows: the reader's clock, language and place.

use std::collections::BTreeMap;

use parlor_chat::view::{From, Message, View};
use parlor_chat::{Failure, PersonId, Refusal, RoomId, Sequence, Visibility, limits};

use super::address::{Place, Which};
use super::document::{author, day, goes_on, line};
use super::html::{beginning, escape};
use super::talk::{Said, shorten};
use crate::assets::{Assets, Early};
use crate::content::Content;
use crate::date::rfc3339;
use crate::session::Names;

/// Messages at most: more than a screen of them.
const MESSAGES: usize = 30;
/// Octets of text at most, beyond which there are fewer messages; a single one may have more.
const OCTETS: usize = 16 * 1024;
/// Characters of a message that is answered: more than there is room for.
const ANSWERED: usize = 160;

/// The page at this path as somebody may see it; nothing if there is no room to be read, or nothing in it.
pub(crate) fn early(
    view: &View<'_>,
    asker: PersonId,
    path: &str,
    assets: &Assets,
) -> Result<Option<Content>, Failure> {
    let Some(place) = Place::parse(path) else { return Ok(None) };
    let id = match place.room {
        Which::Known(id) => id,
        Which::Called(name) => view.public_room_called(&name)?.ok_or(Refusal::NoSuchRoom)?,
    };
    let room = view.room(id)?;
    let from =
        place.message.map_or(From::Latest, |message| From::After(Sequence(message.0.saturating_sub(1))));
    let mut history = view.history(id, from, MESSAGES)?;
    // What is said in a thread stands there.
    history.messages.retain(|message| message.thread.is_none());
    shorten(&mut history, place.message.is_none(), OCTETS);
    let messages = history.messages;
    if messages.is_empty() {
        return Ok(None);
    }
    let mut names = Names::new(view);
    let name =
        if room.visibility == Visibility::Direct { company(view, &mut names, asker, id)? } else { room.name };
    let rows = rows(view, &mut names, asker, id, messages)?;
    let page = assets.page_early(&Early { name: escape(&name), rows, is_end: place.message.is_none() });
    Ok(Some(Content::new("text/html; charset=utf-8", page)))
}

/// What a direct room is called: by the others in it.
fn company(
    view: &View<'_>,
    names: &mut Names<'_, '_>,
    asker: PersonId,
    room: RoomId,
) -> Result<String, Failure> {
    let members = view.members(room, PersonId(0), limits::DIRECT_PEOPLE)?;
    let others: Vec<_> = members.iter().map(|member| member.person).filter(|id| *id != asker).collect();
    names.meet(&others)?;
    Ok(others.iter().map(|person| names.of(*person)).collect::<Vec<_>>().join(", "))
}

fn rows(
    view: &View<'_>,
    names: &mut Names<'_, '_>,
    asker: PersonId,
    room: RoomId,
    messages: Vec<Message>,
) -> Result<String, Failure> {
    let mut rows = String::new();
    let mut known: BTreeMap<Sequence, String> = BTreeMap::new();
    let mut before: Option<Said> = None;
    for message in messages {
        names.meet(&[message.by])?;
        names.meet(&message.mentions)?;
        let above = match message.reply_to {
            Some(answered) => answers(view, names, room, known.get(&answered), answered)?,
            None => String::new(),
        };
        let below = below(&message);
        let is_own = message.by == asker;
        let said = Said::new(message, names);
        let is_new_day = before.as_ref().is_none_or(|before| day(before.at) != day(said.at));
        if is_new_day {
            // Which day that is where the reader is, only their clock knows.
            rows += "<li class=\"day\"><span>\u{a0}</span></li>\n";
        }
        let opens = is_new_day || !before.as_ref().is_some_and(|before| goes_on(before, &said));
        let classes = format!("{}{}", if is_own { " own" } else { "" }, if opens { " opens" } else { "" });
        let when = format!("<time datetime=\"{}\"></time>", rfc3339(said.at));
        rows += &line(&said, &classes, &when, &above, &below);
        known.insert(said.sequence, quoted(author(&said), &said.text));
        before = Some(said);
    }
    Ok(rows)
}

/// What a message answers.
fn answers(
    view: &View<'_>,
    names: &mut Names<'_, '_>,
    room: RoomId,
    known: Option<&String>,
    answered: Sequence,
) -> Result<String, Failure> {
    let words = match known {
        Some(words) => words.clone(),
        None => match view.message(room, answered) {
            Ok(message) => {
                names.meet(&[message.by])?;
                quoted(&names.of(message.by), &message.text)
            }
            // It is gone.
            Err(Failure::Refused(_)) => "\u{a0}".into(),
            Err(trouble) => return Err(trouble),
        },
    };
    Ok(format!("<span class=\"answers\">{words}</span>"))
}

fn quoted(name: &str, text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    format!("<bdi>{}</bdi> {}", escape(name), escape(&beginning(line, ANSWERED)))
}

/// What stands under a text: without words, which are in the reader's language, but as high as with them.
fn below(message: &Message) -> String {
    let is_marked = message.edited_at.is_some() || message.pin.is_some() || message.replies.is_some();
    if !is_marked && message.reactions.is_empty() {
        return String::new();
    }
    let reactions = message.reactions.iter().map(|reaction| {
        let own = if reaction.own { " own" } else { "" };
        let (sign, count) = (escape(&reaction.reaction), reaction.count);
        format!("<span class=\"reaction{own}\">{sign}<span>{count}</span></span>")
    });
    let mark = if is_marked { "<span class=\"mark\">\u{a0}</span>" } else { "" };
    format!("<div class=\"below\">{mark}{}</div>", reactions.collect::<String>())
}
