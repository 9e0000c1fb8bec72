//! The same log leads to the same state: decided again, replayed, from a snapshot, in any storage, in any batches.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{LocalLog, Log, StateHash};
use parlor_chat::storage::Memory;
use parlor_chat::{Outcome, Position, Proposal};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use support::{Folder, Raw, memory, story};

fn run(log: &mut impl Log, story: &[Proposal], batch: usize) -> Vec<Outcome> {
    story.chunks(batch).flat_map(|batch| log.append(batch).unwrap()).collect()
}

fn replayed(log: &mut LocalLog<Memory>, from: &impl Log) -> StateHash {
    log.replay(&from.tail(log.last(), usize::MAX).unwrap()).unwrap();
    assert_eq!(log.last(), from.last());
    log.state_hash().unwrap()
}

fn every_way(raw: &[Raw], batch: usize, cut: usize) {
    let story = story(raw);
    let mut live = memory();
    let outcomes = run(&mut live, &story, 1);
    let hash = live.state_hash().unwrap();

    let folder = Folder::new();
    let mut stored = folder.open();
    assert_eq!(run(&mut stored, &story, batch), outcomes, "other batches, other storage");
    assert_eq!(stored.state_hash().unwrap(), hash);
    assert_eq!(stored.tail(Position(0), usize::MAX).unwrap(), live.tail(Position(0), usize::MAX).unwrap());

    assert_eq!(replayed(&mut memory(), &live), hash, "what is erased by now is not needed");

    let cut = cut % story.len();
    let mut early = memory();
    run(&mut early, &story[..cut], 3);
    let mut snapshot = Vec::new();
    assert_eq!(early.snapshot(&mut snapshot).unwrap(), Position(cut as u64));
    let mut restored = memory();
    restored.restore(&mut snapshot.as_slice()).unwrap();
    assert_eq!(restored.state_hash().unwrap(), early.state_hash().unwrap());
    assert_eq!(replayed(&mut restored, &live), hash, "a snapshot after {cut} and what came later");

    // What a log says is what it was told, read back.
    for entry in live.tail(Position(0), usize::MAX).unwrap() {
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<parlor_chat::Entry>(&json).unwrap(), entry);
    }
    for proposal in &story {
        assert_eq!(Proposal::from_octets(&proposal.to_octets()).as_ref(), Ok(proposal));
        let json = serde_json::to_string(proposal).unwrap();
        assert_eq!(serde_json::from_str::<Proposal>(&json).unwrap(), *proposal);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_through_a_log_leads_to_the_same_state(
        raw in vec(any::<Raw>(), 1..250), batch in 1_usize..20, cut in any::<usize>(),
    ) {
        every_way(&raw, batch, cut);
    }
}

/// What happens, and why something does not, in stories that are made by chance.
const ALL: &[&str] = &[
    "(repeated)",
    "(unchanged)",
    "arrived",
    "renamed",
    "departed",
    "person_erased",
    "erasure_ended",
    "room_created",
    "joined",
    "left",
    "role_set",
    "room_renamed",
    "topic_set",
    "retention_set",
    "web_access_set",
    "posted",
    "edited",
    "deleted",
    "reacted",
    "unreacted",
    "pinned",
    "unpinned",
    "read",
    "expired",
    "server_retention_set",
    "withheld",
    "undone",
    "restore",
    "purge",
    "ban",
    "mute",
    "unmute",
    "ban_range",
    "set_door",
    "make_invite",
    "use_invite",
    "revoke_invite",
    "admit",
    "turn_away",
    "set_slow_mode",
    "set_filter",
    "remove_filter",
    "report",
    "settle_report",
    "claim_ownership",
    "forget_origins",
    "set_server_role",
    "claim",
    "claim_by_identity",
    "link_identity",
    "unlink_identity",
    "start_session",
    "use_link",
    "banned",
    "muted",
    "filtered",
    "slow-mode",
    "not-invited",
    "range-banned",
    "unknown-person",
    "id-taken",
    "no-such-room",
    "no-such-person",
    "no-such-message",
    "not-a-member",
    "not-allowed",
    "not-the-author",
    "room-name-taken",
    "identity-taken",
    "last-owner",
    "not-there-yet",
];

#[test]
fn chance_reaches_most_of_the_rules() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let raw = vec(any::<Raw>(), 250).new_tree(&mut runner).unwrap().current();
        for outcome in run(&mut memory(), &story(&raw), 250) {
            let name = match (&outcome.verdict, outcome.event) {
                (Err(refusal), _) => refusal.code().to_owned(),
                (_, Some(event)) => {
                    let what = serde_json::to_value(&event.what).unwrap();
                    let inner = what["order"]["act"].as_str().or(what["change"]["type"].as_str());
                    let name = inner.or(what["type"].as_str());
                    name.unwrap().to_owned()
                }
                (Ok(_), None) if outcome.repeated => "(repeated)".into(),
                (Ok(_), None) => "(unchanged)".into(),
            };
            seen.insert(name);
        }
    }
    let missing: Vec<&str> = ALL.iter().filter(|name| !seen.contains(**name)).copied().collect();
    assert!(missing.is_empty(), "{missing:?} never came up; seen: {seen:?}");
}
