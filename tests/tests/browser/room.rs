//! The chat server of a test, and the people who are at its page.

use std::time::Duration;

use parlor_tests::browser::{Browser, Screen, Tab};
use parlor_tests::process::{Folder, Process};
use serde_json::Value;
use websocket_client::{Message, WebSocket};

/// How long anything that should happen at once may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// How long anything may take that waits for something else first: a pause before the next attempt, a timer of the page.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Where the page keeps what the tests ask about.
pub(crate) const COMPOSER: &str = "[data-testid=composer]";
pub(crate) const NEWER: &str = "[data-testid=newer]";
pub(crate) const TIMELINE: &str = "[data-testid=timeline]";

pub(crate) const DESK: Screen = Screen { width: 1280, height: 800, phone: false };
pub(crate) const PHONE: Screen = Screen { width: 360, height: 740, phone: true };

/// Stands in for the system's notifications, which a browser without a screen does not have.
pub(crate) const STANDS_IN_FOR_NOTIFICATIONS: &str =
    "window.told = []; window.untold = []; window.Notification = class extends EventTarget {
        static permission = 'granted';
        static requestPermission() { return Promise.resolve('granted'); }
        constructor(title, { body }) { super(); this.body = body; window.told.push(`${title}: ${body}`); }
        close() { window.untold.push(this.body); }
    }; 0";

/// A running chat server.
pub(crate) struct Room {
    address: String,
    server: Process,
    folder: Folder,
}

impl Room {
    pub(crate) fn open() -> Room {
        Room::open_with("")
    }

    /// With these settings.
    pub(crate) fn open_with(settings: &str) -> Room {
        let folder = Folder::new("room");
        std::fs::write(folder.path().join("parlor.toml"), settings).expect("a file can be written");
        let (server, address) = start("127.0.0.1:0", &folder);
        Room { address, server, folder }
    }

    /// Where it listens, such as `127.0.0.1:4711`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Where it runs.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The line that the server printed with these words in it.
    pub(crate) fn printed(&self, words: &str) -> String {
        self.server.line_with(words, SOON)
    }

    /// Stops the server as a service manager does.
    pub(crate) fn stop(&mut self) {
        let status = self.server.terminate(SOON);
        assert!(status.success(), "{status}{}", self.server.report());
    }

    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// Holds the server still: connections stay, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.server.signal("STOP");
    }

    /// Ends a [`Room::pause`].
    pub(crate) fn go_on(&self) {
        self.server.signal("CONT");
    }

    /// Starts the server again, where it was.
    pub(crate) fn open_again(&mut self) {
        (self.server, self.address) = start(&self.address, &self.folder);
    }

    /// The address of a place on the page.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn enter(&self, browser: &Browser) -> Guest {
        self.enter_with(browser, DESK).await
    }

    /// Opens the page on a screen, and waits until it is in the room.
    pub(crate) async fn enter_with(&self, browser: &Browser, screen: Screen) -> Guest {
        self.enter_at(browser, screen, &self.page("/")).await
    }

    /// Opens the page by an address on a screen, and waits until it is in the room.
    pub(crate) async fn enter_at(&self, browser: &Browser, screen: Screen, url: &str) -> Guest {
        let tab = browser.tab("about:blank").await;
        tab.set_screen(screen).await;
        tab.navigate(url).await;
        let mut guest = Guest { tab, name: String::new() };
        guest.is("connected", SOON).await;
        guest.name = guest.text("[data-testid=you]").await;
        guest
    }

    /// The same under the name of one's own machine, since passkeys belong to names.
    pub(crate) fn by_name(&self, path: &str) -> String {
        self.page(path).replace("127.0.0.1", "localhost")
    }

    /// A program in the room: it has no subprotocol, so it speaks plain text.
    pub(crate) async fn connect(&self, path: &str) -> WebSocket {
        let socket = websocket_client::connect(&format!("ws://{}{path}", self.address)).await;
        socket.unwrap_or_else(|error| panic!("a program cannot connect to {path}: {error}"))
    }
}

