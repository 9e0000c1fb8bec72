//! How much the page is and how quick: sizes and counts are held to limits, times are only told.
//!
//! `cargo test -p parlor-tests --test browser fast -- --nocapture` prints them.

use parlor_tests::browser::Browser;

use super::account::press;
use super::peace::owner;
use super::room::{DESK, PATIENCE, Room, SOON};

/// What the page may need in JavaScript, compressed, in octets.
const MOST_SCRIPT: u64 = 100 * 1024;
/// What it fetches besides for whoever keeps the peace, once they do.
const MOST_FOR_MODERATORS: u64 = 24 * 1024;
/// Rows that may be on the page, however much was said.
const MOST_ROWS: u64 = 500;
/// As in a large room on a busy evening.
const MANY: usize = 1000;

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
    println!("the page's scripts: {octets} octets compressed, of at most {MOST_SCRIPT}");
    assert!(octets > 10_000, "the scripts are counted: {octets}");
    assert!(octets <= MOST_SCRIPT, "{octets}");
    press(&ann, "moderation").await;
    ann.shows(".desk").await;
    let more = ann.tab.evaluate(size).await.as_u64().expect("a number") - octets;
    println!("and for whoever keeps the peace {more}, of at most {MOST_FOR_MODERATORS}");
    assert!(more > 1_000 && more <= MOST_FOR_MODERATORS, "{more}");
}

#[tokio::test]
async fn many_messages_at_once_leave_the_page_small_and_it_tells_how_long_it_takes() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";
    ann.tab.wait_for(&format!("{paint} > 0"), PATIENCE).await;
    let first = ann.tab.evaluate(paint).await;
    let watch = "globalThis.long = []; new PerformanceObserver((list) => \
         long.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask' })";
    ann.tab.evaluate(watch).await;
    let mut program = room.connect("/chat").await;
    // Until it has become somebody, what a program says is held, and that is bounded.
    program.send("here I am").await.expect("the connection is open");
    ann.tab.wait_for("document.querySelector('.rows').textContent.includes('here I am')", PATIENCE).await;
    for number in 0..MANY {
        program.send(format!("number {number}")).await.expect("the connection is open");
    }
    let last = format!("document.querySelector('.rows').textContent.includes('number {}')", MANY - 1);
    ann.tab.wait_for(&last, PATIENCE).await;
    let rows = ann.tab.evaluate("document.querySelectorAll('.rows > li').length").await;
    let long = ann.tab.evaluate("long.filter((duration) => duration > 50).length").await;
    ann.opens_room("quiet", false).await;
    // From the press to the paint after the room is drawn.
    let switch = "new Promise((done) => {
        const start = performance.now();
        document.querySelector('.side [data-room=\"0000000000001\"]').click();
        const look = () => (document.querySelector('[data-testid=room]').textContent === 'lobby'
            && document.querySelector('.rows .message')
            ? requestAnimationFrame(() => done(Math.round(performance.now() - start))) : requestAnimationFrame(look));
        look();
    })";
    let switched = ann.tab.evaluate(switch).await;
    ann.tab.reload().await;
    ann.tab.wait_for(&format!("{paint} > 0"), SOON).await;
    let warm = ann.tab.evaluate(paint).await;
    println!(
        "first paint {first} ms, warm {warm} ms; to another room {switched} ms; \
         {MANY} messages at once: {rows} rows, {long} tasks longer than 50 ms"
    );
    assert!(rows.as_u64().is_some_and(|rows| rows <= MOST_ROWS), "{rows}");
    ann.is_content();
}
