//! What the tests of this crate share: folders that go away, short ways to say things, and chance.
#![allow(dead_code, reason = "no test uses all of it")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Memory, Options, Sqlite};
use parlor_chat::{
    AccountChange, Action, AddressRange, Door, FilterAction, FilterKind, Fingerprint, InviteId, Key, Order,
    Origin, Outcome, PersonId, Position, Proposal, Refusal, Retention, Role, RoomId, SecretHash, Selection,
    Sequence, ServerRole, SessionId, ShownInvite, Timestamp, Trouble, Visibility,
};

/// When tests begin.
pub(crate) const START: u64 = 1_763_744_400_000;

/// A folder that is removed with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("parlor-chat-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // In memory where there is such a file system: no test of this crate turns the machine off, and thousands of
        // syncs of a disk that others use, too, take minutes.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let path = parent.join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("parlor.db")
    }

    pub(crate) fn open(&self) -> LocalLog<Sqlite> {
        open(&self.database())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn open(database: &Path) -> LocalLog<Sqlite> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        // A test beside this one may be starting a process, which holds a copy of every lock until it runs.
        match Sqlite::open(database, Options::default()) {
            Err(Trouble::Locked) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            storage => return LocalLog::open(storage.unwrap()).unwrap(),
        }
    }
}

pub(crate) fn memory() -> LocalLog<Memory> {
    LocalLog::open(Memory::new()).unwrap()
}

pub(crate) fn person(number: u64) -> PersonId {
    PersonId(1_000 + number)
}

pub(crate) fn room(number: u64) -> RoomId {
    RoomId(100 + number)
}

pub(crate) fn proposal(by: PersonId, action: Action) -> Proposal {
    Proposal { at: Timestamp(START), by, key: None, action }
}

pub(crate) fn with_key(key: &str, proposal: Proposal) -> Proposal {
    Proposal { key: Some(Key::new(key).unwrap()), ..proposal }
}

pub(crate) fn arrive(number: u64) -> Proposal {
    proposal(person(number), Action::Arrive { nickname: format!("user-{number}"), from: Origin::default() })
}

pub(crate) fn create(by: u64, number: u64, visibility: Visibility) -> Proposal {
    let (room, name) = (room(number), format!("room {number}"));
    proposal(person(by), Action::CreateRoom { room, visibility, name, topic: String::new() })
}

pub(crate) fn post(by: u64, room: RoomId, text: &str) -> Proposal {
    proposal(person(by), say(room, text))
}

pub(crate) fn say(room: RoomId, text: &str) -> Action {
    Action::Post { room, text: text.into(), reply_to: None, thread: None, mentions: Vec::new() }
}

