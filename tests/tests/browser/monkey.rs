//! Three people do whatever comes to their minds, and everything fails on them: no text is lost, nothing is there
//! twice, nothing is complained about, and in the end all see the same.
//!
//! `MONKEY_SECONDS` says how long it takes, `MONKEY_SEED` which choices are made. Five minutes of something new:
//!
//! ```sh
//! MONKEY_SECONDS=300 MONKEY_SEED=$RANDOM cargo test -p parlor-tests --test browser monkeys -- --nocapture
//! ```

mod choices;
mod witness;

use std::time::{Duration, Instant};

use parlor_tests::browser::Browser;
use serde_json::{Value, json};

use self::choices::{Choice, Choices, PEOPLE};
use self::witness::{WITNESS, everything_has_arrived, pages_agree};
use super::restart::NO_SERVER;
use super::room::{COMPOSER, DESK, Guest, PATIENCE, PHONE, Room, STANDS_IN_FOR_NOTIFICATIONS, TIMELINE};

/// In `./test`.
const SECONDS: u64 = 45;
const SEED: u64 = 1;
/// A page whose server was away for a while comes back after a pause of up to this, and some.
const RETURN: Duration = Duration::from_secs(60);

/// What monkeys may do by a button: nothing that takes a text away on purpose (deleting, dropping, leaving a room), and
/// nothing that makes somebody else of them or another page of theirs.
const ALLOWED: &str = "['go', 'open-side', 'close-side', 'rename', 'direct', 'browse', 'join', 'topic', 'switcher',
    'shortcuts', 'settings', 'notify', 'search', 'pins', 'people', 'close-pane', 'open-result', 'more-results', 'filter',
    'reply', 'edit', 'cancel', 'react', 'pick', 'thread', 'see', 'more', 'again', 'write', 'invite']";
/// What they may click on besides.
const CLICKABLE: &str = "['textarea', '.message', '.newer', '.retry', '.send', '.timeline', '.toast button',
    '.pane input', 'dialog :is(button, input, select, li)', '.sheet :is(button, input)']";

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// The room and the three, and what is wrong at the moment.
struct Zoo {
    room: Room,
    guests: Vec<Guest>,
    /// How many pages each has loaded on purpose.
    loads: [u64; PEOPLE],
    is_dead: bool,
}

impl Zoo {
    async fn open(browser: &Browser) -> Zoo {
        let room = Room::open();
        let mut guests = Vec::new();
        for screen in [DESK, DESK, PHONE] {
            let guest = room.enter_with(browser, screen).await;
            guest.tab.before_each_page(&WITNESS.replace("ALLOWED", ALLOWED)).await;
            guest.tab.before_each_page(STANDS_IN_FOR_NOTIFICATIONS).await;
            // From the next page on it comes from the browser's own copy, whoever is away.
            let kept = "navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')";
            guest.tab.wait_for(kept, PATIENCE).await;
            guest.tab.reload().await;
            guest.is("connected", PATIENCE).await;
            guests.push(guest);
        }
        let loads = std::array::from_fn(|who| guests[who].tab.loads());
        Zoo { room, guests, loads, is_dead: false }
    }

    async fn act(&mut self, choice: &Choice) {
        match *choice {
            Choice::KillServer => {
                self.room.kill();
                self.is_dead = true;
            }
            Choice::StartServer => {
                self.room.open_again();
                self.is_dead = false;
            }
            Choice::Say(who, ref text) => {
                let guest = &self.guests[who];
                for _ in 0..3 {
                    guest.tab.press("Escape").await;
                }
                guest.ask(COMPOSER, "element.focus()").await;
                guest.say(text).await;
            }
            Choice::Type(who, ref text) => self.guests[who].tab.insert(text).await,
            Choice::Press(who, key) => self.guests[who].tab.press(key).await,
            Choice::PressWithControl(who, key) => self.guests[who].tab.press_with_control(key).await,
            Choice::PressWithShift(who, key) => self.guests[who].tab.press_with_shift(key).await,
            Choice::Click(who, share) => click(&self.guests[who], share).await,
            Choice::Scroll(who, pixels) => self.guests[who].tab.wheel(TIMELINE, pixels).await,
            Choice::Reload(who) => {
                self.loads[who] += 1;
                reload(&self.guests[who]).await;
            }
            Choice::LoseNetwork(who) => self.guests[who].tab.set_offline(true).await,
            Choice::FindNetwork(who) => self.guests[who].tab.set_offline(false).await,
        }
    }

