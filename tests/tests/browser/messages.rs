//! What can be done with a message: reacting, replying, answering in a thread, editing, deleting, pinning, finding.

use parlor_tests::browser::Browser;
use serde_json::Value;

use super::room::{COMPOSER, Guest, NEWER, PHONE, Room, SOON};

impl Guest {
    /// Points at the last message and presses one of its buttons.
    pub(crate) async fn does(&self, action: &str) {
        // Who comes and goes may stand behind it.
        let last = "[...document.querySelectorAll('.stage .message')].at(-1)";
        self.tab.wait_for(&format!("{last}?.matches('.settled')"), SOON).await;
        let over = "new PointerEvent('pointerover', { bubbles: true })";
        self.tab.evaluate(&format!("{last}.dispatchEvent({over})")).await;
        self.tab.evaluate(&format!("document.querySelector('.toolbar [data-does={action}]').click()")).await;
    }

    /// Chooses from the menu of the last message.
    pub(crate) async fn chooses(&self, label: &str) {
        self.does("more").await;
        let label = Value::from(label);
        let item = format!(
            "[...document.querySelectorAll('.menu button')].find((one) => one.textContent === {label})"
        );
        self.tab.evaluate(&format!("{item}.click()")).await;
    }
}

#[tokio::test]
async fn a_reaction_is_counted_once_for_each_person_and_taken_back() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("cake?").await;
    bob.sees(&ann.name, "cake?").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    bob.does("pick").await;
    bob.shows(".picker button").await;
    bob.tab.insert("party").await;
    bob.tab.press("Enter").await;
    let reactions =
        |count: u32| format!("document.querySelector('[data-testid=reaction]')?.textContent === '🎉{count}'");
    for guest in [&ann, &bob] {
        guest.tab.wait_for(&reactions(1), SOON).await;
    }
    ann.tab.click("[data-testid=reaction]").await;
    bob.tab.wait_for(&reactions(2), SOON).await;
    ann.tab.wait_for("document.querySelector('[data-testid=reaction].own')", SOON).await;
    ann.tab.click("[data-testid=reaction]").await;
    for guest in [&ann, &bob] {
        guest.tab.wait_for(&reactions(1), SOON).await;
        guest.is_content();
    }
}

#[tokio::test]
async fn the_arrow_up_edits_what_one_said_last_and_escape_leaves_it() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("helo").await;
    bob.sees(&ann.name, "helo").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.tab.press("ArrowUp").await;
    ann.tab.wait_for("document.querySelector('[data-testid=composer]').value === 'helo'", SOON).await;
    ann.tab.press("Escape").await;
    ann.tab.wait_for("document.querySelector('[data-testid=composer]').value === ''", SOON).await;
    ann.tab.press("ArrowUp").await;
    ann.tab.wait_for("document.querySelector('[data-testid=composer]').value === 'helo'", SOON).await;
    ann.ask(COMPOSER, "element.select()").await;
    ann.say("hello").await;
    for guest in [&ann, &bob] {
        guest.sees(&ann.name, "hello").await;
        assert_eq!(guest.messages().await, ["hello"]);
        assert_eq!(guest.texts(".mark").await, ["edited"]);
        guest.is_content();
    }
    assert_eq!(ann.draft().await, "");
}

#[tokio::test]
async fn what_is_deleted_can_be_taken_back_for_a_moment_and_is_gone_for_everybody_then() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("stays").await;
    ann.say("goes").await;
    bob.sees(&ann.name, "goes").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.chooses("Delete").await;
    ann.tab.wait_for("document.querySelectorAll('.message').length === 1", SOON).await;
    assert_eq!(bob.messages().await, ["stays", "goes"]);
    ann.tab.click("[data-testid=toast] button").await;
    ann.sees(&ann.name, "goes").await;
    ann.chooses("Delete").await;
    for guest in [&ann, &bob] {
        guest.tab.wait_for("document.querySelectorAll('.message').length === 1", SOON).await;
        assert_eq!(guest.messages().await, ["stays"]);
        guest.is_content();
    }
}

