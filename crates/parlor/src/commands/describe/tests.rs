//! What the lines of a log say.

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::{Action, Key, Origin, Position, Proposal, Sequence, Timestamp, Visibility};

use super::*;

const ADA: PersonId = PersonId(1);
const BOB: PersonId = PersonId(2);
const TEA: RoomId = RoomId(7);

fn lines(story: Vec<(PersonId, Option<&str>, Action)>) -> Vec<String> {
    let memory = Memory::new();
    let mut log = LocalLog::open(memory.clone()).unwrap();
    for (index, (by, key, action)) in story.into_iter().enumerate() {
        let at = Timestamp(1_795_294_684_000 + 1_000 * index as u64);
        let key = key.map(|key| Key::new(key).unwrap());
        log.append(&[Proposal { at, by, key, action }]).unwrap();
    }
    let log = LogReader::new(&memory);
    let mut describe = Describe::new(&log);
    let entries = log.entries(Position(0), usize::MAX).unwrap();
    entries.iter().map(|entry| describe.line(entry).unwrap()).collect()
}

fn say(room: RoomId, text: &str) -> Action {
    Action::Post { room, text: text.into(), reply_to: None, thread: None, mentions: Vec::new() }
}

fn arrive(nickname: &str) -> Action {
    Action::Arrive { nickname: nickname.into(), from: Origin::default() }
}

#[test]
fn a_line_says_where_when_who_and_what() {
    let create = Action::CreateRoom {
        room: TEA,
        visibility: Visibility::Private,
        name: "tea".into(),
        topic: String::new(),
    };
    let message = Sequence(1);
    let story = vec![
        (ADA, None, arrive("Ada")),
        (BOB, None, arrive("Bob")),
        (ADA, None, say(RoomId::LOBBY, "hello\n\u{202e}\u{1b}[31m\"all\"")),
        (ADA, Some("k"), create),
        (BOB, None, Action::Join { room: TEA }),
        (ADA, None, Action::Invite { room: TEA, person: BOB }),
        (ADA, Some("k"), Action::Depart),
        (BOB, None, Action::React { room: RoomId::LOBBY, message, reaction: "👍".into() }),
        (BOB, None, Action::Read { room: RoomId::LOBBY, up_to: message }),
        (BOB, None, say(TEA, "soon gone")),
        (BOB, None, Action::Delete { room: TEA, message: Sequence(3) }),
        (ADA, None, Action::Join { room: TEA }),
        (ADA, None, Action::Rename { nickname: "Countess".into() }),
        (PersonId::SERVER, None, Action::SetServerRetention { retention: Retention::Milliseconds(60_000) }),
    ];
    assert_eq!(
        lines(story),
        [
            "       1  2026-11-21 20:58:04  Countess arrived",
            "       2  2026-11-21 20:58:05  Bob arrived",
            "       3  2026-11-21 20:58:06  #lobby 1: Countess said \"hello\\n\\u{202e}\\u{1b}[31m\\\"all\\\"\"",
            "       4  2026-11-21 20:58:07  #tea 1: Countess opened the private room \"tea\"",
            "       5                       refused: no-such-room",
            "       6  2026-11-21 20:58:09  #tea 2: Countess let in Bob",
            "       7                       repeated what is at 4",
            "       8  2026-11-21 20:58:11  #lobby 2: Bob reacted to 1 with \"👍\"",
            "       9  2026-11-21 20:58:12  Bob read #lobby up to 1",
            "      10                       #tea 3: erased",
            "      11  2026-11-21 20:58:14  #tea 4: Bob deleted 3",
            "      12                       changed nothing",
            "      13  2026-11-21 20:58:16  Countess took the name \"Countess\"",
            "      14  2026-11-21 20:58:17  the server lets messages stay for 60000 ms",
        ]
    );
}

#[test]
fn who_erased_themselves_is_an_id() {
    let story = vec![(ADA, None, arrive("Ada")), (ADA, None, Action::EraseMe)];
    assert_eq!(
        lines(story),
        [
            format!("       1  2026-11-21 20:58:04  {ADA} arrived"),
            format!("       2  2026-11-21 20:58:05  {ADA} erased everything of themselves"),
        ]
    );
}
