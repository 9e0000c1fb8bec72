//! Signing in by another site, as people have it in their browser: they leave the page and come back.

use parlor_tests::browser::Browser;
use parlor_tests::provider::{Fault, Person, Provider};

use super::access::axe;
use super::account::{PASSWORD, card, fill, is_called, press};
use super::room::{DESK, Guest, PHONE, Room, SOON};
use super::ways_in::{counts, is_guest, to_sign_in};

/// A provider at which somebody is signed in, and a server that people sign in to by it. The page is another site than the
/// provider, since it is opened by another name.
fn acme(subject: &str, username: &str) -> (Provider, Room) {
    let provider = Provider::start(subject);
    provider.is_visited_by(visitor(subject, username));
    let room = Room::open_with(&provider.settings("Acme"));
    (provider, room)
}

fn visitor(subject: &str, username: &str) -> Person {
    Person { subject: subject.to_owned(), username: Some(username.to_owned()), name: None }
}

async fn enters(room: &Room, browser: &Browser) -> Guest {
    room.enter_at(browser, DESK, &room.by_name("/")).await
}

/// What is told of a sign-in that came to nothing.
async fn is_told(guest: &Guest, words: &str) {
    let told =
        format!("document.querySelector('[data-testid=provider-trouble]')?.textContent.includes('{words}')");
    guest.tab.wait_for(&told, SOON).await;
}

/// The address shows nothing of what the provider said.
async fn is_home(guest: &Guest) {
    guest.tab.wait_for("location.pathname === '/' && location.search === ''", SOON).await;
}

#[tokio::test]
async fn a_guest_becomes_somebody_by_a_provider_and_is_let_in_elsewhere_by_it() {
    let browser = Browser::shared().await;
    let (_provider, room) = acme("1", "ada");
    let here = enters(&room, &browser).await;
    here.say("said as a guest").await;
    here.sees(&here.name, "said as a guest").await;
    here.ask(
        "[data-testid=composer]",
        "(element.value = 'not sent yet', element.dispatchEvent(new Event('input')))",
    )
    .await;
    press(&here, "account").await;
    card(&here, "Make this name yours").await;
    assert_eq!(here.text("[data-testid=by-provider]").await, "Sign in with Acme");
    press(&here, "by-provider").await;
    is_called(&here, "ada").await;
    is_home(&here).await;
    here.sees("ada", "said as a guest").await;
    here.tab
        .wait_for("document.querySelector('[data-testid=composer]').value === 'not sent yet'", SOON)
        .await;
    press(&here, "account").await;
    counts(&here, "linked", 1).await;

    let there = room.enter_at(&browser, PHONE, &room.by_name("/")).await;
    to_sign_in(&there).await;
    press(&there, "by-provider").await;
    is_called(&there, "ada").await;
    there.sees("ada", "said as a guest").await;
    // It is the only way in, so it stays.
    press(&there, "account").await;
    counts(&there, "session", 2).await;
    press(&there, "unlink").await;
    card(&there, "Acme").await;
    press(&there, "account-send").await;
    there
        .tab
        .wait_for("document.querySelector('[data-testid=account-trouble]').textContent !== ''", SOON)
        .await;
    for guest in [&here, &there] {
        guest.is_content_except(&["Failed to load resource"]);
    }
}

#[tokio::test]
async fn an_account_is_linked_to_a_provider_and_unlinked() {
    let browser = Browser::shared().await;
    let (_provider, room) = acme("2", "somebody else's name");
    let grace = enters(&room, &browser).await;
    press(&grace, "account").await;
    fill(&grace, &["Grace", PASSWORD]).await;
    is_called(&grace, "Grace").await;
    press(&grace, "account").await;
    card(&grace, "Grace").await;
    counts(&grace, "offered", 1).await;
    press(&grace, "link").await;
    card(&grace, "Acme").await;
    fill(&grace, &[PASSWORD]).await;
    // Back again, the card of the account says that it is done.
    card(&grace, "Grace").await;
    counts(&grace, "linked", 1).await;
    counts(&grace, "offered", 0).await;
    is_home(&grace).await;
    grace.tab.evaluate(&axe()).await;
    grace.is_accessible("wide-own-account-linked").await;

    press(&grace, "account-send").await;
    is_guest(&grace).await;
    to_sign_in(&grace).await;
    press(&grace, "by-provider").await;
    is_called(&grace, "Grace").await;
    press(&grace, "account").await;
    press(&grace, "unlink").await;
    card(&grace, "Acme").await;
    fill(&grace, &[PASSWORD]).await;
    counts(&grace, "offered", 1).await;
    counts(&grace, "linked", 0).await;
    grace.is_content_except(&["Failed to load resource"]);
}

#[tokio::test]
async fn what_does_not_work_with_a_provider_is_told_in_words() {
    let browser = Browser::shared().await;
    let (provider, room) = acme("3", "ada");
    let guest = enters(&room, &browser).await;
    provider.fails(Some(Fault::Denies));
    to_sign_in(&guest).await;
    press(&guest, "by-provider").await;
    is_told(&guest, "did not sign you in").await;
    is_home(&guest).await;
    guest.tab.evaluate(&axe()).await;
    guest.is_accessible("wide-provider-trouble").await;
    // What is wrong with the provider is wrong for nobody else.
    provider.fails(Some(Fault::WrongNonce));
    press(&guest, "account-send").await;
    card(&guest, "Make this name yours").await;
    press(&guest, "by-provider").await;
    is_told(&guest, "not in order").await;
    // Whoever opens somebody else's way back is told that it is none of theirs.
    guest.tab.navigate(&room.by_name("/signed-in?code=x&state=y")).await;
    is_told(&guest, "Begin again").await;
    is_home(&guest).await;
    provider.fails(None);
    press(&guest, "account-send").await;
    card(&guest, "Make this name yours").await;
    press(&guest, "by-provider").await;
    is_called(&guest, "ada").await;
    guest.is_content_except(&["Failed to load resource"]);
}