/// Appends one proposal.
pub(crate) fn ask(log: &mut dyn Log, proposal: Proposal) -> Outcome {
    let mut outcomes = log.append(&[proposal]).unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// Appends one proposal that must be accepted, and returns its place in its room (0 without one).
#[track_caller]
pub(crate) fn accept(log: &mut dyn Log, proposal: Proposal) -> Sequence {
    let outcome = ask(log, proposal.clone());
    let receipt = outcome.verdict.unwrap_or_else(|refusal| panic!("{proposal:?}: {refusal}"));
    receipt.place.map(|place| place.sequence).unwrap_or_default()
}

/// Appends one proposal that must be refused.
#[track_caller]
pub(crate) fn refuse(log: &mut dyn Log, proposal: Proposal) -> Refusal {
    ask(log, proposal.clone()).verdict.expect_err(&format!("{proposal:?}"))
}

/// Five numbers out of which [`chance`] makes a proposal.
pub(crate) type Raw = (u8, u8, u8, u8, u8);

/// A proposal by chance, mostly one that makes sense, with a text that no other has.
pub(crate) fn chance(number: usize, (who, what, a, b, c): Raw) -> Proposal {
    if what >= 208 {
        return ordered(number, (who, what, a, b, c));
    }
    let by = if who >= 250 { PersonId::SERVER } else { person(u64::from(who % 8)) };
    let other = person(u64::from(c % 7));
    let rooms = [RoomId::LOBBY, room(1), room(2), room(3), room(4)];
    let room = rooms[usize::from(a % 5)];
    let message = Sequence(u64::from(b % 16));
    // What is done to messages is done to few, so that it can be undone.
    let (room, message) = if (32..=36).contains(&(what % 52)) && a < 200 {
        (RoomId::LOBBY, Sequence(u64::from(b % 4)))
    } else {
        (room, message)
    };
    let text = format!("secret-{number}-text");
    let nickname = format!("secret-{number}-name");
    let reaction = ["👍", ":tada:"][usize::from(c % 2)].to_owned();
    let some = |sequence: u8| sequence.is_multiple_of(4).then(|| Sequence(u64::from(sequence % 16)));
    if what % 52 >= 40 {
        return account_changed(number, (who, what, a, b, c));
    }
    let retention =
        [Retention::Inherit, Retention::Forever, Retention::Milliseconds(20_000)][usize::from(b % 3)];
    let action = match what % 52 {
        0..=1 => Action::Arrive { nickname, from: origin(number, b, c) },
        2 => Action::Rename { nickname },
        3 if c < 100 => Action::Depart,
        3 if c > 200 => Action::EraseMe,
        4..=6 => room_made(room, b),
        7 => Action::OpenDirect { room, with: vec![other] },
        8..=11 => Action::Join { room },
        12 => Action::Leave { room },
        13 => Action::Invite { room, person: other },
        14 => Action::Remove { room, person: other },
        15 => Action::SetRole {
            room,
            person: other,
            role: [Role::Member, Role::Moderator, Role::Owner][usize::from(b % 3)],
        },
        16 => Action::RenameRoom { room, name: format!("room {}", b % 5) },
        17 => Action::SetTopic { room, topic: format!("topic {b}") },
        18 if c.is_multiple_of(2) => Action::SetWebAccess { room, open: b.is_multiple_of(2) },
        18 => Action::SetRetention { room, retention },
        19..=27 => {
            Action::Post { room, text, reply_to: some(b), thread: some(c), mentions: vec![other, person(1)] }
        }
        28 => Action::Edit { room, message, text, mentions: vec![other] },
        29..=31 => Action::Delete { room, message },
        32..=33 => Action::React { room, message, reaction },
        34 => Action::Unreact { room, message, reaction },
        35 => Action::Pin { room, message },
        36 => Action::Unpin { room, message },
        37 => Action::Read { room, up_to: message },
        38 => Action::Expire { room, messages: (0..24).map(Sequence).collect() },
        39 if b < 60 => Action::SetServerRetention { retention },
        _ => Action::EndErasure { person: other },
    };
    let by = match what % 52 {
        0..=1 => person(4 + u64::from(who % 8)),
        38.. => PersonId::SERVER,
        _ => by,
    };
    // Of those who have keys, some use one again.
    let key = (c % 3 > 0).then(|| format!("key-{}", if c == 1 { number / 2 } else { number }));
    let key = key.map(|key| Key::new(key).unwrap());
    Proposal { at: Timestamp(START + 1_000 * number as u64), by, key, action }
}

fn room_made(room: RoomId, b: u8) -> Action {
    let visibility = if b.is_multiple_of(2) { Visibility::Public } else { Visibility::Private };
    Action::CreateRoom { room, visibility, name: format!("room {}", b % 5), topic: String::new() }
}

fn invite(number: u8) -> ShownInvite {
    ShownInvite { invite: InviteId(1 + u64::from(number % 2)), secret: SecretHash::of("come in") }
}

fn origin(number: usize, b: u8, c: u8) -> Origin {
    Origin {
        ranges: if b.is_multiple_of(3) {
            Vec::new()
        } else {
            vec![AddressRange(u64::from(b % 2)), AddressRange(9)]
        },
        invite: c.is_multiple_of(5).then(|| invite(b)),
        asks: c.is_multiple_of(2).then(|| format!("secret-{number}-request")),
    }
}

/// An order by chance; most are the server's own, because few others may give them.
fn ordered(number: usize, (who, what, a, b, c): Raw) -> Proposal {
    let whom = person(u64::from(c % 12));
    let newer = person(6 + u64::from(c % 6));
    let room = [RoomId::LOBBY, room(1), room(2)][usize::from(a % 3)];
    let at = Timestamp(START + 1_000 * number as u64);
    let until = a.is_multiple_of(2).then_some(Timestamp(at.0 + 1_000 * u64::from(b)));
    // Half of the time what was ordered a little while ago, which may be an undoing.
    let withheld = Position((number as u64 + BEFORE).saturating_sub(u64::from(b % 16)));
    let order = match what % 48 {
        0..=9 => {
            let (since, people) =
                (Timestamp(at.0.saturating_sub(1_000 * u64::from(b))), vec![whom, person(u64::from(a % 8))]);
            let invite = a.is_multiple_of(7).then(|| invite(b).invite);
            let range = a.is_multiple_of(11).then_some(AddressRange(9));
            Order::Undo { selection: Selection { people, invite, range, since } }
        }
        10..=17 => Order::Restore { withheld, rooms: Vec::new() },
        18..=20 => Order::Purge { withheld, messages: Vec::new() },
        21..=27 => restraint(what % 48, (a, b, c), at),
        28..=29 => {
            let doors = [Door::Open, Door::Invite, Door::Closed, Door::Claimed, Door::Open];
            Order::SetDoor { door: doors[usize::from(b % 5)] }
        }
        30..=31 => {
            let ShownInvite { invite, secret } = invite(b);
            Order::MakeInvite {
                invite,
                secret,
                until,
                uses: u64::from(c % 4),
                rooms: Vec::new(),
                role: ServerRole::Member,
            }
        }
        32 => Order::RevokeInvite { invite: invite(b).invite, ban: a.is_multiple_of(2) },
        33 => Order::UseInvite { shown: invite(b) },
        34 => Order::Admit { person: newer },
        35 => Order::TurnAway { person: newer },
        36 => Order::SetSlowMode { room, milliseconds: 10_000 * u64::from(b % 3) },
        37..=38 => {
            let action = if b.is_multiple_of(2) { FilterAction::Hold } else { FilterAction::Refuse };
            Order::SetFilter {
                kind: FilterKind::Word,
                pattern: ["text", "nothing"][usize::from(c % 2)].into(),
                action,
            }
        }
        39 => Order::RemoveFilter {
            kind: FilterKind::Word,
            pattern: ["text", "nothing"][usize::from(c % 2)].into(),
        },
        40..=43 => reported(number, what % 48, b),
        44 if c.is_multiple_of(2) => Order::OfferOwnership { secret: SecretHash::of("own it") },
        44 => Order::ClaimOwnership { secret: SecretHash::of("own it") },
        45 => Order::ForgetOrigins { people: (0..12).map(person).collect() },
        _ => {
            let role = [ServerRole::Guest, ServerRole::Moderator, ServerRole::Owner, ServerRole::Bot];
            Order::SetServerRole { person: whom, role: role[usize::from(b % 4)] }
        }
    };
    let is_own =
        matches!(order, Order::UseInvite { .. } | Order::ClaimOwnership { .. } | Order::Report { .. });
    let by = if is_own || who < 64 { person(u64::from(who % 6)) } else { PersonId::SERVER };
    Proposal { at, by, key: None, action: Action::Order { order } }
}

fn restraint(what: u8, (a, b, c): (u8, u8, u8), at: Timestamp) -> Order {
    let whom = person(u64::from(c % 12));
    let room = [RoomId::LOBBY, room(1), room(2)][usize::from(a % 3)];
    let of_room = a.is_multiple_of(3).then_some(room);
    let until = a.is_multiple_of(2).then_some(Timestamp(at.0 + 1_000 * u64::from(b)));
    let reason = || "because".to_owned();
    match what {
        21 => Order::Ban { person: whom, until, reason: reason() },
        22 => Order::Unban { person: whom },
        23 => Order::Mute { person: person(u64::from(c % 4)), room: of_room, until, reason: reason() },
        24 => Order::Unmute { person: person(u64::from(c % 4)), room: of_room },
        25 => Order::Kick { person: whom, reason: reason() },
        26 => Order::BanRange { range: AddressRange(u64::from(b % 4)), until, reason: reason() },
        _ => Order::UnbanRange { range: AddressRange(u64::from(b % 4)) },
    }
}

fn reported(number: usize, what: u8, b: u8) -> Order {
    if what > 41 {
        let lately = (number as u64 + BEFORE).saturating_sub(u64::from(b % 64));
        let report = Position(if b.is_multiple_of(2) { BEFORE } else { lately });
        return Order::SettleReport { report, note: "because".to_owned() };
    }
    let message = Sequence(u64::from(b % 4));
    Order::Report { room: RoomId::LOBBY, message, note: format!("secret-{number}-note") }
}

fn account_changed(number: usize, (who, what, _, b, c): Raw) -> Proposal {
    let change = account_change(number, what % 52, b, c);
    let is_link = matches!(change, AccountChange::IssueLink { .. });
    let by = if is_link { PersonId::SERVER } else { person(u64::from(who % 6)) };
    let at = Timestamp(START + 1_000 * number as u64);
    Proposal { at, by, key: None, action: Action::Account { change } }
}

/// One of those that somebody may be known by at other sites.
fn identity(number: u8) -> Fingerprint {
    Fingerprint::of_secret(&format!("at {number}"))
}

/// A change of an account by chance; hashes and labels are texts that no other has.
fn account_change(number: usize, what: u8, b: u8, c: u8) -> AccountChange {
    let secret = |kind: &str| format!("secret-{number}-{kind}");
    let session = SessionId(1 + u64::from(b % 4));
    let code = Fingerprint::of_secret(&format!("code {}", c % 5));
    let link = Fingerprint::of_secret("link");
    let lately = Position((number as u64 + BEFORE).saturating_sub(u64::from(b % 16)));
    match what {
        40..=42 => {
            let passkey = if c.is_multiple_of(3) { secret("passkey") } else { String::new() };
            let password = if c % 3 == 1 { String::new() } else { secret("password") };
            AccountChange::Claim { password, passkey, session, label: secret("label") }
        }
        43 => AccountChange::SetPassword { password: secret("password"), keep: session },
        44 if c.is_multiple_of(2) => {
            let (identity, provider) = (identity(c % 10), secret("provider"));
            if c.is_multiple_of(4) {
                AccountChange::LinkIdentity { identity, provider }
            } else {
                AccountChange::ClaimByIdentity { identity, provider, session, label: secret("label") }
            }
        }
        44 => AccountChange::AddPasskey { passkey: secret("passkey"), label: secret("label") },
        45 if c.is_multiple_of(3) => {
            AccountChange::UnlinkIdentity { identity: Position(BEFORE - 3 + u64::from(b % 2)) }
        }
        45 if c % 3 == 1 => AccountChange::LabelPasskey { passkey: lately, label: secret("label") },
        45 => AccountChange::RemovePasskey { passkey: lately },
        46 if c.is_multiple_of(2) => AccountChange::RemoveTotp,
        46 => AccountChange::SetTotp { secret: secret("totp"), step: u64::from(c % 8), codes: vec![code] },
        47 => AccountChange::SetRecoveryCodes { codes: vec![code] },
        48 | 49 => {
            let code = c.is_multiple_of(4).then_some(code);
            let (with, count, step) = (Position(u64::from(b)), u64::from(c % 5), u64::from(c % 8));
            AccountChange::StartSession { session, label: secret("label"), with, count, step, code }
        }
        50 if c.is_multiple_of(2) => AccountChange::EndSession { session },
        50 => AccountChange::EndSessions { keep: session },
        _ if c.is_multiple_of(2) => {
            let until = Timestamp(START + 1_000 * (number as u64 + u64::from(c)));
            AccountChange::IssueLink { person: person(u64::from(b % 6)), link, until }
        }
        _ => AccountChange::UseLink { link, password: secret("password"), session, label: secret("label") },
    }
}

/// Proposals at the beginning of a story, before chance.
const BEFORE: u64 = 16;

/// A beginning with people and rooms, and then chance.
pub(crate) fn story(raw: &[Raw]) -> Vec<Proposal> {
    let mut story: Vec<Proposal> = (0..6).map(arrive).collect();
    story.push(create(0, 1, Visibility::Public));
    story.push(create(1, 2, Visibility::Private));
    story.push(proposal(person(2), Action::OpenDirect { room: room(3), with: vec![person(3)] }));
    story.extend((1..4).map(|number| proposal(person(number), Action::Join { room: room(1) })));
    let (session, label) = (SessionId(1), String::new());
    for change in [
        AccountChange::ClaimByIdentity { identity: identity(8), provider: "One".into(), session, label },
        AccountChange::LinkIdentity { identity: identity(9), provider: "Another".into() },
    ] {
        story.push(proposal(person(4), Action::Account { change }));
    }
    story.push(post(0, RoomId::LOBBY, "nothing"));
    let order = Order::Report { room: RoomId::LOBBY, message: Sequence(1), note: String::new() };
    story.push(proposal(person(1), Action::Order { order }));
    assert_eq!(story.len() as u64, BEFORE);
    story.extend(raw.iter().enumerate().map(|(number, raw)| chance(number, *raw)));
    story
}
