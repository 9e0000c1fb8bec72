//! Passkeys and codes as people have them in their browser.

use parlor_tests::authenticator_app::{code, now};
use parlor_tests::browser::Browser;

use super::access::axe;
use super::account::{PASSWORD, card, fill, is_called, link, press};
use super::room::{DESK, Guest, PHONE, Room, SOON};

pub(crate) async fn counts(guest: &Guest, name: &str, count: usize) {
    let counted = format!("document.querySelectorAll('[data-testid={name}]').length === {count}");
    guest.tab.wait_for(&counted, SOON).await;
}

pub(crate) async fn is_guest(guest: &Guest) {
    let called = "document.querySelector('[data-testid=you]')?.textContent.startsWith('user-')";
    guest.tab.wait_for(called, SOON).await;
    guest.is("connected", SOON).await;
}

async fn complains(guest: &Guest) {
    let told = "document.querySelector('[data-testid=account-trouble]').textContent !== ''";
    guest.tab.wait_for(told, SOON).await;
}

/// From what a guest is offered to the card for signing in.
pub(crate) async fn to_sign_in(guest: &Guest) {
    press(guest, "account").await;
    card(guest, "Make this name yours").await;
    press(guest, "to-sign-in").await;
    card(guest, "Sign in").await;
}

#[tokio::test]
async fn a_guest_claims_signs_in_elsewhere_takes_a_passkey_signs_out_the_other_and_is_let_in_by_a_link() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let here = room.enter_at(&browser, DESK, &room.by_name("/")).await;
    here.say("said as a guest").await;
    press(&here, "account").await;
    fill(&here, &["Ada", PASSWORD]).await;
    is_called(&here, "Ada").await;

    let there = room.enter_at(&browser, PHONE, &room.by_name("/")).await;
    there.tab.add_authenticator().await;
    there.tab.evaluate(&axe()).await;
    to_sign_in(&there).await;
    fill(&there, &["Ada", PASSWORD]).await;
    is_called(&there, "Ada").await;

    // Elsewhere she takes a passkey, and gives it a name.
    press(&there, "account").await;
    press(&there, "add-passkey").await;
    card(&there, "Add a passkey").await;
    fill(&there, &[PASSWORD]).await;
    counts(&there, "passkey", 1).await;
    press(&there, "edit-passkey").await;
    there.tab.wait_for("document.querySelectorAll('dialog input').length === 2", SOON).await;
    fill(&there, &["my phone", ""]).await;
    card(&there, "Ada").await;
    there
        .tab
        .wait_for("document.querySelector('[data-testid=passkey] span').textContent === 'my phone'", SOON)
        .await;
    there.tab.evaluate(&axe()).await;
    there.is_accessible("narrow-own-account").await;

    // By it she signs in without a name.
    press(&there, "account-send").await;
    is_guest(&there).await;
    to_sign_in(&there).await;
    press(&there, "by-passkey").await;
    is_called(&there, "Ada").await;
    there.sees("Ada", "said as a guest").await;

    // The other device is signed out.
    press(&there, "account").await;
    counts(&there, "session", 2).await;
    press(&there, "end-session").await;
    card(&here, "You were signed out").await;
    counts(&there, "session", 1).await;
    press(&here, "as-guest").await;
    is_guest(&here).await;

    // Whoever runs the server lets her in by a link, and nothing else opens the account any more.
    here.tab.navigate(&link(&room)).await;
    card(&here, "Set a new password").await;
    fill(&here, &["another horse"]).await;
    is_called(&here, "Ada").await;
    card(&there, "You were signed out").await;
    press(&there, "as-guest").await;
    is_guest(&there).await;
    to_sign_in(&there).await;
    press(&there, "by-passkey").await;
    complains(&there).await;
    for guest in [&here, &there] {
        guest.is_content_except(&["Failed to load resource"]);
    }
}

#[tokio::test]
async fn a_guest_claims_a_name_with_a_passkey_alone() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter_at(&browser, DESK, &room.by_name("/")).await;
    press(&ann, "account").await;
    ann.tab.add_authenticator().await;
    fill_name(&ann, "admin").await;
    press(&ann, "claim-by-passkey").await;
    complains(&ann).await;
    fill_name(&ann, "Ann").await;
    press(&ann, "claim-by-passkey").await;
    is_called(&ann, "Ann").await;
    press(&ann, "account").await;
    counts(&ann, "passkey", 1).await;
    assert_eq!(
        ann.tab.evaluate("document.querySelector('[data-testid=to-codes]')").await,
        serde_json::Value::Null
    );
    ann.is_content_except(&["Failed to load resource"]);
}

async fn fill_name(guest: &Guest, name: &str) {
    guest.shows("dialog input").await;
    guest.ask("dialog input", &format!("element.value = '{name}'")).await;
}

#[tokio::test]
async fn codes_are_set_up_asked_for_and_given_up() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let here = room.enter_with(&browser, DESK).await;
    here.tab.evaluate(&axe()).await;
    press(&here, "account").await;
    fill(&here, &["Ada", PASSWORD]).await;
    is_called(&here, "Ada").await;
    press(&here, "account").await;
    card(&here, "Ada").await;
    here.is_accessible("wide-own-account").await;
    press(&here, "to-codes").await;
    card(&here, "Sign-in codes").await;
    here.is_accessible("wide-codes").await;
    let key = here.text("[data-testid=codes-key]").await.replace(' ', "");
    fill(&here, &[&code(&key, now()), PASSWORD]).await;
    card(&here, "Recovery codes").await;
    here.is_accessible("wide-recovery-codes").await;
    let recovery = here.texts(".recovery code").await;
    assert_eq!(recovery.len(), 10);
    press(&here, "account-send").await;
    card(&here, "Ada").await;

    let there = room.enter_with(&browser, PHONE).await;
    there.tab.evaluate(&axe()).await;
    to_sign_in(&there).await;
    fill(&there, &["Ada", PASSWORD]).await;
    there.tab.wait_for("document.querySelectorAll('dialog input').length === 3", SOON).await;
    there.is_accessible("narrow-sign-in-by-code").await;
    // This moment's has been shown when codes were set up.
    fill(&there, &["Ada", PASSWORD, &code(&key, now() + 1)]).await;
    is_called(&there, "Ada").await;

    press(&here, "to-codes").await;
    here.tab.wait_for("document.querySelectorAll('dialog input').length === 1", SOON).await;
    here.ask("dialog input", &format!("element.value = '{PASSWORD}'")).await;
    press(&here, "remove-codes").await;
    card(&here, "Ada").await;
    let third = room.enter(&browser).await;
    to_sign_in(&third).await;
    fill(&third, &["Ada", PASSWORD]).await;
    is_called(&third, "Ada").await;
    for guest in [&here, &there, &third] {
        guest.is_content_except(&["Failed to load resource"]);
    }
}
