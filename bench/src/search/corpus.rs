//! A chat's messages, made from a seed: words as frequent as in a language, CJK, code, addresses, numbers.

use parlor_chat::{PersonId, RoomId, Timestamp};

/// Different words. As in a language, the second is half as frequent as the first, and so on.
const WORDS: usize = 200_000;
/// Different letters of Han.
const HAN: usize = 3_000;
pub const ROOMS: usize = 200;
const PEOPLE: usize = 5_000;
/// The time that the messages span, however many they are.
const YEAR: u64 = 365 * 86_400_000;
/// The time of the last one.
pub const NOW: u64 = 1_795_280_400_000;

/// A small generator whose numbers never change (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True this many times in a hundred.
    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }
}

/// Draws ranks so that rank *n* is *n* times rarer than the first.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        Zipf(
            (1..=ranks)
                .map(|rank| {
                    sum += 1.0 / rank as f64;
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, random: &mut Random) -> usize {
        let total = self.0[self.0.len() - 1];
        let drawn = random.next() as f64 / u64::MAX as f64 * total;
        self.0.partition_point(|sum| *sum < drawn).min(self.0.len() - 1)
    }
}

pub struct Message {
    pub room: RoomId,
    pub author: PersonId,
    pub at: Timestamp,
    pub text: String,
}

pub struct Corpus {
    words: Vec<String>,
    word: Zipf,
    han: Zipf,
    room: Zipf,
    person: Zipf,
    messages: u64,
}

impl Corpus {
    /// A corpus whose times are spread over so many messages.
    pub fn new(messages: u64) -> Self {
        Corpus {
            words: (0..WORDS).map(spell).collect(),
            word: Zipf::new(WORDS),
            han: Zipf::new(HAN),
            room: Zipf::new(ROOMS),
            person: Zipf::new(PEOPLE),
            messages,
        }
    }

    /// The message with this number, always the same.
    pub fn message(&self, number: u64) -> Message {
        let mut random = Random(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let before = (self.messages.saturating_sub(number)) * (YEAR / self.messages.max(1));
        Message {
            room: RoomId(self.room.draw(&mut random) as u64 + 1),
            author: PersonId(self.person.draw(&mut random) as u64 + 1),
            at: Timestamp(NOW - before),
            text: self.text(&mut random),
        }
    }

    pub fn word(&self, random: &mut Random) -> &str {
        &self.words[self.word.draw(random)]
    }

    fn text(&self, random: &mut Random) -> String {
        let mut text = String::new();
        match random.below(100) {
            0..10 => self.cjk(&mut text, random),
            10..16 => self.code(&mut text, random),
            _ => {
                // Mostly short, sometimes long, twelve on average.
                let length = 1 + random.below(8) + if random.percent(60) { random.below(25) } else { 0 };
                for at in 0..length {
                    if at > 0 {
                        text.push(' ');
                    }
                    text += self.word(random);
                }
                text.push_str([".", "", "!", "?", ""][random.below(5)]);
            }
        }
        if random.percent(20) {
            text.push(' ');
            self.extra(&mut text, random);
        }
        text
    }

    fn cjk(&self, text: &mut String, random: &mut Random) {
        for at in 0..4 + random.below(26) {
            let letter = match random.below(100) {
                0..30 => char::from_u32(0x3042 + random.below(80) as u32),
                // Spread over the block, so that neighbours in frequency are no neighbours in order.
                _ => char::from_u32(0x4e00 + (self.han.draw(random) * 7_919 % 20_000) as u32),
            };
            text.extend(letter);
            if at % 9 == 8 {
                text.push('，');
            }
        }
        if random.percent(20) {
            text.push_str(self.word(random));
        }
    }

    fn code(&self, text: &mut String, random: &mut Random) {
        text.push('`');
        for at in 0..1 + random.below(4) {
            if at > 0 {
                text.push_str([".", "::", "(", " = ", "->"][random.below(5)]);
            }
            text.push_str(self.word(random));
            match random.below(3) {
                0 => {
                    text.push('_');
                    text.push_str(self.word(random));
                }
                1 => {
                    let word = self.word(random);
                    text.push_str(&word[..1].to_uppercase());
                    text.push_str(&word[1..]);
                }
                _ => {}
            }
        }
        text.push('`');
    }

    fn extra(&self, text: &mut String, random: &mut Random) {
        let one = self.word(random);
        let two = self.word(random);
        *text += &match random.below(7) {
            0 => format!("https://{one}.example.org/{two}/{}", random.below(1_000_000)),
            1 => format!("{one}@{two}.example.com"),
            2 => format!("v{}.{}.{}", random.below(5), random.below(30), random.below(100)),
            3 => format!("{:08x}", random.next() as u32),
            4 => format!("@{one} #{two}"),
            5 => random.below(100_000).to_string(),
            _ => char::from_u32(0x1f600 + random.below(64) as u32).into_iter().collect(),
        };
    }
}

/// A word that can be spoken, short for frequent ones.
fn spell(rank: usize) -> String {
    const FIRST: [&str; 20] = [
        "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "ch", "sh", "",
    ];
    const REST: [&str; 12] = ["a", "e", "i", "o", "u", "an", "er", "in", "on", "ea", "ou", "al"];
    const SYLLABLES: usize = FIRST.len() * REST.len();
    let mut word = String::new();
    let mut rest = rank;
    loop {
        // A prime, so that ranks next to each other do not begin alike.
        let syllable = rest % SYLLABLES * 101 % SYLLABLES;
        word += FIRST[syllable / REST.len()];
        word += REST[syllable % REST.len()];
        rest /= SYLLABLES;
        if rest == 0 {
            return word;
        }
    }
}
