//! What the monkeys do next: a pure function of the seed, so that a failure can be had again.

/// How many people play.
pub(super) const PEOPLE: usize = 3;

/// For how many choices somebody stays without a network, or everybody without a server, at most.
const LONGEST_TROUBLE: u64 = 12;

const KEYS: [&str; 16] = [
    "Enter",
    "Enter",
    "Escape",
    "Escape",
    "Tab",
    "Tab",
    "ArrowUp",
    "ArrowDown",
    "ArrowUp",
    "ArrowDown",
    "F6",
    "PageUp",
    "PageDown",
    "End",
    "Home",
    "Backspace",
];
/// With Control: going elsewhere, searching, shortcuts, settings, bold, italic, code.
const CONTROL_KEYS: [&str; 6] = ["k", "/", ",", "b", "i", "e"];

/// What is typed and said, each with a number of its own behind it.
const WORDS: [&str; 10] = [
    "lunch",
    "is it raining",
    "<b>not bold</b> & so on",
    "🙏 thanks",
    "שלום לכולם",
    "日本語も大丈夫",
    "a rather long sentence that goes on for a while so that it does not fit on one line of a narrow screen",
    "yes",
    "no",
    "perhaps at nine",
];

/// One thing that somebody does, or that happens to them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    /// Leaves whatever is open, writes into the box and presses Enter.
    Say(usize, String),
    /// Writes wherever the focus is.
    Type(usize, String),
    Press(usize, &'static str),
    PressWithControl(usize, &'static str),
    PressWithShift(usize, &'static str),
    /// Clicks on one of all the things that can be clicked on now: this share of the way through them.
    Click(usize, f64),
    Scroll(usize, i32),
    Reload(usize),
    LoseNetwork(usize),
    FindNetwork(usize),
    KillServer,
    StartServer,
}

/// All choices of a seed, one after the other, without an end.
pub(super) struct Choices {
    state: u64,
    said: u32,
    /// After how many more choices the network of each is back; 0 while it is there.
    offline: [u64; PEOPLE],
    /// The same for the server.
    dead: u64,
}

impl Choices {
    pub(super) fn new(seed: u64) -> Choices {
        Choices { state: seed, said: 0, offline: [0; PEOPLE], dead: 0 }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to this number, without it.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random() % end as u64).expect("it is below a usize")
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.below(all.len())]
    }

    fn text(&mut self) -> String {
        self.said += 1;
        format!("{} {}", self.one_of(&WORDS), self.said)
    }

    /// What was taken away comes back, before anything else happens.
    fn mended(&mut self) -> Option<Choice> {
        let due = |left: &mut u64| {
            let is_due = *left == 1;
            *left = left.saturating_sub(1);
            is_due
        };
        if due(&mut self.dead) {
            return Some(Choice::StartServer);
        }
        self.offline.iter_mut().position(due).map(Choice::FindNetwork)
    }

    fn lose_network(&mut self, who: usize) -> Choice {
        if self.offline[who] > 0 {
            return Choice::Press(who, "Escape");
        }
        self.offline[who] = 2 + self.random() % LONGEST_TROUBLE;
        Choice::LoseNetwork(who)
    }

    fn kill_server(&mut self, who: usize) -> Choice {
        if self.dead > 0 {
            return Choice::Reload(who);
        }
        self.dead = 2 + self.random() % LONGEST_TROUBLE;
        Choice::KillServer
    }
}

impl Iterator for Choices {
    type Item = Choice;

    fn next(&mut self) -> Option<Choice> {
        if let Some(mended) = self.mended() {
            return Some(mended);
        }
        let who = self.below(PEOPLE);
        Some(match self.below(100) {
            0..24 => Choice::Say(who, self.text()),
            24..32 => Choice::Type(who, self.text()),
            32..50 => Choice::Press(who, self.one_of(&KEYS)),
            50..54 => Choice::PressWithControl(who, self.one_of(&CONTROL_KEYS)),
            54..57 => Choice::PressWithShift(who, self.one_of(&["Enter", "Tab", "F6"])),
            57..86 => Choice::Click(who, self.below(1 << 20) as f64 / f64::from(1 << 20)),
            86..91 => Choice::Scroll(who, if self.below(2) == 0 { -700 } else { 900 }),
            91..95 => Choice::Reload(who),
            95..98 => self.lose_network(who),
            _ => self.kill_server(who),
        })
    }
}

#[test]
fn the_same_seed_makes_the_same_choices_and_another_one_others() {
    let first = |seed| Choices::new(seed).take(500).collect::<Vec<_>>();
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}

#[test]
fn whatever_is_taken_away_is_given_back_soon() {
    let (mut offline, mut dead) = ([0; PEOPLE], 0);
    for choice in Choices::new(1).take(20_000) {
        match choice {
            Choice::LoseNetwork(who) => offline[who] = 1,
            Choice::FindNetwork(who) => offline[who] = 0,
            Choice::KillServer => dead = 1,
            Choice::StartServer => dead = 0,
            _ => {
                for since in offline.iter_mut().chain([&mut dead]).filter(|since| **since > 0) {
                    *since += 1;
                    assert!(*since < LONGEST_TROUBLE + 6, "it takes too long");
                }
            }
        }
    }
}
