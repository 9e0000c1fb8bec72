//! How much the page is and how quick: sizes, counts and orders are held to limits, times are only told.
//!
//! `cargo test --test browser fast -- --nocapture` prints them, as Chromium's own tracing has noted them.

use std::time::Duration;

use parlor_tests::browser::{Browser, Slowness, Trace};
use serde_json::{Value, json};

use super::account::press;
use super::peace::{LOBBY, owner};
use super::room::{COMPOSER, DESK, Guest, PATIENCE, PHONE, Room, SOON};

/// What the page may need in JavaScript, compressed, in octets, with all that moderators need.
const MOST_SCRIPT: u64 = 100 * 1024;
/// Rows that may be on the page, however much was said.
const MOST_ROWS: u64 = 500;
/// As in a large room on a busy evening, in ten seconds.
const MANY: usize = 1000;
const AT_ONCE: usize = 10;
/// Longer than this, and who types feels it.
const FELT: Duration = Duration::from_millis(50);
/// What was said before anybody looks.
const SAID: usize = 60;

/// Where the text of the last message begins, from the left and from above.
const LAST: &str = "(() => {
    const { left, top, width } = [...document.querySelectorAll('.stage .message .text')].at(-1).getBoundingClientRect();
    return [left, top, width];
})()";
const PAINT: &str = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";

impl Room {
    /// A room in which something was said, of all lengths.
    async fn talked_in(&self) {
        let mut program = self.connect("/chat").await;
        for number in 0..SAID {
            let text =
                format!("number {number}: {}", "the *kettle* is on; `milk` or lemon? ".repeat(number % 7));
            program.send(text).await.expect("the connection is open");
        }
    }
}

impl Guest {
    async fn sees_all_that_was_said(&self) {
        let last = format!("document.querySelector('.rows').textContent.includes('number {}:')", SAID - 1);
        self.tab.wait_for(&last, PATIENCE).await;
    }

    /// Leaves the page, for something so small that leaving it takes no time. It is of the same site, since the browser
    /// loses notes when another site has it change processes.
    async fn goes_aside(&self, room: &Room) {
        self.tab.navigate(&room.page("/robots.txt")).await;
    }

    /// Comes to a page as after a long time: known, and with nothing of the page left in the browser.
    async fn forgets(&self, room: &Room) {
        self.goes_aside(room).await;
        self.tab.forget(&room.page("")).await;
    }

    /// What the tab notes from here until the page at an address is painted and drawn.
    async fn traced_to(&self, address: &str) -> Trace {
        let come = async {
            self.tab.navigate(address).await;
            self.is("connected", SOON).await;
            self.sees_all_that_was_said().await;
            // A paint is noted with the frame after it.
            self.tab
                .evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
                .await;
        };
        self.tab.traced(come).await
    }
}

#[tokio::test]
async fn all_scripts_together_stay_small() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = owner(&room, &browser, DESK).await;
    let size = "Promise.all([...new Set(performance.getEntriesByType('resource').map((one) => one.name))]
        .filter((name) => name.endsWith('.js'))
        .map(async (name) => {
            const compressed = (await fetch(name)).body.pipeThrough(new CompressionStream('gzip'));
            return (await new Response(compressed).arrayBuffer()).byteLength;
        })).then((sizes) => sizes.reduce((sum, size) => sum + size, 0))";
    let octets = ann.tab.evaluate(size).await.as_u64().expect("a number");
    press(&ann, "moderation").await;
    ann.shows(".desk").await;
    let all = ann.tab.evaluate(size).await.as_u64().expect("a number");
    println!(
        "the page's scripts: {octets} octets compressed, with what moderators need {all}, of at most {MOST_SCRIPT}"
    );
    assert!(octets > 10_000 && octets < all, "the scripts are counted: {octets}, {all}");
    assert!(all <= MOST_SCRIPT, "{all}");
}

#[tokio::test]
async fn a_room_can_be_read_before_any_script_has_come_and_nothing_moves_when_it_does() {
    let browser = Browser::shared().await;
    let room = Room::open();
    room.talked_in().await;
    for screen in [DESK, PHONE] {
        let ann = room.enter(&browser).await;
        ann.sees_all_that_was_said().await;
        ann.say("my own words").await;
        ann.sees(&ann.name, "my own words").await;
        // What is shown already may still be on its way.
        ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
        ann.tab.set_screen(screen).await;
        ann.forgets(&room).await;
        ann.tab.block(&[".js"]).await;
        ann.tab.navigate(&room.page("/")).await;
        ann.tab.wait_for(&format!("{PAINT} > 0"), PATIENCE).await;
        let early = ann.tab.evaluate(LAST).await;
        let shown = ann.texts(".stage .message .text").await;
        assert_eq!(shown.last().map(String::as_str), Some("my own words"));
        let in_view = "(([, top]) => top > 0 && top < innerHeight)";
        assert_eq!(ann.tab.evaluate(&format!("{in_view}({LAST})")).await, true, "the end is in view");
        ann.tab.block(&[]).await;
        ann.tab.reload().await;
        ann.is("connected", SOON).await;
        ann.sees(&ann.name, "my own words").await;
        let late = ann.tab.evaluate(LAST).await;
        let places = |place: &Value| {
            place.as_array().map(|place| place.iter().filter_map(Value::as_f64).collect::<Vec<_>>())
        };
        let (early, late) = (places(&early).expect("a place"), places(&late).expect("a place"));
        // A page can be scrolled to whole pixels only.
        let is_same = early.iter().zip(&late).all(|(early, late)| (early - late).abs() < 1.0);
        assert!(is_same, "{early:?} became {late:?} on a screen of {screen:?}");
        // Without scripts, the browser said so.
        ann.is_content_except(&["ERR_BLOCKED_BY_CLIENT", "favicon.ico"]);
    }
}

