//! Queries: requests that only read. They are answered by the reading threads, or by the publisher.

use parlor_chat::search::{Clock, Request as SearchRequest, SearchError};
use parlor_chat::view::{self, From, Term, View};
use parlor_chat::{Failure, PersonId, Position, Sequence, Timestamp, Visibility, limits};
use serde::Serialize;
use serde_json::value::RawValue;

use super::about;
use super::asker::Asker;
use super::fitting::{OCTETS, cut_end};
use super::names::Names;
use super::subscribing::subscribe;
use crate::feed::{Seen, readable};
use crate::publisher::News;
use crate::wire::{Found, History, Message, Named, People, Query, Room, Search, WireError, ok};

/// Unread messages that are counted in each room.
const COUNTED: u64 = 100;
/// What a page has if nothing is said.
const PAGE: u64 = 50;
/// Results that a search has if nothing is said.
const RESULTS: u64 = 20;

/// Answers a query.
pub(super) fn answer(asker: &Asker, id: Option<Box<RawValue>>, query: Query) {
    let ws = asker.ws.clone();
    match query {
        Query::Subscribe(wish) => subscribe(asker, id, wish),
        Query::Unsubscribe(wish) => {
            let line = ok(id.as_deref(), &Nothing {});
            let space = asker.space.clone();
            // Behind the wishes to watch that came before it.
            asker.read(id.as_deref(), false, move || {
                space.tell(News::Unsubscribe { ws, room: wish.room, line });
            });
        }
        Query::IsTyping(wish) => {
            let line = ok(id.as_deref(), &Nothing {});
            asker.space.tell(News::Typing { ws, room: wish.room, line });
        }
        query => read(asker, id, query),
    }
}

/// Has a reading thread answer.
fn read(asker: &Asker, id: Option<Box<RawValue>>, query: Query) {
    if let Query::Present(wish) = query {
        let (job, answered) = (asker.clone(), id.clone());
        return asker.read(id.as_deref(), false, move || present(&job, answered, wish.room));
    }
    let searches = matches!(query, Query::Search(_));
    asker.look(id, searches, move |asker, view, id| find(asker, view, id, &query));
}

#[derive(Serialize)]
struct Nothing {}

/// Messages with what it takes to show them.
#[derive(Serialize)]
struct Messages {
    messages: Vec<Message>,
    people: People,
    /// Whether there are messages before and after these.
    before: bool,
    after: bool,
}

fn find(asker: &Asker, view: &View<'_>, id: Option<&RawValue>, query: &Query) -> Result<String, WireError> {
    let me = asker.person;
    Ok(match query {
        Query::History(wish) => {
            let page = view.history(wish.room, place_of(wish)?, page(wish.limit))?;
            ok(id, &fitting(view, wish, page)?)
        }
        Query::OneMessage(wish) => {
            ok(id, &messages(view, vec![view.message(wish.room, wish.message)?], (false, false))?)
        }
        Query::Thread(wish) => {
            let after = wish.after.unwrap_or(wish.message);
            let mut found = view.thread(wish.room, wish.message, after, page(wish.limit))?;
            let is_full = found.len() >= page(wish.limit);
            let has_more = is_full | cut_end(&mut found, |message| message.text.len());
            ok(id, &messages(view, found, (after > wish.message, has_more))?)
        }
        Query::Pins(wish) => {
            let mut found = view.pins(wish.room)?;
            let has_more = cut_end(&mut found, |message| message.text.len());
            ok(id, &messages(view, found, (false, has_more))?)
        }
        Query::Rooms(_) => {
            let (rooms, people) = rooms(view, me)?;
            ok(id, &Rooms { rooms, people })
        }
        Query::PublicRooms(wish) => {
            let (prefix, after) = (wish.prefix.as_deref(), wish.after.as_deref());
            let (prefix, after) = (prefix.unwrap_or_default(), after.unwrap_or_default());
            let rooms = view.public_rooms(prefix, after, page(wish.limit)).map_err(Failure::from)?;
            let rooms = rooms.into_iter().map(|room| Room::new(room, None, Vec::new())).collect();
            ok(id, &Rooms { rooms, people: People::new() })
        }
        Query::Members(wish) => ok(id, &members(view, wish.room, wish.after, page(wish.limit))?),
        Query::PeopleByIds(wish) => {
            let mut names = Names::new(view);
            names.meet(&wish.people[..wish.people.len().min(limits::PAGE)])?;
            ok(id, &PeopleFound { people: names.known })
        }
        Query::PersonCalled(wish) => {
            let found = view.person_called(&wish.nickname).map_err(Failure::from)?;
            let found = found.ok_or(parlor_chat::Refusal::NoSuchPerson)?;
            ok(id, &PersonFound { person: Named { id: found.id, name: found.nickname } })
        }
        Query::About(wish) => about::card(view, id, wish)?,
        Query::HeldBack(_) => about::held(view, id)?,
        Query::Mentions(wish) => mentions(view, id, wish.before, page(wish.limit))?,
        Query::Reacted(wish) => {
            let them = view.reacted(wish.room, wish.message, &wish.reaction, PersonId(0), limits::PAGE)?;
            let mut names = Names::new(view);
            names.meet(&them)?;
            ok(id, &PeopleFound { people: names.known })
        }
        Query::Search(wish) => search(asker, view, id, wish)?,
        Query::Subscribe(_) | Query::Unsubscribe(_) | Query::Present(_) | Query::IsTyping(_) => {
            unreachable!("these are answered elsewhere")
        }
    })
}