fn start(listen: &str, folder: &Folder) -> (Process, String) {
    // Programs fill the rooms of these tests faster than people may talk.
    let patience = ["--requests-per-second", "100000", "--request-burst", "100000"];
    let server = Process::start("parlor", &[&["--listen", listen], &patience[..]].concat(), folder);
    let line = server.line_with("listening on http://", SOON);
    let address = line.rsplit('/').next().expect("an address is the last part of the line").to_string();
    (server, address)
}

/// Somebody at the page.
pub(crate) struct Guest {
    pub(crate) tab: Tab,
    pub(crate) name: String,
}

impl Guest {
    /// Types a text and presses Enter.
    pub(crate) async fn say(&self, text: &str) {
        self.tab.insert(text).await;
        self.tab.press("Enter").await;
    }

    /// What an element shows.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.ask(selector, "element.textContent").await.as_str().expect("text").to_string()
    }

    /// What is in the box.
    pub(crate) async fn draft(&self) -> String {
        self.ask(COMPOSER, "element.value").await.as_str().expect("text").to_string()
    }

    /// An expression about an element of the page, which it calls `element`.
    pub(crate) async fn ask(&self, selector: &str, expression: &str) -> Value {
        let selector = Value::from(selector);
        self.tab.evaluate(&format!("((element) => {expression})(document.querySelector({selector}))")).await
    }

    /// Waits until the connection is `connecting`, `connected` or `reconnecting`.
    pub(crate) async fn is(&self, state: &str, within: Duration) {
        self.tab
            .wait_for(
                &format!("document.querySelector('[data-testid=status]')?.dataset.state === '{state}'"),
                within,
            )
            .await;
    }

    /// Waits until a message is there, letter by letter.
    pub(crate) async fn sees(&self, from: &str, text: &str) {
        self.sees_within(from, text, SOON).await;
    }

    pub(crate) async fn sees_within(&self, from: &str, text: &str, within: Duration) {
        let (from, text) = (Value::from(from), Value::from(text));
        self.tab
            .wait_for(
                &format!(
                    "Array.from(document.querySelectorAll('[data-testid=message]')).some((row) => \
                     row.querySelector('[data-testid=author]').textContent === {from} && \
                     row.querySelector('[data-testid=text]').textContent === {text})"
                ),
                within,
            )
            .await;
    }

    /// Waits until there is such an element, and it can be seen.
    pub(crate) async fn shows(&self, selector: &str) {
        let selector = Value::from(selector);
        self.tab.wait_for(&format!("document.querySelector({selector})?.checkVisibility()"), SOON).await;
    }

    /// Waits until one of the page's own lines says something.
    pub(crate) async fn notices(&self, text: &str) {
        let text = Value::from(text);
        self.tab
            .wait_for(
                &format!(
                    "Array.from(document.querySelectorAll('[data-testid=notice]')).some((row) => \
                     row.textContent === {text})"
                ),
                SOON,
            )
            .await;
    }

    /// All messages in their order.
    pub(crate) async fn messages(&self) -> Vec<String> {
        self.texts("[data-testid=message] [data-testid=text]").await
    }

    /// What all elements of a kind show.
    pub(crate) async fn texts(&self, selector: &str) -> Vec<String> {
        let texts =
            format!("Array.from(document.querySelectorAll('{selector}'), (each) => each.textContent)");
        let texts = self.tab.evaluate(&texts).await;
        texts.as_array().expect("a list").iter().filter_map(Value::as_str).map(String::from).collect()
    }

    /// Nothing has gone wrong at this tab, apart from what is expected: complaints that contain one of these.
    pub(crate) fn is_content_except(&self, expected: &[&str]) {
        let mut complaints = self.tab.complaints();
        complaints.retain(|complaint| !expected.iter().any(|expected| complaint.contains(expected)));
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    pub(crate) fn is_content(&self) {
        self.is_content_except(&[]);
    }
}

/// Waits until a program hears a line.
pub(crate) async fn hears(socket: &mut WebSocket, line: &str) {
    let wait = async {
        loop {
            let message =
                socket.recv().await.unwrap_or_else(|| panic!("the connection ended before `{line}`"));
            if matches!(&message, Message::Text(text) if **text == *line) {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("a program did not hear `{line}`"));
}