    /// Nothing fails any more, and everybody is back.
    async fn mend(&mut self) {
        if self.is_dead {
            self.room.open_again();
        }
        for guest in &self.guests {
            guest.tab.set_offline(false).await;
            for _ in 0..3 {
                guest.tab.press("Escape").await;
            }
        }
        for guest in &self.guests {
            guest.is("connected", RETURN).await;
        }
    }
}

/// Clicks on one of all the things that can be clicked on.
async fn click(guest: &Guest, share: f64) {
    let place = format!(
        "(() => {{
            const places = {ALLOWED}.map((does) => `[data-does=${{does}}]`).concat({CLICKABLE}).join();
            const all = [...document.querySelectorAll(places)].map((one) => [one, one.getBoundingClientRect()])
                .map(([one, {{ x, y, width, height }}]) => [one, x + width / 2, y + height / 2])
                .filter(([one, x, y]) => one.contains(document.elementFromPoint(x, y)));
            return all[Math.floor(all.length * {share})]?.slice(1) ?? null;
        }})()"
    );
    let place = guest.tab.evaluate(&place).await;
    if let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) {
        guest.tab.click_at(x, y).await;
    }
}

/// Loads the page again: what stood in the box stands there again.
async fn reload(guest: &Guest) {
    let draft = guest.ask(COMPOSER, "[element.dataset.place ?? '', element.value]").await;
    guest.tab.reload().await;
    // What is edited is left by a reload; its draft stands there when it is edited again.
    if draft[0] == "" || draft[0].as_str().is_some_and(|place| place.contains("/edit/")) {
        return;
    }
    let is_back = format!(
        "(({{ dataset, value }}) => JSON.stringify([dataset.place, value]) === {})(document.querySelector('{COMPOSER}'))",
        Value::from(draft.to_string())
    );
    guest.tab.wait_for(&is_back, PATIENCE).await;
}

#[tokio::test]
async fn monkeys_lose_no_text_say_nothing_twice_and_see_the_same_in_the_end() {
    let (seed, seconds) = (setting("MONKEY_SEED", SEED), setting("MONKEY_SECONDS", SECONDS));
    println!("monkeys: MONKEY_SEED={seed} MONKEY_SECONDS={seconds}");
    let browser = Browser::shared().await;
    let mut zoo = Zoo::open(&browser).await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut made = 0;
    for choice in Choices::new(seed).take_while(|_| Instant::now() < until) {
        made += 1;
        if std::env::var_os("MONKEY_TELLS").is_some() {
            println!("{made} {choice:?}");
        }
        zoo.act(&choice).await;
        zoo.content(&format!("after choice {made}, {choice:?}"));
    }
    zoo.mend().await;
    let said = everything_has_arrived(&zoo.guests).await;
    pages_agree(&zoo.room, &zoo.guests).await;
    for (guest, loads) in zoo.guests.iter().zip(&mut zoo.loads) {
        *loads += 1;
        guest.tab.reload().await;
        guest.is("connected", PATIENCE).await;
    }
    pages_agree(&zoo.room, &zoo.guests).await;
    zoo.content("in the end");
    println!("monkeys: {PEOPLE} people made {made} choices and said {said} things");
}

impl Zoo {
    fn content(&self, when: &str) {
        for (guest, loads) in self.guests.iter().zip(self.loads) {
            assert_eq!(guest.tab.loads(), loads, "{}'s page was loaded anew {when}", guest.name);
            let mut complaints = guest.tab.complaints();
            complaints.retain(|complaint| !NO_SERVER.iter().any(|expected| complaint.contains(expected)));
            assert_eq!(json!(complaints), json!([]), "{} {when}", guest.name);
        }
    }
}