#[tokio::test]
async fn nothing_has_to_be_fetched_before_the_first_paint() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let blocking = "performance.getEntriesByType('resource')
        .filter((one) => one.renderBlockingStatus === 'blocking').map((one) => one.name.split('/').at(-1)).sort()";
    assert_eq!(ann.tab.evaluate(blocking).await, json!([]));
}

#[tokio::test]
async fn it_is_told_how_soon_a_room_is_there() {
    // A browser of its own, since it notes everything that it does.
    let browser = Browser::start().await;
    let room = Room::open();
    room.talked_in().await;
    let ann = room.enter_with(&browser, PHONE).await;
    ann.sees_all_that_was_said().await;
    let lobby = room.page("/");
    ann.forgets(&room).await;
    ann.tab.set_slowness(Some(Slowness::PHONE)).await;
    let cold = ann.traced_to(&lobby).await;
    ann.tab.wait_for("navigator.serviceWorker.ready.then(() => true)", PATIENCE).await;
    ann.goes_aside(&room).await;
    let warm = ann.traced_to(&lobby).await;
    ann.tab.set_slowness(None).await;
    ann.tab.set_screen(DESK).await;
    ann.goes_aside(&room).await;
    let desk = ann.traced_to(&lobby).await;
    for (who, trace, goal) in [
        ("a slow phone, with an empty cache", cold, 1000),
        ("a slow phone, warm", warm, 200),
        ("a desk, warm", desk, 200),
    ] {
        let first = trace.first_paint().expect("something was painted").as_millis();
        let largest = trace.largest_paint().expect("something was painted").as_millis();
        println!("{who}: first paint after {first} ms, largest after {largest} ms; goal {goal}");
    }
    ann.is_content_except(&["favicon.ico"]);
}

#[tokio::test]
async fn it_is_told_how_soon_another_room_is_there() {
    let browser = Browser::start().await;
    let room = Room::open();
    room.talked_in().await;
    let ann = room.enter(&browser).await;
    ann.sees_all_that_was_said().await;
    ann.opens_room("quiet", false).await;
    ann.say("hush").await;
    ann.sees(&ann.name, "hush").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    // From the press to the paint after the room is drawn.
    let switch = |place: &str, name: &str| {
        format!(
            "new Promise((done) => {{
                const start = performance.now();
                document.querySelector('.side [data-room=\"{place}\"]').click();
                const look = () => requestAnimationFrame(() => (
                    document.querySelector('[data-testid=room]').textContent === '{name}'
                    && document.querySelector('.rows [data-testid=message]')
                        ? setTimeout(() => done(performance.now() - start)) : look()));
                look();
            }})"
        )
    };
    let quiet = ann.tab.evaluate("location.pathname").await;
    let quiet_id = ann
        .tab
        .evaluate("document.querySelector('.side [aria-current] [data-room], .side [aria-current][data-room]').dataset.room")
        .await;
    assert_eq!(quiet, "/room/quiet");
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..10 {
        for (place, name) in [(LOBBY, "lobby"), (quiet_id.as_str().expect("an id"), "quiet")] {
            times.push(ann.tab.evaluate(&switch(place, name)).await.as_f64().expect("a number"));
        }
    }
    times.sort_by(f64::total_cmp);
    println!("another room, from memory: {:.0} ms, at most {:.0} ms; goal 50", times[10], times[19]);
    let mut fetched: Vec<f64> = Vec::new();
    for _ in 0..5 {
        ann.forgets(&room).await;
        ann.tab.navigate(&room.page("/room/quiet")).await;
        ann.sees(&ann.name, "hush").await;
        fetched.push(ann.tab.evaluate(&switch(LOBBY, "lobby")).await.as_f64().expect("a number"));
    }
    fetched.sort_by(f64::total_cmp);
    println!("another room, from the network: {:.0} ms, at most {:.0} ms; goal 100", fetched[2], fetched[4]);
    ann.is_content_except(&["favicon.ico"]);
}

#[tokio::test]
async fn many_messages_leave_the_page_small_and_its_user_can_type() {
    let browser = Browser::start().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let mut program = room.connect("/chat").await;
    // Until it has become somebody, what a program says is held, and that is bounded.
    program.send("here I am").await.expect("the connection is open");
    ann.tab.wait_for("document.querySelector('.rows').textContent.includes('here I am')", PATIENCE).await;
    ann.tab.evaluate(&format!("document.querySelector('{COMPOSER}').focus()")).await;
    let busy = async {
        for burst in 0..MANY / AT_ONCE {
            for number in burst * AT_ONCE..(burst + 1) * AT_ONCE {
                program.send(format!("number {number}")).await.expect("the connection is open");
            }
            ann.tab.press("a").await;
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        let last = format!("document.querySelector('.rows').textContent.includes('number {}')", MANY - 1);
        ann.tab.wait_for(&last, PATIENCE).await;
    };
    let tasks = ann.tab.traced(busy).await.tasks();
    let rows = ann.tab.evaluate("document.querySelectorAll('.rows > li').length").await;
    let longest = tasks.first().expect("there was something to do");
    let computed = tasks.iter().map(|task| task.computed).max().unwrap_or_default();
    let felt = tasks.iter().filter(|task| task.took > FELT).count();
    println!(
        "{MANY} messages in ten seconds: {rows} rows; {felt} of {} tasks longer than {FELT:?}, the longest took {:?}; \
         the processor worked for none longer than {computed:?}",
        tasks.len(),
        longest.took
    );
    assert!(rows.as_u64().is_some_and(|rows| rows <= MOST_ROWS), "{rows}");
    assert_eq!(ann.draft().await.len(), MANY / AT_ONCE, "every key that was pressed is in the box");
    ann.is_content();
}
