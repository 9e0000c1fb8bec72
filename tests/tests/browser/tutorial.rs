//! The tutorial's chat, as the people at the browsers see it.

use std::time::Duration;

use parlor_tests::browser::{Browser, Tab};
use parlor_tests::process::{Folder, Process};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(10);

/// The tutorial's server.
struct Chat {
    page: String,
    _process: Process,
    _folder: Folder,
}

impl Chat {
    fn start() -> Chat {
        let folder = Folder::new("tutorial");
        let process = Process::start("tutorial", &["0", "0"], &folder);
        let line = process.line_with("page on", SOON);
        let page = line.rsplit(' ').next().expect("a line has a last word").to_string();
        Chat { page, _process: process, _folder: folder }
    }

    /// Opens the page, and waits until it is in the room: it hears what it says itself.
    async fn enter(&self, browser: &Browser) -> Person {
        let tab = browser.tab(&self.page).await;
        // What is typed before the connection is open is lost, since the page is kept as small as can be.
        tab.wait_for("document.readyState === 'complete'", SOON).await;
        tab.click("#chat-input").await;
        let mut person = Person { tab, name: String::new() };
        for attempt in 0.. {
            person.say("ready").await;
            let lines = person.lines().await;
            if let Some(line) = lines.iter().find(|line| line.ends_with(": ready")) {
                person.name = line.split(':').next().expect("it has a colon").to_string();
                break;
            }
            assert!(attempt < 100, "nobody hears this tab: {lines:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        person
    }
}

/// Somebody in the room, at a tab.
struct Person {
    tab: Tab,
    name: String,
}

impl Person {
    async fn say(&self, text: &str) {
        self.tab.insert(text).await;
        self.tab.press("Enter").await;
    }

    async fn lines(&self) -> Vec<String> {
        let lines =
            self.tab.evaluate("Array.from(document.querySelectorAll('li'), (li) => li.textContent)").await;
        lines.as_array().expect("a list").iter().filter_map(Value::as_str).map(String::from).collect()
    }

    async fn sees(&self, line: &str) {
        let line = Value::from(line);
        self.tab
            .wait_for(
                &format!(
                    "Array.from(document.querySelectorAll('li')).some((li) => li.textContent === {line})"
                ),
                SOON,
            )
            .await;
    }

    /// Sees that somebody has left, and that it is said once: what is said later has nothing of it before it.
    async fn sees_leave_once(&self, name: &str) {
        let line = format!(" .... {name} has left.");
        self.sees(&line).await;
        let mark = format!("after {name}");
        self.say(&mark).await;
        self.sees(&format!("{}: {mark}", self.name)).await;
        let lines = self.lines().await;
        assert_eq!(lines.iter().filter(|said| **said == line).count(), 1, "{lines:?}");
    }
}

#[tokio::test]
async fn what_one_types_appears_in_both_tabs_and_never_as_html() {
    let browser = Browser::shared().await;
    let chat = Chat::start();
    let (ann, bob) = (chat.enter(&browser).await, chat.enter(&browser).await);
    assert_ne!(ann.name, bob.name);
    for text in ["good morning", "<b>x</b>", "<img src=x onerror=\"document.title='owned'\">", "שלום 👋"]
    {
        ann.say(text).await;
        let line = format!("{}: {text}", ann.name);
        ann.sees(&line).await;
        bob.sees(&line).await;
    }
    for person in [&ann, &bob] {
        assert_eq!(person.tab.evaluate("document.querySelectorAll('li *').length").await, 0);
        assert_eq!(person.tab.evaluate("document.title").await, "Chat");
        assert_eq!(person.tab.evaluate("document.querySelector('input').value").await, "");
        let mut complaints = person.tab.complaints();
        // The tutorial's page has no icon, and lets one type before the connection is open, as `enter` does.
        complaints
            .retain(|complaint| !["favicon.ico", "CONNECTING"].iter().any(|part| complaint.contains(part)));
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

#[tokio::test]
async fn a_closed_and_a_reloaded_tab_have_left_exactly_once() {
    let browser = Browser::shared().await;
    let chat = Chat::start();
    let stays = chat.enter(&browser).await;
    let Person { tab, name } = chat.enter(&browser).await;
    tab.close().await;
    stays.sees_leave_once(&name).await;
    let reloads = chat.enter(&browser).await;
    reloads.tab.reload().await;
    stays.sees_leave_once(&reloads.name).await;
}

/// Chromium keeps the page for the way back, and keeps its connection open unless the page closes it itself.
#[tokio::test]
async fn a_tab_that_goes_elsewhere_has_left_exactly_once() {
    let browser = Browser::shared().await;
    let chat = Chat::start();
    let (stays, wanders) = (chat.enter(&browser).await, chat.enter(&browser).await);
    wanders.tab.navigate("about:blank").await;
    stays.sees_leave_once(&wanders.name).await;
}

#[tokio::test]
async fn everybody_at_a_killed_browser_has_left_exactly_once() {
    let browser = Browser::shared().await;
    let chat = Chat::start();
    let stays = chat.enter(&browser).await;
    let doomed = Browser::start().await;
    let (first, second) = (chat.enter(&doomed).await, chat.enter(&doomed).await);
    doomed.kill();
    stays.sees_leave_once(&first.name).await;
    stays.sees_leave_once(&second.name).await;
    let lines = stays.lines().await;
    assert_eq!(lines.iter().filter(|line| line.ends_with(" has left.")).count(), 2, "{lines:?}");
}
