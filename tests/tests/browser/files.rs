//! Files: chosen, dropped and pasted, looked at before they go, seen by the others, and gone with their message.

use std::path::Path;

use parlor_tests::browser::Browser;
use serde_json::{Value, json};

use super::access::axe;
use super::restart::NO_SERVER;
use super::room::{COMPOSER, DESK, Guest, PATIENCE, PHONE, Room, SOON};

/// A real picture.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images/lobby.png");
const CHOOSER: &str = "[data-testid=file-chooser]";
const THERE: &str = ".tray .item.there";

/// Files as they lie on a clipboard or under a mouse: by their names, each with a line in it.
fn carried(names: &[&str]) -> String {
    format!(
        "(() => {{ const carried = new DataTransfer();
            for (const name of {}) carried.items.add(new File([`this is ${{name}}`], name, {{ type: 'text/plain' }}));
            return carried; }})()",
        json!(names)
    )
}

impl Guest {
    /// Waits until so many files are at the server, to go with the next message.
    async fn has_files(&self, count: usize) {
        self.tab
            .wait_for(&format!("document.querySelectorAll('{THERE}').length === {count}"), PATIENCE)
            .await;
    }

    async fn pastes(&self, carried: &str) {
        let paste = format!(
            "document.querySelector('{COMPOSER}').dispatchEvent(new ClipboardEvent('paste', \
             {{ clipboardData: {carried}, bubbles: true, cancelable: true }}))"
        );
        self.tab.evaluate(&paste).await;
    }
}

