//! What only reads, for whoever keeps the peace. The views check that they may.

use parlor_chat::view::{From, View};
use parlor_chat::{Failure, PersonId, Place, Position, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use super::asker::Asker;
use super::names::Names;
use super::orders::selection;
use super::queries::page;
use crate::wire::{Message, Oversight, People, Told, WireError, ok};

/// Messages around a reported one.
const CONTEXT: usize = 5;

/// Has a reading thread answer.
pub(super) fn answer(asker: &Asker, id: Option<Box<RawValue>>, look: Oversight) {
    asker.look(id, false, move |asker, view, id| find(asker, view, id, &look));
}

fn find(
    asker: &Asker,
    view: &View<'_>,
    id: Option<&RawValue>,
    look: &Oversight,
) -> Result<String, WireError> {
    Ok(match look {
        Oversight::Audit(wish) => audit(view, id, wish.before, page(wish.limit))?,
        Oversight::Restrained(_) => restrained(view, id)?,
        Oversight::Invites(_) => invites(view, id)?,
        Oversight::CameBy(wish) => {
            let people = view.came_by(wish.invite, wish.after.unwrap_or_default(), page(wish.limit))?;
            let mut names = Names::new(view);
            names.meet(&people)?;
            ok(id, &PeopleFound { people: names.known })
        }
        Oversight::WaitingPeople(_) => waiting(view, id)?,
        Oversight::Filters(_) => filters(view, id)?,
        Oversight::Reports(_) => reports(view, id)?,
        Oversight::WithheldList(_) => withheld(view, id)?,
        Oversight::Review(wish) => {
            let (people, range) = (wish.people.clone(), wish.range.as_deref());
            let now = Timestamp::now();
            let selection = selection(&asker.space.gate, people, wish.invite, range, wish.minutes, now)?;
            review(view, id, &selection)?
        }
    })
}

#[derive(Serialize)]
struct PeopleFound {
    people: People,
}

fn audit(
    view: &View<'_>,
    id: Option<&RawValue>,
    before: Option<u64>,
    limit: usize,
) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Acts {
        acts: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
    }
    let (found, next) = view.audit(Position(before.unwrap_or(u64::MAX - 1)), limit)?;
    let mut names = Names::new(view);
    let mut acts = Vec::new();
    for event in found {
        names.meet(&[event.by])?;
        names.meet(&crate::wire::others(&event.what))?;
        let line = Told::line(&event, |person| names.of(person));
        acts.push(RawValue::from_string(line).expect("it was just written as JSON"));
    }
    Ok(ok(id, &Acts { acts, next: next.map(|position| position.0) }))
}

fn restrained(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        #[serde(skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        range: Option<parlor_chat::AddressRange>,
        /// Where it holds, if not everywhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<parlor_chat::RoomId>,
        muted: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
        reason: String,
        by: PersonId,
        at: u64,
    }
    #[derive(Serialize)]
    struct All {
        restrained: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.restrained(Timestamp::now())? {
        names.meet(&[one.by])?;
        names.meet(one.person.as_slice())?;
        let (until, at) = (one.until.map(|until| until.0), one.at.0);
        let (person, range, room, muted) = (one.person, one.range, one.room, one.muted);
        all.push(One { person, range, room, muted, until, reason: one.reason, by: one.by, at });
    }
    Ok(ok(id, &All { restrained: all, people: names.known }))
}

fn invites(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        invite: parlor_chat::InviteId,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
        uses: u64,
        used: u64,
        rooms: Vec<parlor_chat::RoomId>,
        role: parlor_chat::ServerRole,
        by: PersonId,
        at: u64,
        revoked: bool,
        banned: bool,
    }
    #[derive(Serialize)]
    struct All {
        invites: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.invites()? {
        names.meet(&[one.by])?;
        all.push(One {
            invite: one.id,
            until: one.until.map(|until| until.0),
            uses: one.uses,
            used: one.used,
            rooms: one.rooms,
            role: one.role,
            by: one.by,
            at: one.at.0,
            revoked: one.revoked,
            banned: one.banned,
        });
    }
    Ok(ok(id, &All { invites: all, people: names.known }))
}

fn waiting(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        person: PersonId,
        at: u64,
        note: String,
    }
    #[derive(Serialize)]
    struct All {
        waiting: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.waiting()? {
        names.meet(&[one.person])?;
        all.push(One { person: one.person, at: one.at.0, note: one.note });
    }
    Ok(ok(id, &All { waiting: all, people: names.known }))
}

fn filters(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        kind: parlor_chat::FilterKind,
        pattern: String,
        action: parlor_chat::FilterAction,
    }
    #[derive(Serialize)]
    struct All {
        filters: Vec<One>,
    }
    let found = view.filters()?.into_iter();
    let filters = found.map(|one| One { kind: one.kind, pattern: one.pattern, action: one.action });
    Ok(ok(id, &All { filters: filters.collect() }))
}

fn reports(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        report: u64,
        #[serde(flatten)]
        message: Place,
        by: PersonId,
        at: u64,
        note: String,
        /// The message and those around it, as they are now.
        context: Vec<Message>,
    }
    #[derive(Serialize)]
    struct All {
        reports: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.reports()? {
        names.meet(&[one.by])?;
        let context = view.history(one.message.room, From::Around(one.message.sequence), CONTEXT)?.messages;
        for message in &context {
            names.meet(&[message.by])?;
        }
        let context = context.into_iter().map(Message::from).collect();
        let (report, at) = (one.position.0, one.at.0);
        all.push(One { report, message: one.message, by: one.by, at, note: one.note, context });
    }
    Ok(ok(id, &All { reports: all, people: names.known }))
}

/// One message of many.
#[derive(Serialize)]
struct Sample {
    #[serde(flatten)]
    message: Place,
    by: PersonId,
    text: String,
}

fn samples(names: &mut Names<'_, '_>, found: Vec<parlor_chat::view::Sample>) -> Result<Vec<Sample>, Failure> {
    let mut samples = Vec::new();
    for one in found {
        names.meet(&[one.by])?;
        samples.push(Sample { message: one.message, by: one.by, text: one.text });
    }
    Ok(samples)
}

fn withheld(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        withheld: u64,
        at: u64,
        /// Nobody if a filter held it back.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        /// How many people's deeds they are.
        authors: usize,
        messages: usize,
        samples: Vec<Sample>,
    }
    #[derive(Serialize)]
    struct All {
        withheld: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.withheld()? {
        names.meet(one.by.as_slice())?;
        let samples = samples(&mut names, one.samples)?;
        let (withheld, at, authors) = (one.position.0, one.at.0, one.people.len());
        all.push(One { withheld, at, by: one.by, authors, messages: one.messages, samples });
    }
    Ok(ok(id, &All { withheld: all, people: names.known }))
}

fn review(
    view: &View<'_>,
    id: Option<&RawValue>,
    selection: &parlor_chat::Selection,
) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Reviewed {
        authors: usize,
        arrived: usize,
        messages: usize,
        events: usize,
        rooms_opened: usize,
        rooms: usize,
        samples: Vec<Sample>,
        people: People,
    }
    let found = view.review(selection)?;
    let mut names = Names::new(view);
    let samples = samples(&mut names, found.samples)?;
    let reviewed = Reviewed {
        authors: found.people.len(),
        arrived: found.arrived,
        messages: found.messages,
        events: found.events,
        rooms_opened: found.rooms_opened,
        rooms: found.rooms,
        samples,
        people: names.known,
    };
    Ok(ok(id, &reviewed))
}
