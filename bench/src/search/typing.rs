//! People who type: what they look for, and what they may read.

use parlor_chat::search::{Bounds, Readable};
use parlor_chat::{PersonId, RoomId};

use super::corpus::{Corpus, ROOMS, Random};

/// What somebody types, letter by letter.
pub struct Session {
    pub kind: usize,
    pub typed: String,
    pub readable: Readable,
}

pub const KINDS: [&str; 7] =
    ["one word", "two words", "three words", "rare word", "CJK", "as written, phrases", "filters"];

impl Session {
    pub fn new(corpus: &Corpus, messages: u64, random: &mut Random) -> Self {
        // Words that are there, more often frequent ones: those of some message.
        let mut said = || {
            let message = corpus.message(1 + random.next() % messages);
            (message.text, message.author, message.room)
        };
        let (text, author, _) = said();
        let (other, _, _) = said();
        let readable = readable(random);
        let room = *readable.keys().min().expect("a room");
        let words: Vec<&str> = text.split([' ', '，']).filter(|word| !word.is_empty()).collect();
        let word = words[random.below(words.len())];
        let kind = random.below(KINDS.len());
        let typed = match kind {
            0 => word.to_owned(),
            1 => words.iter().take(2).copied().collect::<Vec<_>>().join(" "),
            2 => format!("{} {word} {}", words[0], other.split(' ').next().unwrap_or("no")),
            3 => format!("{:08x}", random.next() as u32),
            4 => cjk(corpus, messages, random),
            5 => format!("\"{}\"", words.iter().take(3).copied().collect::<Vec<_>>().join(" ")),
            _ if random.percent(50) => format!("from:p{} {word}", author.0),
            _ => format!("in:r{} {word}", room.0),
        };
        Session { kind, typed: typed.chars().take(40).collect(), readable }
    }
}

/// One to four letters of some message in Han.
fn cjk(corpus: &Corpus, messages: u64, random: &mut Random) -> String {
    loop {
        let text = corpus.message(1 + random.next() % messages).text;
        let letters: Vec<char> = text.chars().take_while(|letter| *letter >= '\u{3040}').collect();
        if letters.len() > 8 {
            let start = random.below(4);
            return letters[start..start + 1 + random.below(4)].iter().collect();
        }
    }
}

/// Everything, twenty rooms, or three quiet ones.
fn readable(random: &mut Random) -> Readable {
    let rooms: Vec<usize> = match random.below(3) {
        0 => (1..=ROOMS).collect(),
        1 => (0..20).map(|_| 1 + random.below(ROOMS)).collect(),
        _ => (0..3).map(|_| ROOMS / 2 + random.below(ROOMS / 2)).collect(),
    };
    rooms.into_iter().map(|room| (RoomId(room as u64), Bounds::ALL)).collect()
}

/// People are called p1, p2, …, rooms r1, r2, ….
pub struct Names;

impl parlor_chat::search::Directory for Names {
    fn person(&self, name: &str) -> Option<PersonId> {
        name.strip_prefix('p')?.parse().ok().map(PersonId)
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        name.strip_prefix('r')?.parse().ok().map(RoomId)
    }
}
