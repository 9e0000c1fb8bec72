//! Everything that is kept about somebody, as one JSON object that is written while it is read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use parlor_chat::view::{Concerning, View};
use parlor_chat::{AccountChange, Event, Failure, Position, Refusal, What};
use serde_json::{Value, json};

use super::answer::{Answered, Problem};
use super::call::Call;
use super::me::Me;
use crate::files::Files;
use crate::identity::Signed;
use crate::space::{Space, Standing};

/// Writes out everything that is kept about whoever asks: who they are, where they are signed in, the rooms they are in
/// and how far they have read them, and each entry of the log that is theirs or about them.
pub(super) async fn export(call: Call) -> Answered {
    let signed = call.caller()?;
    let space = Arc::clone(&call.space);
    let asked = space.counters.exports.of(call.from.address, &signed.person.to_string());
    space.counters.exports.begin(&asked, Instant::now()).map_err(Problem::export_too_fast)?;
    let files = Arc::clone(&space.files);
    let beginning = space.look_as(signed.person, false, move |view| beginning(view, signed, &files)).await?;
    let (beginning, up_to) = beginning.ok_or_else(Problem::not_signed_in)?;
    let next = Some(Position(0));
    let pieces =
        Pieces { signed, space, up_to, beginning: Some(beginning), next, reading: None, has_event: false };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"parlor.json\""),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok::<Response, Problem>((headers, Body::from_stream(pieces)).into_response())
}

/// All but the log, and the place up to which the log is written out.
fn beginning(view: &View<'_>, signed: Signed, files: &Files) -> Result<Option<(String, Position)>, Failure> {
    let Some(me) = Me::of(view, signed)? else { return Ok(None) };
    let rooms = view.rooms()?.into_iter().map(
        |room| json!({"room": room.id, "name": room.name, "role": room.role, "read_up_to": room.read_up_to}),
    );
    let files = files.of(signed.person)?.into_iter().map(|(id, about)| {
        let path = about.path(id);
        json!({
            "room": about.room, "name": about.name, "type": about.r#type, "size": about.size,
            "at": about.at, "path": path,
        })
    });
    let (me, rooms, files) = (json!(me), Value::from_iter(rooms), Value::from_iter(files));
    Ok(Some((
        format!("{{\"you\":{me},\n\"rooms\":{rooms},\n\"files\":{files},\n\"events\":["),
        view.position()?,
    )))
}

type Reading = Pin<Box<dyn Future<Output = Result<Concerning, Failure>> + Send>>;

/// The answer, piece by piece: what its reader has not made room for yet is not read.
struct Pieces {
    signed: Signed,
    space: Arc<Space>,
    up_to: Position,
    /// What comes first, until it has been handed out.
    beginning: Option<String>,
    /// From where on the log is still to be read.
    next: Option<Position>,
    reading: Option<Reading>,
    has_event: bool,
}

impl Pieces {
    fn read(&self, after: Position) -> Reading {
        let (space, signed, up_to) = (Arc::clone(&self.space), self.signed, self.up_to);
        Box::pin(async move {
            let look = move |view: &View<'_>| {
                // Signing out ends it, too.
                if Standing::of(view, signed)? != Standing::SignedIn {
                    return Err(Refusal::UnknownPerson.into());
                }
                view.concerning(signed.person, after, up_to)
            };
            space.look_as(signed.person, true, look).await
        })
    }

    fn write(&mut self, events: &[Event]) -> String {
        let mut text = String::new();
        for event in events {
            text.push_str(if self.has_event { ",\n" } else { "\n" });
            text.push_str(&told(event).to_string());
            self.has_event = true;
        }
        text
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(beginning) = self.beginning.take() {
            return Poll::Ready(Some(Ok(beginning.into())));
        }
        loop {
            let Some(after) = self.next else { return Poll::Ready(None) };
            let mut reading = self.reading.take().unwrap_or_else(|| self.read(after));
            let Poll::Ready(read) = reading.as_mut().poll(context) else {
                self.reading = Some(reading);
                return Poll::Pending;
            };
            // What fails breaks the answer off, so that nobody can take it for the whole.
            let read = match read {
                Ok(read) => read,
                Err(failure) => {
                    self.next = None;
                    return Poll::Ready(Some(Err(failure.to_string())));
                }
            };
            self.next = read.next;
            let mut text = self.write(&read.events);
            if read.next.is_none() {
                text.push_str("\n]}\n");
            }
            if !text.is_empty() {
                return Poll::Ready(Some(Ok(text.into())));
            }
        }
    }
}

/// An event without what somebody signs in with.
fn told(event: &Event) -> Value {
    let mut told = json!(event);
    if let What::Account { change } = &event.what {
        let label = match change {
            AccountChange::Claim { label, .. }
            | AccountChange::ClaimByIdentity { label, .. }
            | AccountChange::AddPasskey { label, .. }
            | AccountChange::LabelPasskey { label, .. }
            | AccountChange::StartSession { label, .. }
            | AccountChange::UseLink { label, .. } => Some(label),
            _ => None,
        };
        told["what"]["change"] = json!({"type": told["what"]["change"]["type"], "label": label});
    }
    told
}
