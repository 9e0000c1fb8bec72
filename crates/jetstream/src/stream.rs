//! The stream that is the log: made as it has to be, and looked at before it is used.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, RawMessageErrorKind, RetentionPolicy, StorageType, Stream,
};
use parlor_chat::Trouble;
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::layout::StreamSequence;
use crate::message::Delivered;
use crate::options::Options;
use crate::reach::{unusable, waiting};
use crate::space::Space;

/// How long the servers know a message again that is published once more.
const REMEMBERED: Duration = Duration::from_secs(120);
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(200);

const _: () = assert!(REMEMBERED.as_secs() >= 2 * Options::LONGEST_PATIENCE.as_secs());

/// Which messages are in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first that is there; one more than the last if none is.
    pub(crate) first: StreamSequence,
    /// The last that was ever there, whether it is there still or not.
    pub(crate) last: StreamSequence,
}

/// How the stream has to be.
pub(crate) fn wanted(space: &Space, replicas: usize) -> Config {
    Config {
        name: space.stream(),
        subjects: vec![space.subjects()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // When something is full, what is new is refused and nothing old thrown away.
        discard: DiscardPolicy::New,
        num_replicas: replicas,
        duplicate_window: REMEMBERED,
        ..Config::default()
    }
}

/// How a stream beside it has to be.
fn beside(name: String, subjects: String, num_replicas: usize) -> Config {
    let (storage, discard) = (StorageType::File, DiscardPolicy::New);
    Config { name, subjects: vec![subjects], storage, discard, num_replicas, ..Config::default() }
}

/// Makes the stream if there is none, and says in sentences what is worth knowing of the one that there is.
///
/// # Errors
///
/// [`Trouble::Unfit`] with all that is wrong, if what was acknowledged could get lost.
pub(crate) fn open(
    connection: &Connection,
    space: &Space,
    options: &Options,
) -> Result<Vec<String>, Trouble> {
    let wanted = wanted(space, options.replicas);
    let get_or_create = |wanted: &Config| {
        connection.wait(get_or_create(connection, wanted, Instant::now() + options.patience))
    };
    let info = get_or_create(&wanted)?;
    for (name, subjects) in
        [(space.settled_stream(), space.settled_subjects()), (space.alike_stream(), space.alike_subjects())]
    {
        get_or_create(&beside(name, subjects, options.replicas))?;
    }
    let dangers = dangers(&info.config, &wanted);
    if dangers.is_empty() || options.accept_risk {
        return Ok(dangers.into_iter().chain(notes(&info.config)).collect());
    }
    let dangers = dangers.join("; ");
    Err(unusable(format!("the stream {} may lose what was acknowledged: {dangers}", wanted.name)))
}

async fn get_or_create(connection: &Connection, wanted: &Config, deadline: Instant) -> Result<Info, Trouble> {
    loop {
        let context = &connection.asking;
        let why = match context.get_stream(&wanted.name).await {
            Ok(stream) => return Ok(stream.cached_info().clone()),
            Err(error) => match error.kind() {
                async_nats::jetstream::context::GetStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    match context.create_stream(wanted.clone()).await {
                        Ok(stream) => return Ok(stream.cached_info().clone()),
                        Err(error) if is_final(&error.kind()) => return Err(not_made(wanted, &error)),
                        Err(error) => waiting(error),
                    }
                }
                _ => waiting(error),
            },
        };
        if Instant::now() >= deadline {
            return Err(why);
        }
        sleep(AGAIN).await;
    }
}

/// Whether waiting does not help. Servers that are still looking for each other say that they have not enough peers.
fn is_final(kind: &CreateStreamErrorKind) -> bool {
    let CreateStreamErrorKind::JetStream(error) = kind else { return false };
    match error.error_code() {
        ErrorCode::STREAM_NAME_EXIST | ErrorCode::CLUSTER_NO_PEERS => false,
        ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => true,
        _ => error.code() < 500,
    }
}

fn not_made(wanted: &Config, why: &dyn std::fmt::Display) -> Trouble {
    let (name, replicas) = (&wanted.name, wanted.num_replicas);
    unusable(format!(
        "the stream {name} cannot be made on {replicas} of them: {why}; run as many servers in one cluster, or ask for \
         fewer replicas"
    ))
}

/// Which messages are in the stream.
pub(crate) async fn extent(connection: &Connection, space: &Space) -> Result<Extent, Trouble> {
    let stream = connection.asking.get_stream(space.stream()).await.map_err(waiting)?;
    let state = &stream.cached_info().state;
    Ok(Extent { first: StreamSequence(state.first_sequence), last: StreamSequence(state.last_sequence) })
}

/// The stream of a space.
pub(crate) async fn get(connection: &Connection, space: &Space) -> Result<Stream<()>, Trouble> {
    connection.asking.get_stream_no_info(space.stream()).await.map_err(waiting)
}

/// One message; nothing if it is erased, trimmed away or not there yet. What was proposed under this name is
/// known again.
pub(crate) async fn message(
    connection: &Connection,
    space: &Space,
    name: &str,
    sequence: StreamSequence,
) -> Result<Option<Delivered>, Trouble> {
    match get(connection, space).await?.get_raw_message(sequence.0).await {
        Ok(message) => {
            let said = (message.subject, message.payload);
            Ok(Some(Delivered::new((space, name), sequence, Some(&message.headers), said)))
        }
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(waiting(error)),
    }
}