/// How many a page has.
pub(super) fn page(limit: Option<u64>) -> usize {
    usize::try_from(limit.unwrap_or(PAGE)).unwrap_or(usize::MAX).clamp(1, limits::PAGE)
}

fn place_of(wish: &History) -> Result<From, WireError> {
    match (wish.before, wish.after, wish.around) {
        (None, None, None) => Ok(From::Latest),
        (Some(place), None, None) => Ok(From::Before(place)),
        (None, Some(place), None) => Ok(From::After(place)),
        (None, None, Some(place)) => Ok(From::Around(place)),
        _ => Err(WireError::new("bad-request", "Give one of before, after and around.")),
    }
}

/// A page of history that is not too long for one answer: what is farthest from the place that was asked for goes.
fn fitting(view: &View<'_>, wish: &History, page: view::History) -> Result<Messages, Failure> {
    let view::History { messages: mut found, mut before, mut after } = page;
    let place = wish.around.or(wish.before).or(wish.after).unwrap_or(Sequence(u64::MAX));
    let mut octets: usize = found.iter().map(|message| message.text.len()).sum();
    while octets > OCTETS && found.len() > 1 {
        let distance = |message: &view::Message| message.sequence.0.abs_diff(place.0);
        let is_first = distance(&found[0]) >= distance(&found[found.len() - 1]);
        let gone = if is_first { found.remove(0) } else { found.remove(found.len() - 1) };
        octets -= gone.text.len();
        before |= is_first;
        after |= !is_first;
    }
    messages(view, found, (before, after))
}

fn messages(
    view: &View<'_>,
    found: Vec<view::Message>,
    (before, after): (bool, bool),
) -> Result<Messages, Failure> {
    let mut names = Names::new(view);
    for message in &found {
        names.meet(&[message.by])?;
        names.meet(&message.mentions)?;
    }
    let messages = found.into_iter().map(Message::from).collect();
    Ok(Messages { messages, people: names.known, before, after })
}

#[derive(Serialize)]
struct Rooms {
    rooms: Vec<Room>,
    people: People,
}

/// The rooms that somebody is in, with what is unread, and who is in the direct ones.
pub(super) fn rooms(view: &View<'_>, me: PersonId) -> Result<(Vec<Room>, People), Failure> {
    let mut names = Names::new(view);
    let (mut rooms, now) = (Vec::new(), Timestamp::now());
    let everywhere = view.muted()?;
    for mut room in view.rooms()? {
        let mutes = [room.muted.take(), everywhere.clone()].into_iter().flatten();
        // What lasts longest says how long.
        let longest = |term: &Term| term.until.map_or(u64::MAX, |until| until.0);
        room.muted = mutes.filter(|term| term.holds(now)).max_by_key(longest);
        let unread = view.unread(room.id, COUNTED)?;
        let mut with = Vec::new();
        if room.visibility == Visibility::Direct {
            let members = view.members(room.id, PersonId(0), limits::DIRECT_PEOPLE)?;
            with = members.into_iter().map(|member| member.person).filter(|person| *person != me).collect();
            names.meet(&with)?;
        }
        rooms.push(Room::new(room, Some(unread), with));
    }
    Ok((rooms, names.known))
}

