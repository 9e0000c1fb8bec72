//! One person's way: a guest, who claims a name, signs in elsewhere, signs out there, and is let in by a link.

use std::process::Command;

use parlor_tests::browser::Browser;
use parlor_tests::process::built;
use serde_json::{Value, json};

use super::room::{DESK, Guest, Room, SOON};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Presses what has this test id.
pub(crate) async fn press(guest: &Guest, name: &str) {
    let selector = format!("[data-testid={name}]");
    guest.shows(&selector).await;
    guest.ask(&selector, "element.click()").await;
}

/// Fills the boxes of the card in their order, and sends it.
pub(crate) async fn fill(guest: &Guest, texts: &[&str]) {
    let count = format!("document.querySelectorAll('dialog input').length === {}", texts.len());
    guest.tab.wait_for(&count, SOON).await;
    let texts = json!(texts);
    let fill = format!(
        "Array.from(document.querySelectorAll('dialog input'), (input, at) => input.value = {texts}[at])"
    );
    guest.tab.evaluate(&fill).await;
    press(guest, "account-send").await;
}

pub(crate) async fn is_called(guest: &Guest, name: &str) {
    let name = Value::from(name);
    let called = format!("document.querySelector('[data-testid=you]')?.textContent === {name}");
    guest.tab.wait_for(&called, SOON).await;
    // The card that asked for it closes only once the server has answered, which may be later than others are told.
    guest.tab.wait_for("!document.querySelector('dialog[open]')", SOON).await;
    guest.is("connected", SOON).await;
}

pub(crate) async fn card(guest: &Guest, title: &str) {
    let title = Value::from(title);
    let shown = format!("document.querySelector('dialog[open] h2')?.textContent === {title}");
    guest.tab.wait_for(&shown, SOON).await;
}

async fn sign_in(guest: &Guest, password: &str) {
    press(guest, "account").await;
    card(guest, "Make this name yours").await;
    press(guest, "to-sign-in").await;
    card(guest, "Sign in").await;
    fill(guest, &["Ada", password]).await;
}

pub(crate) fn link(room: &Room) -> String {
    let mut command = Command::new(built("parlor"));
    let url = room.by_name("");
    command.args(["admin", "reset", "Ada", "--url", &url]).current_dir(room.folder());
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("it says text");
    said.lines().next().expect("a line with the link").to_owned()
}

#[tokio::test]
async fn a_guest_claims_a_name_signs_in_elsewhere_signs_out_there_and_is_let_in_by_a_link() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let here = room.enter(&browser).await;
    here.say("said as a guest").await;
    here.sees(&here.name, "said as a guest").await;
    press(&here, "account").await;
    card(&here, "Make this name yours").await;
    fill(&here, &["admin", PASSWORD]).await;
    here.tab
        .wait_for("document.querySelector('[data-testid=account-trouble]').textContent !== ''", SOON)
        .await;
    fill(&here, &["Ada", PASSWORD]).await;
    is_called(&here, "Ada").await;
    here.sees("Ada", "said as a guest").await;
    // What is kept about somebody is theirs to have.
    press(&here, "account").await;
    let kept = "fetch(element.href).then((answer) => answer.json()).then(({ you, events }) =>
        `${you.name}: ${events.find(({ what }) => what.type === 'posted').what.text}`)";
    here.shows("[data-testid=export]").await;
    assert_eq!(here.ask("[data-testid=export]", kept).await, "Ada: said as a guest");
    here.tab.press("Escape").await;

    let there = room.enter_with(&browser, DESK).await;
    sign_in(&there, "wrong horse battery").await;
    there
        .tab
        .wait_for("document.querySelector('[data-testid=account-trouble]').textContent !== ''", SOON)
        .await;
    fill(&there, &["Ada", PASSWORD]).await;
    is_called(&there, "Ada").await;
    there.say("the same from there").await;
    here.sees("Ada", "the same from there").await;

    // Here, the other device is signed out.
    press(&here, "account").await;
    here.tab.wait_for("document.querySelectorAll('[data-testid=session]').length === 2", SOON).await;
    press(&here, "end-session").await;
    card(&there, "You were signed out").await;
    here.tab.wait_for("document.querySelectorAll('[data-testid=session]').length === 1", SOON).await;
    press(&there, "as-guest").await;
    there
        .tab
        .wait_for("document.querySelector('[data-testid=you]')?.textContent.startsWith('user-')", SOON)
        .await;

    // Whoever runs the server makes a link; it works there, and everything else has ended.
    there.tab.navigate(&link(&room)).await;
    card(&there, "Set a new password").await;
    fill(&there, &["another horse"]).await;
    is_called(&there, "Ada").await;
    assert_eq!(there.tab.evaluate("location.hash + location.pathname").await, "/");
    card(&here, "You were signed out").await;
    // What the browser says about answers that are no success, which is how a wrong attempt is answered.
    for guest in [&here, &there] {
        guest.is_content_except(&["Failed to load resource"]);
    }
}