#[tokio::test]
async fn replies_say_what_they_answer_and_threads_stand_beside_the_talk() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("shall we go?").await;
    bob.sees(&ann.name, "shall we go?").await;
    bob.does("reply").await;
    bob.say("yes").await;
    ann.sees(&bob.name, "yes").await;
    assert_eq!(ann.texts(".answers").await, [format!("{} shall we go?", ann.name)]);

    ann.does("thread").await;
    ann.shows("[data-testid=thread-box]").await;
    ann.tab.insert("when?").await;
    ann.tab.press("Enter").await;
    bob.tab
        .wait_for("document.querySelector('[data-testid=answers]')?.textContent === '1 answer'", SOON)
        .await;
    assert_eq!(bob.messages().await, ["shall we go?", "yes"], "what is said in a thread stays there");
    bob.tab.click("[data-testid=answers]").await;
    bob.tab.wait_for("document.querySelector('.pane')?.textContent.includes('when?')", SOON).await;
    bob.tab.insert("now").await;
    bob.tab.press("Enter").await;
    ann.tab.wait_for("document.querySelector('.pane').textContent.includes('now')", SOON).await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn what_is_pinned_and_what_was_said_long_ago_is_found_again() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("the door code is 4711").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.chooses("Pin for everybody").await;
    ann.tab.wait_for("document.querySelector('.mark')?.textContent === 'pinned'", SOON).await;
    let mut program = room.connect("/chat").await;
    for number in 1..=200 {
        program.send(format!("line {number}")).await.expect("the connection is open");
    }
    ann.tab.wait_for("document.querySelector('.rows').textContent.includes('line 200')", SOON).await;
    ann.tab.reload().await;
    ann.tab.wait_for("document.querySelector('.rows').textContent.includes('line 200')", SOON).await;
    assert!(!ann.messages().await.contains(&"the door code is 4711".to_owned()), "only the last are read");
    ann.tab.click("[data-testid=pins]").await;
    ann.tab.wait_for("document.querySelector('.pane').textContent.includes('4711')", SOON).await;

    ann.tab.click("[data-testid=search]").await;
    ann.shows("[data-testid=search-box]").await;
    ann.tab.insert("door co").await;
    ann.shows("[data-testid=result]").await;
    assert_eq!(ann.texts(".result mark").await, ["door", "co"]);
    ann.tab.click("[data-testid=result]").await;
    ann.sees(&ann.name, "the door code is 4711").await;
    let path = ann.tab.evaluate("location.pathname").await;
    assert!(path.as_str().is_some_and(|path| path.starts_with("/room/lobby/")), "{path}");
    // The address leads here again, and from here to the end.
    ann.tab.reload().await;
    ann.sees(&ann.name, "the door code is 4711").await;
    ann.shows(NEWER).await;
    ann.tab.click(NEWER).await;
    ann.tab.wait_for("document.querySelector('.rows').textContent.includes('line 200')", SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn a_finger_that_rests_on_a_message_opens_its_menu_and_one_that_taps_does_not() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter_with(&browser, PHONE).await;
    let mut program = room.connect("/chat").await;
    program.send("touch me").await.expect("the connection is open");
    let text = ".stage .message [data-testid=text]";
    ann.shows(text).await;
    ann.tab.tap(text).await;
    ann.shows(".toolbar").await;
    assert_eq!(ann.tab.evaluate("document.querySelector('[data-testid=menu-sheet]')").await, Value::Null);
    ann.tab.touch(text).await;
    ann.tab.evaluate("new Promise((done) => setTimeout(done, 700))").await;
    ann.tab.lift().await;
    ann.shows("[data-testid=menu-sheet]").await;
    assert!(ann.texts("[data-testid=menu-sheet] button").await.contains(&"Copy text".to_owned()));
    ann.is_content();
}

#[tokio::test]
async fn a_little_markdown_is_drawn_and_links_are_only_links() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for (said, drawn) in [
        (
            "**bold** and *slanted* and `co*d*e`",
            "<strong>bold</strong> and <em>slanted</em> and <code>co*d*e</code>",
        ),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("~~no~~ **a *b* c**", "<del>no</del> <strong>a <em>b</em> c</strong>"),
        ("> quoted\nafter", "<blockquote>quoted</blockquote>after"),
        ("```rust\n<b>\n```", "<pre data-language=\"rust\" tabindex=\"0\"><code>&lt;b&gt;</code></pre>"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("javascript://example.org/%0aalert(1)", "javascript://example.org/%0aalert(1)"),
    ] {
        ann.tab.insert(said).await;
        ann.tab.evaluate("document.querySelector('.compose').requestSubmit()").await;
        let drawn = Value::from(drawn);
        ann.tab
            .wait_for(&format!("[...document.querySelectorAll('.text')].at(-1)?.innerHTML === {drawn}"), SOON)
            .await;
    }
    ann.say("see https://example.org/a_b_(c)?d=e. Or [there](https://example.org/x)").await;
    ann.tab.wait_for("document.querySelectorAll('.text a').length === 2", SOON).await;
    assert_eq!(
        ann.tab.evaluate("document.querySelector('.text a').rel").await,
        "noopener noreferrer nofollow ugc"
    );
    ann.is_content();
}

#[tokio::test]
async fn names_are_completed_changed_and_shown_while_they_write() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.tab.click("[data-testid=rename]").await;
    bob.shows("dialog input").await;
    bob.ask("dialog input", "element.select()").await;
    bob.say("Bob").await;
    bob.tab.wait_for("document.querySelector('[data-testid=you]').textContent === 'Bob'", SOON).await;
    bob.ask(COMPOSER, "element.focus()").await;
    bob.say("it is me").await;
    ann.sees("Bob", "it is me").await;
    bob.tab.insert("hm").await;
    ann.tab.wait_for("document.querySelector('.hint').textContent === 'Bob is writing…'", SOON).await;
    ann.tab.insert("hi @bo").await;
    ann.shows(".completion li").await;
    ann.tab.press("Enter").await;
    assert_eq!(ann.draft().await, "hi @Bob ");
    ann.tab.press("Enter").await;
    bob.shows(".mention.you").await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}