#[tokio::test]
async fn a_picture_is_looked_at_described_sent_and_seen_by_the_others_without_moving_anything() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.shows("[data-testid=add-file]").await;
    ann.tab.choose(CHOOSER, &[Path::new(PICTURE)]).await;
    ann.has_files(1).await;
    ann.shows(".tray canvas").await;
    ann.tab.click(".tray input").await;
    ann.tab.insert("the lobby in the evening").await;
    ann.ask(COMPOSER, "element.focus()").await;
    ann.say("look").await;
    ann.tab.wait_for("document.querySelector('.tray').hidden", SOON).await;
    let picture = "document.querySelector('[data-testid=message] .picture img')";
    bob.tab.wait_for(&format!("{picture}?.naturalWidth > 0"), PATIENCE).await;
    // The same element before its picture has come: nothing is known of it but what the message says.
    let sizes = format!(
        "(() => {{ const size = (one) => [one.getBoundingClientRect().width, one.getBoundingClientRect().height];
            const there = {picture};
            const coming = there.cloneNode();
            coming.src = 'data:,';
            coming.alt = '';
            coming.removeAttribute('src');
            there.parentElement.append(coming);
            const sizes = [size(there), size(coming)];
            coming.remove();
            return sizes; }})()"
    );
    let sizes = bob.tab.evaluate(&sizes).await;
    assert_eq!(sizes[0], sizes[1], "its room is kept free");
    assert_eq!(sizes[0], json!([480, 300]));
    assert_eq!(bob.ask(".picture img", "element.alt").await, "the lobby in the evening");
    assert_eq!(bob.texts(".message .text").await, ["look\n"]);
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn files_are_dropped_anywhere_and_pasted_several_at_once_and_taken_out_again() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.shows("[data-testid=add-file]").await;
    let drag = |kind: &str| {
        format!(
            "document.querySelector('.side').dispatchEvent(new DragEvent('{kind}', \
             {{ dataTransfer: {}, bubbles: true, cancelable: true }}))",
            carried(&["one.txt", "two.txt"])
        )
    };
    ann.tab.evaluate(&drag("dragover")).await;
    ann.shows("[data-testid=drop]").await;
    ann.tab.evaluate(&drag("drop")).await;
    ann.has_files(2).await;
    assert_eq!(ann.ask("[data-testid=drop]", "element.hidden").await, true);
    ann.pastes(&carried(&["three (3).txt"])).await;
    ann.has_files(3).await;
    ann.tab.click(".tray .item:nth-child(2) .icon").await;
    ann.has_files(2).await;
    ann.ask(COMPOSER, "element.focus()").await;
    ann.tab.press("Enter").await;
    bob.tab.wait_for("document.querySelectorAll('.message .file').length === 2", SOON).await;
    assert_eq!(bob.texts(".message .file").await, ["one.txt", "three (3).txt"]);
    let had = "fetch(document.querySelectorAll('.message .file')[1].href).then((answer) => answer.text())";
    assert_eq!(bob.tab.evaluate(had).await, "this is three (3).txt");
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn a_message_waits_for_its_files_and_nothing_of_it_is_lost() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter(&browser).await;
    ann.shows("[data-testid=add-file]").await;
    room.pause();
    ann.pastes(&carried(&["slow.txt"])).await;
    ann.shows(".tray progress").await;
    ann.say("with a file").await;
    ann.shows("[data-testid=toast]").await;
    assert_eq!(ann.draft().await, "with a file");
    room.go_on();
    ann.tab.wait_for("document.querySelector('.message .file')?.textContent === 'slow.txt'", PATIENCE).await;
    ann.tab.wait_for(&format!("document.querySelector('{COMPOSER}').value === ''"), SOON).await;
    // A file that did not arrive stays, with its reason, and is tried again once there is a server.
    room.kill();
    ann.is("reconnecting", PATIENCE).await;
    ann.pastes(&carried(&["later.txt"])).await;
    ann.shows(".tray .trouble button").await;
    ann.say("and this").await;
    assert_eq!(ann.draft().await, "and this");
    ann.ask(".tray .trouble button", "element.click()").await;
    ann.shows(".tray .trouble button").await;
    room.open_again();
    ann.has_files(1).await;
    ann.ask(COMPOSER, "element.focus()").await;
    ann.tab.press("Enter").await;
    ann.tab.wait_for("document.querySelectorAll('.message .file').length === 2", SOON).await;
    ann.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn what_is_too_large_or_too_much_is_said_and_a_text_too_long_becomes_a_file() {
    let browser = Browser::shared().await;
    let room = Room::open_with("[files]\nmax-file = 2097152\n");
    let ann = room.enter(&browser).await;
    ann.shows("[data-testid=add-file]").await;
    let large = "(() => { const carried = new DataTransfer(); \
                 carried.items.add(new File([new Uint8Array(2097153)], 'large.bin')); return carried; })()";
    ann.pastes(large).await;
    ann.tab
        .wait_for(
            "document.querySelector('[data-testid=toast]').textContent.includes('large.bin is larger than 2 MiB')",
            SOON,
        )
        .await;
    assert_eq!(ann.ask(".tray", "element.hidden").await, true);
    let long = "(() => { const carried = new DataTransfer(); carried.setData('text/plain', 'long '.repeat(20000)); return carried; })()";
    ann.pastes(long).await;
    ann.has_files(1).await;
    assert_eq!((ann.draft().await.as_str(), ann.text(".tray bdi").await.as_str()), ("", "text.txt"));
    let names: Vec<String> = (1..=12).map(|number| format!("{number}.txt")).collect();
    ann.pastes(&carried(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
    ann.has_files(10).await;
    assert_eq!(ann.tab.evaluate("document.querySelectorAll('.tray .item').length").await, 10);
    ann.is_content();
}

#[tokio::test]
async fn a_deleted_message_takes_its_file_along() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.shows("[data-testid=add-file]").await;
    ann.pastes(&carried(&["secret.txt"])).await;
    ann.has_files(1).await;
    ann.say("not for long").await;
    ann.shows(".message.settled .file").await;
    let address = ann.ask(".message .file", "element.href").await;
    let status = format!("fetch({address}, {{ cache: 'no-store' }}).then(({{ status }}) => status)");
    assert_eq!(ann.tab.evaluate(&status).await, 200);
    ann.chooses("Delete").await;
    ann.tab.wait_for(&format!("{status}.then((status) => status === 404)"), PATIENCE).await;
    ann.is_content_except(&["404"]);
}

#[tokio::test]
async fn files_can_be_read_by_day_and_by_night_at_a_desk_and_on_a_phone() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.evaluate(&axe()).await;
    ann.shows("[data-testid=add-file]").await;
    ann.tab.choose(CHOOSER, &[Path::new(PICTURE)]).await;
    ann.pastes(&carried(&["the minutes of the meeting, with all that was said in it.txt"])).await;
    ann.has_files(2).await;
    ann.say("Here they are:").await;
    ann.tab.wait_for("document.querySelector('.picture img')?.naturalWidth > 0", PATIENCE).await;
    ann.tab.choose(CHOOSER, &[Path::new(PICTURE)]).await;
    ann.pastes(&carried(&["tea.txt"])).await;
    ann.has_files(2).await;
    for (screen, view) in [(DESK, "files-wide"), (PHONE, "files-narrow")] {
        ann.tab.set_screen(screen).await;
        ann.is_accessible(view).await;
    }
    assert_ne!(ann.tab.evaluate("document.querySelector('.tray')").await, Value::Null);
    ann.is_content();
}