#[derive(Serialize)]
struct PeopleFound {
    people: People,
}

#[derive(Serialize)]
struct PersonFound {
    person: Named,
}

#[derive(Serialize)]
struct MembersFound {
    members: Vec<MemberFound>,
    people: People,
}

#[derive(Serialize)]
struct MemberFound {
    person: PersonId,
    role: parlor_chat::Role,
    since: u64,
}

fn members(
    view: &View<'_>,
    room: parlor_chat::RoomId,
    after: Option<PersonId>,
    limit: usize,
) -> Result<MembersFound, Failure> {
    let mut names = Names::new(view);
    let mut members = Vec::new();
    for member in view.members(room, after.unwrap_or_default(), limit)? {
        names.meet(&[member.person])?;
        members.push(MemberFound { person: member.person, role: member.role, since: member.since.0 });
    }
    Ok(MembersFound { members, people: names.known })
}

fn mentions(
    view: &View<'_>,
    id: Option<&RawValue>,
    before: Option<u64>,
    limit: usize,
) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Mention {
        room: parlor_chat::RoomId,
        /// Since which position of the log it mentions the asker: an edit may have done so.
        mentioned: u64,
        #[serde(flatten)]
        message: Message,
    }
    #[derive(Serialize)]
    struct Mentions {
        mentions: Vec<Mention>,
        people: People,
    }
    let before = Position(before.unwrap_or(u64::MAX - 1));
    let mut found = view.mentions(before, limit)?;
    cut_end(&mut found, |mention| mention.message.text.len());
    let mut names = Names::new(view);
    for mention in &found {
        names.meet(&[mention.message.by])?;
        names.meet(&mention.message.mentions)?;
    }
    let mention = |one: view::Mention| Mention {
        room: one.room,
        mentioned: one.position.0,
        message: one.message.into(),
    };
    let mentions = found.into_iter().map(mention).collect();
    Ok(ok(id, &Mentions { mentions, people: names.known }))
}

/// Who watches a room: only who may read it is told.
fn present(asker: &Asker, id: Option<Box<RawValue>>, room: parlor_chat::RoomId) {
    #[derive(Serialize)]
    struct Present {
        present: Vec<Named>,
    }
    if let Err(failure) = asker.space.chat().view(asker.person, |view| view.room(room)) {
        return asker.refuse(id.as_deref(), failure);
    }
    let line = move |people: Vec<(PersonId, String)>| {
        let present = people.into_iter().map(|(id, name)| Named { id, name }).collect();
        ok(id.as_deref(), &Present { present })
    };
    asker.space.tell(News::Present { ws: asker.ws.clone(), room, line: Box::new(line) });
}

fn search(asker: &Asker, view: &View<'_>, id: Option<&RawValue>, wish: &Search) -> Result<String, WireError> {
    #[derive(Serialize)]
    struct Results {
        results: Vec<Found>,
        people: People,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    }
    let now = Timestamp::now();
    let ahead = wish.minutes_ahead.unwrap_or(0).clamp(-1_440, 1_440);
    let clock = Clock { now, ahead: i16::try_from(ahead).unwrap_or(0) };
    let seen = Seen(view, asker.person);
    let query = parlor_chat::search::Query::parse(&wish.query, &seen, &clock)
        .map_err(|error| WireError::new("query-invalid", error.to_string()))?;
    let cursor = wish.cursor.as_deref().map(str::parse).transpose().map_err(search_error)?;
    let limit = usize::try_from(wish.limit.unwrap_or(RESULTS)).unwrap_or(usize::MAX);
    let limit = limit.clamp(1, parlor_chat::search::PAGE);
    let readable = readable(view, query.rooms())?;
    let request = SearchRequest { query: &query, readable: &readable, now, limit, cursor };
    let page = asker.space.search().find(request, &seen).map_err(search_error)?;
    let mut names = Names::new(view);
    let mut results = Vec::new();
    for hit in page.hits {
        names.meet(&[hit.author])?;
        results.push(Found::new(hit));
    }
    let next = page.next.map(|cursor| cursor.to_string());
    Ok(ok(id, &Results { results, people: names.known, next }))
}

fn search_error(error: SearchError) -> WireError {
    match error {
        SearchError::Cursor => {
            WireError::new("query-invalid", "Ask anew: this page of results is not to be had any more.")
        }
        _ => WireError::new("search-off", "The search is not to be had for the moment; try again later."),
    }
}