/// Which messages of the stream are gone.
pub(crate) struct Missing {
    /// The first that is there.
    pub(crate) first: StreamSequence,
    /// Those that are gone behind it.
    pub(crate) behind: HashSet<StreamSequence>,
}

/// Which messages of the stream are gone.
pub(crate) async fn missing(connection: &Connection, space: &Space) -> Result<Missing, Trouble> {
    let stream = get(connection, space).await?;
    let info = stream.info_builder().with_deleted(true).fetch().await.map_err(waiting)?;
    let state = &info.info.state;
    let behind = state.deleted.iter().flatten().copied().map(StreamSequence).collect();
    Ok(Missing { first: StreamSequence(state.first_sequence), behind })
}

/// Forgets everything up to a message, this included.
pub(crate) async fn forget(
    connection: &Connection,
    space: &Space,
    up_to: StreamSequence,
) -> Result<(), Trouble> {
    let stream = connection.asking.get_stream(space.stream()).await.map_err(waiting)?;
    stream.purge().sequence(up_to.next().0).await.map_err(waiting)?;
    Ok(())
}

/// What could lose what was acknowledged, each with what to do about it.
fn dangers(is: &Config, wanted: &Config) -> Vec<String> {
    let edit = |option: &str| format!("run `nats stream edit {} {option}`", is.name);
    let anew = |option: &str| format!("make it anew {option}");
    let has_limit = is.max_messages > 0 || is.max_bytes > 0 || is.max_messages_per_subject > 0;
    let replicas = wanted.num_replicas;
    let table = [
        (is.storage != StorageType::File, "is kept in memory alone", anew("with `--storage file`")),
        (is.retention != RetentionPolicy::Limits, "drops what was read", anew("with `--retention limits`")),
        (
            is.subjects != wanted.subjects,
            "has other subjects",
            anew(&format!("with `--subjects {}`", wanted.subjects.join(","))),
        ),
        (is.mirror.is_some() || is.sources.is_some(), "copies another stream", anew("without sources")),
        (is.no_ack, "acknowledges nothing", anew("without `--no-ack`")),
        (!is.max_age.is_zero(), "drops what is old", edit("--max-age=0")),
        (
            has_limit && is.discard != DiscardPolicy::New,
            "drops the oldest when it is full",
            edit("--discard=new"),
        ),
        (
            is.max_messages_per_subject > 0,
            "keeps few messages of a subject",
            edit("--max-msgs-per-subject=-1"),
        ),
        (
            is.num_replicas < replicas,
            "lies on fewer servers than were asked for",
            edit(&format!("--replicas={replicas}")),
        ),
        (
            is.duplicate_window < wanted.duplicate_window,
            "forgets too soon what it has seen, so that what is sent again may be there twice",
            edit(&format!("--dupe-window={}s", REMEMBERED.as_secs())),
        ),
        (is.deny_delete, "lets nothing be erased", anew("without `--deny-delete`")),
        (is.deny_purge, "lets nothing be trimmed", anew("without `--deny-purge`")),
    ];
    let found = table.into_iter().filter(|(is_so, ..)| *is_so);
    found.map(|(_, what, remedy)| format!("it {what}; {remedy}")).collect()
}

/// What else is worth knowing.
fn notes(is: &Config) -> Vec<String> {
    let note = match is.num_replicas {
        1 => "it lies on one server: while that is down nobody can write; three stand the loss of one",
        2 => "it lies on two servers, of which both have to run; three stand the loss of one",
        _ => return Vec::new(),
    };
    vec![note.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let wanted = wanted(&Space::new("main").unwrap(), 3);
        let mut is = wanted.clone();
        change(&mut is);
        dangers(&is, &wanted).into_iter().chain(notes(&is)).collect()
    }

    #[test]
    fn a_stream_as_it_is_made_needs_no_word() {
        assert!(found(|_| ()).is_empty());
    }

    #[test]
    fn what_could_lose_what_was_acknowledged_is_named_with_what_to_do() {
        type Change = fn(&mut Config);
        let cases: [(Change, &str); 13] = [
            (|is| is.storage = StorageType::Memory, "--storage file"),
            (|is| is.retention = RetentionPolicy::WorkQueue, "--retention limits"),
            (|is| is.subjects = vec![">".into()], "parlor.main.log.*"),
            (|is| is.sources = Some(Vec::new()), "sources"),
            (|is| is.no_ack = true, "--no-ack"),
            (|is| is.max_age = Duration::from_secs(1), "nats stream edit parlor-main --max-age=0"),
            (
                |is| (is.max_messages, is.discard) = (1, DiscardPolicy::Old),
                "nats stream edit parlor-main --discard=new",
            ),
            (|is| (is.max_bytes, is.discard) = (1, DiscardPolicy::Old), "--discard=new"),
            (|is| is.max_messages_per_subject = 1, "--max-msgs-per-subject=-1"),
            (|is| is.num_replicas = 2, "--replicas=3"),
            (|is| is.duplicate_window = Duration::from_secs(119), "--dupe-window=120s"),
            (|is| is.deny_delete = true, "--deny-delete"),
            (|is| is.deny_purge = true, "--deny-purge"),
        ];
        for (change, advice) in cases {
            let found = found(change);
            assert!(
                found.first().is_some_and(|what| what.contains(advice)),
                "{found:?} says nothing of {advice}"
            );
        }
    }

    #[test]
    fn a_limit_that_refuses_what_is_new_loses_nothing() {
        assert!(found(|is| is.max_bytes = 1 << 30).is_empty());
    }
}
