//! What the tests of this crate share: servers that they start and end themselves, and short ways to say things.

mod server;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use parlor_chat::log::{Log, SharedLog};
use parlor_chat::storage::Memory;
use parlor_chat::{Action, Chat, Key, Origin, Outcome, PersonId, Proposal, RoomId, Timestamp, Trouble};
use parlor_jetstream::{JetStreamLog, Options};

pub(crate) use server::{Folder, PATIENCE, Server};

/// A space that no other test of this process has.
pub(crate) fn fresh_space() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A node in memory.
pub(crate) fn node(server: &Server, space: &str) -> JetStreamLog<Memory> {
    JetStreamLog::open(Options::new(server.address(), space), Memory::new()).unwrap()
}

pub(crate) fn proposal(by: u64, key: &str, action: Action) -> Proposal {
    let key = Some(Key::new(key).unwrap());
    Proposal { at: Timestamp(1_763_744_400_000), by: PersonId(by), key, action }
}

pub(crate) fn arrive(by: u64) -> Proposal {
    proposal(by, "arrive", Action::Arrive { nickname: format!("user-{by}"), from: Origin::default() })
}

pub(crate) fn post(by: u64, text: &str) -> Proposal {
    let (room, key) = (RoomId::LOBBY, &text[..text.len().min(parlor_chat::limits::KEY)]);
    let text = text.to_owned();
    proposal(by, key, Action::Post { room, text, reply_to: None, thread: None, mentions: vec![] })
}

/// Appends, and says what was posted by that, in order.
pub(crate) fn append(log: &mut dyn Log, batch: &[Proposal]) -> Vec<Outcome> {
    let outcomes = log.append(batch).unwrap();
    assert_eq!(outcomes.len(), batch.len());
    outcomes
}

/// Hands something in, and returns where the answer comes.
pub(crate) fn submit(chat: &Chat, proposal: Proposal) -> Receiver<Outcome> {
    let (answer, answered) = channel();
    chat.submit(proposal, Box::new(move |outcome| answer.send(outcome.unwrap().clone()).unwrap()));
    answered
}

/// Follows until the node has applied as much as another.
pub(crate) fn catch_up(node: &mut JetStreamLog<Memory>, up_to: &(impl Log + ?Sized)) -> Vec<Outcome> {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    while node.last() < up_to.last() {
        assert!(std::time::Instant::now() < deadline, "it stays at {}", node.last());
        match node.follow(std::time::Duration::from_millis(100)) {
            // Servers that have just come back are not reached at once.
            Ok(()) | Err(Trouble::Unreachable(_)) => {}
            Err(trouble) => panic!("{trouble}"),
        }
        heard.extend_from_slice(node.heard());
    }
    heard
}

/// The texts that were posted, in order.
pub(crate) fn texts(outcomes: &[Outcome]) -> Vec<String> {
    let text = |outcome: &Outcome| match outcome.event.as_ref().map(|event| &event.what) {
        Some(parlor_chat::What::Posted { text, .. }) => Some(text.clone()),
        _ => None,
    };
    outcomes.iter().filter_map(text).collect()
}

/// For what a test asks the servers itself.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
