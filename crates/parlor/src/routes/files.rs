//! Bringing files and having them: who may is asked of the chat, and nothing of a file is ever whole in memory.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use parlor_chat::{Failure, PersonId, Place, RoomId, Trouble};
use serde::Serialize;

use super::answer::{Answered, Problem, json};
use super::call::Call;
use super::octets::Octets;
use super::range::{Part, part};
use crate::content::has;
use crate::files::{About, FileId, Found, Unfit, Upload, Wish, decoded, encoded, may_bring, may_have};
use crate::space::Space;

/// Octets that are written to the disk at once.
const AT_ONCE: usize = 256 * 1024;
/// How long nothing of a file may come; then it is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// How often other nodes are asked before somebody is asked to try again: what is said meanwhile may be about more files.
const ATTEMPTS: usize = 4;
/// After how many milliseconds servers that were away may take a file.
const AGAIN: u64 = 10_000;

/// What a file may do in a browser that is sent there: nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";
/// Its address is another one for other octets.
const FOREVER: &str = "private, max-age=31536000, immutable";

/// A file that is there now.
#[derive(Serialize)]
struct Brought<'a> {
    id: String,
    name: &'a str,
    r#type: &'a str,
    size: u64,
    /// Its address, to be named by a message.
    path: String,
}

/// Takes a file into a room.
pub(super) async fn bring(call: Call) -> Answered {
    let owner = call.caller()?.person;
    if call.space.files.largest() == 0 {
        return Err(Unfit::Off.into());
    }
    let (room, name) = asked(call.uri.query().unwrap_or_default())?;
    let look = move |view: &parlor_chat::view::View<'_>| {
        may_bring(view, room)?;
        Ok(view.position()?)
    };
    let after = call.space.look_as(owner, false, look).await?;
    let text = |name| call.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let said = text(header::CONTENT_TYPE).unwrap_or_default().to_owned();
    let wish = Wish { owner, room, name, said, length, after };
    let files = Arc::clone(&call.space.files);
    let mut upload = aside(move || files.begin(wish)).await?;
    let mut stream = call.stream.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut held = Vec::new();
    loop {
        let frame = tokio::time::timeout(SILENCE, stream.frame()).await;
        let frame = frame.map_err(|_| Unfit::TooSlow)?;
        let is_end = frame.is_none();
        if let Some(frame) = frame {
            held.extend_from_slice(&frame.map_err(|_| Unfit::CutShort)?.into_data().unwrap_or_default());
        }
        if held.len() >= AT_ONCE || is_end {
            upload = write(upload, std::mem::take(&mut held)).await?;
        }
        if is_end {
            break;
        }
    }
    let (id, about) = aside(move || upload.finish()).await?;
    let path = about.path(id);
    let brought =
        Brought { id: id.to_string(), name: &about.name, r#type: about.media_type(), size: about.size, path };
    Ok((StatusCode::CREATED, json(&brought)).into_response())
}

async fn write(mut upload: Upload, octets: Vec<u8>) -> Result<Upload, Unfit> {
    aside(move || upload.write(&octets).map(|()| upload)).await
}

/// Has something done that waits for the disk, where nobody waits for it but who asked.
async fn aside<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Unfit> + Send + 'static,
) -> Result<T, Unfit> {
    tokio::task::spawn_blocking(run).await.unwrap_or(Err(Unfit::Trouble))
}

/// The room and the name that a request says.
fn asked(query: &str) -> Result<(RoomId, String), Problem> {
    let said = |wanted: &str| {
        let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.into_owned())
    };
    let room = said("room").and_then(|room| room.parse().ok());
    let room =
        room.ok_or_else(|| Problem::bad_parameter("Say into which room, such as ?room=0000000000001."))?;
    Ok((room, said("name").unwrap_or_default()))
}

/// Hands out a file, or a part of it, to whoever may have it; to others it is as if it were not there.
pub(super) async fn have(call: Call) -> Answered {
    let (id, name) = named(call.uri.path()).ok_or_else(Problem::no_such_file)?;
    let (about, claims) = find(&call.space, id).await?.ok_or_else(Problem::no_such_file)?;
    let person = call.caller.map(|caller| caller.signed.person);
    if about.name.as_bytes() != name || !may(&call.space, person, id, &about, claims).await? {
        return Err(Problem::no_such_file());
    }
    let file = open(&call.space, id).await?.ok_or_else(Problem::no_such_file)?;
    Ok(answer(id, &about, &call.headers, |from, length| Body::new(Octets::new(file, from, length))))
}

/// A file and the messages that name it. In a cluster, other nodes may have to be asked first.
async fn find(space: &Arc<Space>, id: FileId) -> Result<Option<(About, Vec<Place>)>, Failure> {
    for attempt in 0..ATTEMPTS {
        let files = Arc::clone(&space.files);
        // What waits for the database waits beside the event loops.
        let found = space.look(move |_| Ok(files.find(id, attempt > 0)?)).await?;
        match found {
            Found::There(about, claims) => return Ok(Some((about, claims))),
            Found::Nothing => return Ok(None),
            Found::Unsure => space.files.look_further().await.map_err(Failure::Trouble)?,
        }
    }
    Err(Failure::Trouble(Trouble::Busy))
}

