//! What can be asked in a chat, what happened, and the log that both stand in.
//!
//! A [`Proposal`] is what a person wishes for. It gets a [`Position`] in one total order, is accepted or refused
//! there, and its [`Outcome`] is told once it is durable. What happened is an [`Event`]; those of a room are
//! numbered 1, 2, 3… without a gap. This crate knows no socket and no HTTP.
//!
//! ```
//! use parlor_chat::log::LocalLog;
//! use parlor_chat::storage::Memory; // or `Sqlite::open(path, Options::default())?`
//! use parlor_chat::view::{From, Since};
//! use parlor_chat::{Action, Chat, Key, Origin, Outcome, PersonId, Proposal, RoomId, Sequence, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Called with each batch of outcomes, in the order of the log: the place to publish events.
//! let listener = |outcomes: &[Outcome]| {
//!     for event in outcomes.iter().filter_map(|outcome| outcome.event.as_ref()) {
//!         println!("{:?} hears of {event:?}", event.audience());
//!     }
//! };
//! let chat = Chat::start(LocalLog::open(Memory::new())?, Box::new(listener))?;
//!
//! let ada = PersonId::new(Timestamp::now(), 4_711);
//! let propose = |key: &str, action| {
//!     let key = Some(Key::new(key).expect("short"));
//!     chat.ask(Proposal { at: Timestamp::now(), by: ada, key, action })
//! };
//! propose("1", Action::Arrive { nickname: "Ada".into(), from: Origin::default() })?.verdict?;
//! let post = || Action::Post {
//!     room: RoomId::LOBBY, text: "hello".into(), reply_to: None, thread: None, mentions: vec![],
//! };
//! let first = propose("2", post())?;
//! let again = propose("2", post())?; // the connection broke, the client sends it again
//! assert_eq!(first.verdict, again.verdict);
//! assert!(again.repeated && again.event.is_none());
//!
//! chat.view(ada, |view| {
//!     assert_eq!(view.history(RoomId::LOBBY, From::Latest, 50)?.messages[0].text, "hello");
//!     let Since::Complete { events, last, .. } = view.since(RoomId::LOBBY, Sequence(0), 1_000)? else { panic!() };
//!     assert_eq!((events.len(), last), (1, Sequence(1)));
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! # A session's part
//!
//! - **Who speaks** is settled before: `by` of a proposal is believed, and [`PersonId::SERVER`] may do everything.
//!   Give every wish of a client its [`Key`]; [`Action::Read`] and what the server proposes can do without.
//! - **`at` and ids** come from whoever proposes ([`Timestamp::now`], [`PersonId::new`], [`RoomId::new`] with
//!   random bits). A [`Refusal::IdTaken`] means to draw again.
//! - **Answers**: [`Chat::submit`] never blocks; its [`Answer`] runs on the log's thread and must only hand on what it
//!   got. An answer precedes the event on the [`Listener`]. A [`Trouble`] that [may pass](Trouble::may_pass) is
//!   worth telling the client to try again, with the same key.
//! - **Publishing**: [`Event::audience`] says which topic an event belongs to, [`Event::also_for`] which people have
//!   to be told besides, because a room came into their view or left it: their sessions subscribe or unsubscribe
//!   then. [`What::Departed`] and [`What::PersonErased`] end memberships without an event in each room.
//! - **Resuming**: subscribe to the room's topic first, keep what comes, then ask [`View::since`](view::View::since)
//!   the last place that the client saw, hand out its events and then those kept whose place is greater than `last`.
//!   [`Since::Gap`](view::Since::Gap) is to be told as such. Places that are left out are erased.
//! - **Read pointers** are entries of the log like all else: wait a second or two before proposing one, so that
//!   whoever scrolls writes one and not a hundred.
//! - **Retention and erased accounts**: call [`sweep`](sweep()) once a minute on a thread of its own.
//! - **Limits** are in [`limits`]; they are part of the rules and hold everywhere. Rates are the session's to limit:
//!   a refused proposal takes a place in the log, too (some 40 octets).
//!
//! # What is promised
//!
//! - What was answered is durable; an error in the answer means that nothing was acknowledged.
//! - The same proposals in the same order lead to the same [state](log::StateHash), whichever storage, batches or
//!   node. So does replaying a log of which something has been erased, and a snapshot with what came after it.
//! - What is erased is gone from state and log at once and from the files a second later
//!   ([`Log::scrub`](log::Log::scrub)), unless somebody reads an earlier moment for so long. Its position, its place
//!   in the room and the [`Fingerprint`] of its key stay. What an edit replaced stays in the log, unseen, until the
//!   message is erased.

mod account;
mod answer;
mod chat;
mod codec;
mod entry;
mod event;
mod failure;
mod id;
mod key;
pub mod limits;
pub mod log;
mod order;
mod outcome;
mod permission;
mod place;
mod proposal;
mod refusal;
mod room;
pub mod search;
mod state;
pub mod storage;
mod sweep;
mod time;
mod trouble;
pub mod view;

pub use account::AccountChange;
pub use answer::Answer;
pub use chat::{Chat, Listener, Standing};
pub use codec::Malformed;
pub use entry::{Entry, Verdict};
pub use event::{Audience, Event, What};
pub use failure::Failure;
pub use id::{AddressRange, InvalidId, InviteId, PersonId, RoomId, SessionId};
pub use key::{Fingerprint, InvalidKey, Key};
pub use order::{
    FilterAction, FilterKind, Order, Origin, SecretHash, Selection, ShownInvite, Touched, Undone,
};
pub use outcome::{Outcome, Receipt};
pub use permission::{Allowed, Door, Permission, RoomPermission, ServerRole, permits_in_room};
pub use place::{Place, Position, Sequence};
pub use proposal::{Action, Proposal};
pub use refusal::Refusal;
pub use room::{Retention, Role, Visibility};
pub use sweep::sweep;
pub use time::Timestamp;
pub use trouble::Trouble;
