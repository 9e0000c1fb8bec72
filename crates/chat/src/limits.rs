//! Every bound on what can be asked for: its number, its unit and its reason.
//!
//! They are part of the rules, so they are the same on every node and cannot be configured: what one node accepts
//! and another refuses would make two states of one log. A server may ask for less before it proposes.

/// Octets of UTF-8 in a message: what one WebSocket message of the server's default size can carry.
pub const TEXT: usize = 65_536;

/// Characters of a nickname: more do not fit beside a message on a phone.
pub const NICKNAME: usize = 32;

/// Characters of a room's name.
pub const ROOM_NAME: usize = 64;

/// Characters of a topic: one line, though a long one.
pub const TOPIC: usize = 500;

/// People of a direct conversation, whoever opens it included. More than that is a private room.
pub const DIRECT_PEOPLE: usize = 8;

/// People whom one message may mention by name.
pub const MENTIONS: usize = 50;

/// Octets of UTF-8 in a reaction: the longest emoji sequences of Unicode take about 35, names like
/// `:partyparrot:` fit.
pub const REACTION: usize = 64;

/// Different reactions on one message. How many people share one of them is not bounded.
pub const REACTIONS: usize = 50;

/// Messages that are pinned in one room at the same time.
pub const PINS: u64 = 100;

/// Rooms that one person is in, so that departing, which leaves all of them in one step, takes a bounded time.
pub const ROOMS: u64 = 1_000;

/// Messages that the server erases in one step, so that a step takes a bounded time.
pub const ERASED_AT_ONCE: usize = 500;

/// Octets of what somebody signs in with, as it is kept: the hash of a password, a passkey, the sealed secret of codes.
pub const CREDENTIAL: usize = 2_048;

/// Characters of what a device or a passkey is called.
pub const LABEL: usize = 64;

/// Passkeys of one person: more than anybody has devices.
pub const PASSKEYS: usize = 20;

/// Sites by which one person signs in: more than anybody is known at.
pub const IDENTITIES: usize = 10;

/// Devices on which one person is signed in; the one that signed in first is signed out for one more.
pub const SESSIONS: usize = 100;

/// Recovery codes of one person.
pub const RECOVERY_CODES: usize = 16;

/// Octets of a client's key: a UUID has 36.
pub const KEY: usize = 64;

/// Milliseconds that messages stay at the least where they do not stay for ever.
pub const RETENTION: u64 = 1_000;

/// Messages, members or rooms in one answer, so that an answer takes a few milliseconds and some 100 KiB.
pub const PAGE: usize = 200;

/// Places of a room that a client can be behind and still be told everything at once; from there on it is a gap.
pub const CATCH_UP: u64 = 10_000;

/// Messages that are looked at to count the unread ones of a room, so that who only writes and never reads costs a few
/// milliseconds, too.
pub const LOOKED_AT: u64 = 5_000;

/// Octets of texts in one answer about what was missed, after which it ends.
pub const CATCH_UP_OCTETS: usize = 512 * 1024;

/// Characters of a reason, of a report's note and of what somebody says to be let in.
pub const REASON: usize = 500;

/// Ranges that one address is told as: an IPv6 address has four that matter.
pub const RANGES: usize = 4;

/// Invitations that can be used at the same time.
pub const INVITES: u64 = 1_000;

/// Rooms that one invitation opens.
pub const INVITE_ROOMS: usize = 20;

/// Filters in force: each message is held against all of them.
pub const FILTERS: u64 = 200;

/// Characters that a filter looks for.
pub const FILTER: usize = 100;

/// Reports of one person that wait for a moderator.
pub const REPORTS: u64 = 20;

/// People who wait to be let in.
pub const WAITING: u64 = 1_000;

/// Messages and events that are looked at to find out when somebody spoke last in a room with slow mode.
pub const SLOW_MODE_LOOKED_AT: usize = 1_000;

/// Milliseconds of slow mode: six hours.
pub const SLOW_MODE: u64 = 6 * 60 * 60 * 1_000;

/// People whose deeds are undone in one act.
pub const RAIDERS: usize = 5_000;

/// Messages and events that are looked at to undo what people did, so that the act takes a bounded time.
pub const RAID_LOOKED_AT: usize = 500_000;

/// Messages and events that one act undoes.
pub const RAID_DEEDS: usize = 50_000;

/// Milliseconds for which what was undone or held back can be brought back: a week. Then it is erased.
pub const WITHHELD_FOR: u64 = 7 * 24 * 60 * 60 * 1_000;

/// People whose origins are erased in one step.
pub const ORIGINS_AT_ONCE: usize = 500;

/// Rooms that one person can be brought into by others, so that nobody can fill up the rest of [`ROOMS`] for them.
pub const ROOMS_BY_OTHERS: u64 = 900;
