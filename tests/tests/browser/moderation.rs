//! The desk of whoever keeps the peace: invitations, filters, slow mode, what is in force, undoing a raid, the log.

use parlor_tests::browser::Browser;

use super::account::press;
use super::peace::{LOBBY, owner};
use super::room::{DESK, PATIENCE, Room, SOON};

#[tokio::test]
async fn an_invitation_is_made_handed_on_as_a_link_looked_into_and_revoked() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    ann.opens_desk("door").await;
    ann.picks("door", "invite").await;
    ann.opens_desk("invites").await;
    ann.fills("uses", "2").await;
    press(&ann, "part-send").await;
    ann.shows("[data-testid=invite-link]").await;
    let link = ann.text("[data-testid=invite-link]").await;
    assert!(link.starts_with(&room.page("/?invite=")), "{link}");
    let bob = room.enter_at(&browser, DESK, &link).await;
    bob.say("thank you for the invitation").await;
    ann.sees(&bob.name, "thank you for the invitation").await;
    // A link that was used is told of when the list is read again.
    ann.opens_desk("filters").await;
    ann.opens_desk("invites").await;
    ann.says(".waiting > li", "used 1 of 2 times").await;
    press(&ann, "came-by").await;
    ann.says(".waiting .context", &bob.name).await;
    press(&ann, "revoke").await;
    ann.says(".waiting .term", "Revoked").await;
    let eve = browser.tab(&link).await;
    eve.wait_for("document.querySelector('.trouble').textContent.includes('invitation')", PATIENCE).await;
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn a_filter_refuses_what_has_a_word_in_it_until_it_is_removed() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    ann.opens_desk("filters").await;
    ann.fills("pattern", "pills").await;
    ann.picks("action", "refuse").await;
    press(&ann, "part-send").await;
    ann.says(".waiting .head", "pills").await;
    bob.say("cheap pills").await;
    bob.says(".failure", "a word or a link in it is not allowed").await;
    press(&ann, "remove-filter").await;
    ann.says(".desk .nothing", "There are no filters").await;
    bob.ask("[data-does=again]", "element.click()").await;
    ann.sees(&bob.name, "cheap pills").await;
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn slow_mode_is_set_for_a_room_and_everybody_there_is_told() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    bob.say("one").await;
    ann.sees(&bob.name, "one").await;
    ann.opens_desk("rooms").await;
    ann.picks("slow-mode", "3600").await;
    ann.says("[data-testid=toast]", "Slow mode of lobby is set").await;
    bob.says(".hint", "one message every 1 hour").await;
    ann.picks("slow-mode", "0").await;
    bob.tab.wait_for("document.querySelector('.hint').textContent === ''", PATIENCE).await;
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn what_is_in_force_is_listed_and_lifted_a_network_too() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    bob.say("hello").await;
    ann.sees(&bob.name, "hello").await;
    ann.looks_at_who_said("hello").await;
    press(&ann, "mute").await;
    ann.picks("where", LOBBY).await;
    ann.fills("reason", "for a while").await;
    press(&ann, "moderation-send").await;
    bob.says(".hint", "for a while").await;
    ann.says("[data-testid=term]", "for a while").await;
    ann.closes_the_card().await;
    ann.opens_desk("restraints").await;
    ann.says(".waiting .term", "for a while").await;
    press(&ann, "lift").await;
    ann.says(".desk .nothing", "Nobody is banned or muted").await;
    bob.tab.wait_for("document.querySelector('.hint').textContent === ''", PATIENCE).await;
    // Guests from the same network are shut out with somebody.
    ann.looks_at_who_said("hello").await;
    press(&ann, "ban").await;
    ann.shows("dialog select[name=network]").await;
    let choose = "(element.value = element.options[1].value, element.options.length)";
    let choices = ann.ask("dialog select[name=network]", choose).await;
    assert!(choices.as_u64() > Some(2), "an address and what is around it: {choices}");
    press(&ann, "moderation-send").await;
    bob.says(".trouble", "You are shut out").await;
    ann.says("[data-testid=term]", "Banned until").await;
    ann.closes_the_card().await;
    ann.opens_desk("restraints").await;
    ann.tab.wait_for("document.querySelectorAll('.waiting > li').length === 2", SOON).await;
    let eve = browser.tab(&room.page("/")).await;
    eve.wait_for("document.querySelector('.trouble').textContent.includes('shut out')", PATIENCE).await;
    for left in [1, 0] {
        press(&ann, "lift").await;
        ann.tab
            .wait_for(&format!("document.querySelectorAll('.waiting > li').length === {left}"), SOON)
            .await;
    }
    bob.is("connected", PATIENCE).await;
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn a_raid_is_looked_at_undone_for_everybody_and_brought_back() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let (bob, eve) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("a quiet evening").await;
    ann.sees(&bob.name, "a quiet evening").await;
    for text in ["spam", "more spam", "still more spam"] {
        eve.say(text).await;
        bob.sees(&eve.name, text).await;
    }
    bob.say("who are they?").await;
    ann.sees(&bob.name, "who are they?").await;
    ann.looks_at_who_said("more spam").await;
    press(&ann, "undo-person").await;
    ann.picks("minutes", "60").await;
    press(&ann, "part-send").await;
    ann.says("[data-testid=review]", "3 messages").await;
    ann.says("[data-testid=review]", "1 person").await;
    ann.says(".review .context", "still more spam").await;
    // Nothing is done before.
    bob.reads(&["a quiet evening", "spam", "more spam", "still more spam", "who are they?"]).await;
    press(&ann, "undo").await;
    for guest in [&ann, &bob] {
        guest.reads(&["a quiet evening", "who are they?"]).await;
    }
    eve.says(".trouble", "You are shut out").await;
    ann.says(".waiting .head", "undid this").await;
    press(&ann, "restore").await;
    for guest in [&ann, &bob] {
        guest.reads(&["a quiet evening", "spam", "more spam", "still more spam", "who are they?"]).await;
    }
    eve.is("connected", PATIENCE).await;
    // All of it stands in the log, newest first.
    ann.opens_desk("audit").await;
    ann.says(".waiting > li", "brought back").await;
    ann.says(".waiting > li:nth-child(2)", "undid what some people did").await;
    for guest in [&ann, &bob, &eve] {
        guest.is_content();
    }
}

#[tokio::test]
async fn whoever_owns_a_room_alone_finds_its_slow_mode_and_nothing_else() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let _ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    assert_eq!(bob.ask("[data-testid=moderation]", "element.hidden").await, true);
    bob.opens_room("gardening", false).await;
    press(&bob, "moderation").await;
    bob.shows("dialog select[name=slow-mode]").await;
    assert_eq!(bob.texts(".desk .tab").await, ["Slow mode"]);
    assert_eq!(bob.texts(".desk .waiting label span").await, ["gardening"]);
    bob.is_content();
}