/// Opens a file. In a cluster, another node may have been brought it.
async fn open(space: &Arc<Space>, id: FileId) -> Result<Option<std::fs::File>, Failure> {
    let read = || {
        let files = Arc::clone(&space.files);
        space.look(move |_| Ok(files.read(id)?))
    };
    if let Some(file) = read().await? {
        return Ok(Some(file));
    }
    let is_there = space.files.have_copy(id).await.map_err(Failure::Trouble)?;
    if is_there { read().await } else { Ok(None) }
}

/// The file that an address names, and what it calls it.
fn named(path: &str) -> Option<(FileId, Vec<u8>)> {
    let (id, name) = path.strip_prefix("/files/")?.split_once('/')?;
    Some((id.parse().ok()?, decoded(name)))
}

async fn may(
    space: &Arc<Space>,
    person: Option<PersonId>,
    id: FileId,
    about: &About,
    claims: Vec<Place>,
) -> Result<bool, Failure> {
    if let Some(person) = person {
        let (about, claims) = (about.clone(), claims.clone());
        let look =
            space.look_as(person, false, move |view| may_have(view, Some(person), (id, &about), &claims));
        match look.await {
            // Whoever sees nothing themselves still sees what the whole web does.
            Ok(false) | Err(Failure::Refused(_)) => {}
            other => return other,
        }
    }
    let about = about.clone();
    space.look(move |view| may_have(view, None, (id, &about), &claims)).await
}

/// The answer with the octets from a place on, as many as are asked for.
fn answer(id: FileId, about: &About, asked: &HeaderMap, body: impl FnOnce(u64, u64) -> Body) -> Response {
    let tag = HeaderValue::try_from(format!("\"{id}\"")).expect("it is visible ASCII");
    let how = if about.is_shown() { "inline" } else { "attachment" };
    let disposition = format!("{how}; filename*=UTF-8''{}", encoded(&about.name));
    let always = [
        (header::CACHE_CONTROL, HeaderValue::from_static(FOREVER)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::ETAG, tag.clone()),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::VARY, HeaderValue::from_static("Cookie, Authorization")),
    ];
    if has(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, always).into_response();
    }
    let size = about.size;
    let (status, from, length) = match part(asked, size, &tag) {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Of(from, length) => (StatusCode::PARTIAL_CONTENT, from, length),
        Part::Beyond => {
            let range = [(header::CONTENT_RANGE, number(format!("bytes */{size}")))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, always, range).into_response();
        }
    };
    let typed = [
        (header::CONTENT_TYPE, HeaderValue::from_static(about.media_type())),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::CONTENT_DISPOSITION, number(disposition)),
    ];
    let mut response = (status, always, typed, body(from, length)).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = number(format!("bytes {from}-{}/{size}", from + length - 1));
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// A header of visible ASCII, as numbers and encoded names are.
fn number(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("it is visible ASCII")
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        let (status, sentence, again_after) = match unfit {
            Unfit::Off => (StatusCode::FORBIDDEN, "This server takes no files.".into(), None),
            Unfit::TooLarge(largest) => {
                let sentence = format!("This is too large: a file has up to {largest} octets here.");
                (StatusCode::PAYLOAD_TOO_LARGE, sentence, None)
            }
            Unfit::SpentToday { limit, again_after } => {
                let sentence = format!("You may bring {limit} octets a day; go on tomorrow.");
                (StatusCode::TOO_MANY_REQUESTS, sentence, Some(again_after))
            }
            Unfit::ServerFull => {
                let sentence = "There is no room for more files here; tell whoever runs this server.";
                (StatusCode::INSUFFICIENT_STORAGE, sentence.into(), None)
            }
            Unfit::DiskFull => {
                let sentence = "The server's disk is full; tell whoever runs it.";
                (StatusCode::INSUFFICIENT_STORAGE, sentence.into(), None)
            }
            Unfit::TooManyAtOnce(most) => {
                let sentence = format!("You are bringing {most} files already; wait for one of them.");
                (StatusCode::TOO_MANY_REQUESTS, sentence, Some(1_000))
            }
            Unfit::Busy => {
                let sentence = "Too many files are on their way; try again in a moment.";
                (StatusCode::SERVICE_UNAVAILABLE, sentence.into(), Some(1_000))
            }
            Unfit::CutShort => {
                let sentence = "Not all of the file came; send it again.";
                (StatusCode::BAD_REQUEST, sentence.into(), None)
            }
            Unfit::TooSlow => {
                let sentence = "Nothing more of the file came; send it again.";
                (StatusCode::REQUEST_TIMEOUT, sentence.into(), None)
            }
            Unfit::Damaged => {
                let sentence = "This begins as a JPEG and is none; mend it, or send it in an archive.";
                (StatusCode::UNPROCESSABLE_ENTITY, sentence.into(), None)
            }
            Unfit::Away => {
                let sentence = "The servers that keep files cannot be reached for the moment; send it again.";
                (StatusCode::SERVICE_UNAVAILABLE, sentence.into(), Some(AGAIN))
            }
            Unfit::Trouble => {
                let sentence = "The file could not be stored; tell whoever runs this server.";
                (StatusCode::SERVICE_UNAVAILABLE, sentence.into(), None)
            }
        };
        Problem::again(status, unfit.code(), sentence, again_after)
    }
}
