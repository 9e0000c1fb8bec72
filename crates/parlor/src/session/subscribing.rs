//! Watching a room: what a client missed is read, and handed to the publisher, who goes on from there.

use parlor_chat::view::{Since, View};
use parlor_chat::{Event, Failure, Sequence};
use serde::Serialize;
use serde_json::value::RawValue;

use super::asker::Asker;
use super::fitting::OCTETS;
use super::names::Names;
use crate::publisher::{News, Subscription};
use crate::wire::{Subscribe, Told, behind, ok};

/// Places that one answer covers at most.
const PLACES: u64 = 1_000;
/// What is answered to who cannot be told everything.
#[derive(Serialize)]
struct Gap {
    room: parlor_chat::RoomId,
    /// Always true: history tells what is missing, and `subscribe` with `after` set to `last` goes on from here.
    gap: bool,
    last: Sequence,
}

/// Answers a wish to watch a room.
pub(super) fn subscribe(asker: &Asker, id: Option<Box<RawValue>>, wish: Subscribe) {
    let (job, again) = (asker.clone(), id.clone());
    asker.read(id.as_deref(), false, move || {
        let read = job.space.chat().view(job.person, |view| read(&job, view, again.clone(), &wish));
        if let Err(failure) = read {
            job.refuse(again.as_deref(), failure);
        }
    });
}

fn read(asker: &Asker, view: &View<'_>, id: Option<Box<RawValue>>, wish: &Subscribe) -> Result<(), Failure> {
    let room = wish.room;
    let last = view.room(room)?.last;
    let after = wish.after.unwrap_or(last);
    let (events, up_to) = match view.since(room, after, PLACES)? {
        Since::Complete { events, up_to, .. } => (events, up_to),
        Since::Gap { last } | Since::Ahead { last } => {
            asker.space.answer(&asker.ws, ok(id.as_deref(), &Gap { room, gap: true, last }));
            return Ok(());
        }
    };
    let (lines, up_to) = lines(view, &events, up_to)?;
    if up_to < last {
        let events = lines.iter().map(String::as_str);
        asker.space.answer(&asker.ws, behind(id.as_deref(), room, up_to, last, events));
        return Ok(());
    }
    let (again, retry) = (asker.clone(), id.clone());
    // Much happened since this was read: it is read again, from where the client is.
    let wish = Subscribe { room, after: Some(after) };
    let again = Box::new(move || subscribe(&again, retry, wish));
    asker.space.tell(News::Subscribe(Box::new(Subscription {
        ws: asker.ws.clone(),
        id,
        room,
        lines,
        last,
        position: view.position()?,
        is_withdrawn: false,
        again,
    })));
    Ok(())
}

/// The events as lines, and the place up to which they go.
fn lines(view: &View<'_>, events: &[Event], up_to: Sequence) -> Result<(Vec<String>, Sequence), Failure> {
    let mut names = Names::new(view);
    let (mut lines, mut octets) = (Vec::with_capacity(events.len()), 0);
    for (number, event) in events.iter().enumerate() {
        names.meet(&[event.by])?;
        names.meet(&crate::wire::others(&event.what))?;
        let line = Told::line(event, |person| names.of(person));
        octets += line.len();
        lines.push(line);
        if octets > OCTETS && number + 1 < events.len() {
            let place = event.place.map_or(up_to, |place| place.sequence);
            return Ok((lines, place));
        }
    }
    Ok((lines, up_to))
}
