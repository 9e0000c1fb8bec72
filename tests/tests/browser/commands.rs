//! What can be told to the box: commands, marks, links, quotes; and what it says of a text that becomes too long.

use parlor_tests::browser::Browser;
use serde_json::Value;

use super::room::{COMPOSER, Room, SOON};

#[tokio::test]
async fn commands_do_what_they_say_and_what_is_none_is_said() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for (typed, said) in [
        ("/me waves", "waves"),
        ("/shrug who knows", "who knows 🤷"),
        ("/etc/hosts is a file", "/etc/hosts is a file"),
    ] {
        ann.say(typed).await;
        ann.sees(&ann.name, said).await;
    }
    ann.shows(".text em").await;
    ann.say("/dance").await;
    ann.tab
        .wait_for("document.querySelector('[data-testid=toast]').textContent.includes('/dance')", SOON)
        .await;
    assert_eq!(ann.draft().await, "/dance", "what is not understood is not lost");
    ann.ask(COMPOSER, "element.select()").await;
    ann.say("/mute").await;
    ann.tab.wait_for("document.querySelector('.side .muted')", SOON).await;
    ann.say("/mute").await;
    ann.tab.wait_for("!document.querySelector('.side .muted')", SOON).await;
    ann.opens_room("garden", false).await;
    ann.say("/topic Roses, mostly").await;
    ann.tab.wait_for("document.querySelector('.topic').textContent === 'Roses, mostly'", SOON).await;
    ann.say("/join lobby").await;
    ann.tab.wait_for("document.querySelector('[data-testid=room]').textContent === 'lobby'", SOON).await;
    // Rooms and commands are completed, with what they are for.
    ann.ask(COMPOSER, "element.focus()").await;
    ann.tab.insert("/jo").await;
    ann.tab
        .wait_for("document.querySelector('.completion .hint')?.textContent === 'Goes to a room'", SOON)
        .await;
    ann.tab.press("Tab").await;
    ann.tab.insert("#gar").await;
    ann.tab.wait_for("document.querySelector('.completion li bdi')?.textContent === 'garden'", SOON).await;
    ann.tab.press("Tab").await;
    assert_eq!(ann.draft().await, "/join #garden ");
    ann.tab.press("Enter").await;
    ann.tab.wait_for("document.querySelector('[data-testid=room]').textContent === 'garden'", SOON).await;
    ann.say("/help").await;
    ann.shows("dialog[open] .shortcuts").await;
    ann.is_content();
}

#[tokio::test]
async fn keys_mark_words_an_address_makes_them_a_link_and_a_message_can_be_quoted() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for (key, marked) in [("b", "**word**"), ("i", "_word_"), ("e", "`word`")] {
        ann.tab.insert("word").await;
        ann.ask(COMPOSER, "element.select()").await;
        ann.tab.press_with_control(key).await;
        assert_eq!(ann.draft().await, marked);
        ann.ask(COMPOSER, "element.value = ''").await;
    }
    ann.tab.insert("see here").await;
    ann.ask(COMPOSER, "element.setSelectionRange(4, 8)").await;
    let paste = "(() => { const clipboardData = new DataTransfer(); \
         clipboardData.setData('text/plain', 'https://example.org/'); \
         element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })); \
         return element.value; })()";
    assert_eq!(ann.ask(COMPOSER, paste).await, "see [here](https://example.org/)");
    ann.tab.press("Enter").await;
    ann.sees(&ann.name, "see here").await;
    ann.chooses("Quote").await;
    ann.tab.insert("indeed").await;
    assert_eq!(ann.draft().await, "> see [here](https://example.org/)\nindeed");
    ann.tab.press("Enter").await;
    ann.shows(".text blockquote").await;
    ann.is_content();
}

#[tokio::test]
async fn the_length_is_told_only_when_little_of_it_is_left() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let most: usize = 16_384;
    let hint = "document.querySelector('.hint').textContent";
    for (length, told) in [(most / 2, ""), (most - 5, "5 octets left"), (most + 1, "1 octet too long")] {
        let text = Value::from("x".repeat(length));
        ann.ask(COMPOSER, &format!("(element.value = {text}, element.dispatchEvent(new Event('input')))"))
            .await;
        ann.tab.wait_for(&format!("{hint} === '{told}'"), SOON).await;
    }
    ann.ask(COMPOSER, "(element.value = '', element.dispatchEvent(new Event('input')))").await;
    ann.is_content();
}

#[tokio::test]
async fn alt_and_a_press_make_everything_from_a_message_on_unread() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    for text in ["one", "two", "three"] {
        bob.say(text).await;
        ann.sees(&bob.name, text).await;
    }
    ann.opens_room("aside", false).await;
    ann.tab.wait_for("!document.querySelector('.side .unread')", SOON).await;
    ann.tab.click(".side [data-room='0000000000001']").await;
    ann.sees(&bob.name, "three").await;
    let press = "[...document.querySelectorAll('.message')].find((one) => one.textContent.includes('two')) \
         .dispatchEvent(new MouseEvent('click', { altKey: true, bubbles: true }))";
    ann.tab.evaluate(press).await;
    ann.tab.wait_for("document.querySelector('.side [data-room=\"0000000000001\"].unread')", SOON).await;
    ann.is_content();
}
