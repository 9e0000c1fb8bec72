//! The page in every language that it has: complete, and laid out the way the language reads.

use parlor_tests::browser::Browser;
use serde_json::json;

use super::looks::{STICKING_OUT, picture};
use super::room::{DESK, PATIENCE, PHONE, Room, SOON};

const OTHERS: [&str; 5] = ["de", "fr", "es", "ja", "ar"];

/// What is wrong with a language beside the English one: keys, places to fill in, forms of the plural.
const WRONG: &str = "async (language, folder) => {
    const [{ messages: english }, { messages }] = await Promise.all([
        import(`/web/languages/${folder}en.js`), import(`/web/languages/${folder}${language}.js`),
    ]);
    const forms = (message) => (typeof message === 'string' ? { other: message } : message);
    const places = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
    const wrong = Object.keys(english).filter((key) => !(key in messages)).map((key) => `${key} is missing`);
    for (const [key, message] of Object.entries(messages)) {
        if (!(key in english)) { wrong.push(`${key} is not English`); continue; }
        const all = Object.entries(forms(message));
        if (!('other' in forms(message))) wrong.push(`${key} has no other form`);
        const known = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
        for (const [form, text] of all) {
            // A single thing, a pair and nothing may be said without a number.
            const exact = ['zero', 'one', 'two'].includes(form);
            const wanted = places(forms(english[key]).other);
            if (!text.trim()) wrong.push(`${key} says nothing`);
            if (places(text) !== wanted && !(exact && wanted === '{count}' && places(text) === '')) {
                wrong.push(`${key} (${form}) has ${places(text)} for ${wanted}`);
            }
            if (!known.includes(form)) wrong.push(`${key} has a form ${form} that is never used`);
        }
    }
    return wrong;
}";

#[tokio::test]
async fn every_language_is_complete() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for language in OTHERS {
        for folder in ["", "moderation/"] {
            let wrong = ann.tab.evaluate(&format!("({WRONG})('{language}', '{folder}')")).await;
            assert_eq!(wrong, json!([]), "{folder}{language}");
        }
    }
    // Every key is said somewhere, and every place of the document that names one names one that there is.
    let unknown = "import('/web/languages/en.js').then(({ messages }) => \
        [...document.querySelectorAll('*')].flatMap((one) => Object.entries(one.dataset)) \
            .filter(([name, key]) => name.startsWith('say') && !(key in messages)).map(([, key]) => key))";
    assert_eq!(ann.tab.evaluate(unknown).await, json!([]));
}

#[tokio::test]
async fn who_reads_english_fetches_no_language() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let fetched = "performance.getEntriesByType('resource').map((one) => one.name.split('/languages/')[1]).filter(Boolean)";
    assert_eq!(ann.tab.evaluate(fetched).await, json!([]));
}

#[tokio::test]
async fn the_language_is_chosen_in_the_settings_and_nothing_that_was_typed_is_lost() {
    let browser = Browser::shared().await;
    let room = Room::open();
    for (screen, size) in [(DESK, "wide"), (PHONE, "narrow")] {
        let ann = room.enter_with(&browser, screen).await;
        ann.ask("[data-testid=composer]", "element.focus()").await;
        ann.tab.insert("half a thought").await;
        for language in OTHERS {
            let choose =
                format!("import('/web/settings.js').then(({{ set }}) => set('language', '{language}'))");
            ann.tab.evaluate(&choose).await;
            ann.tab.reload().await;
            ann.is("connected", PATIENCE).await;
            ann.tab
                .wait_for("document.querySelector('[data-testid=composer]').value === 'half a thought'", SOON)
                .await;
            assert_eq!(ann.tab.evaluate("document.documentElement.lang").await, language);
            let direction = if language == "ar" { "rtl" } else { "ltr" };
            assert_eq!(ann.tab.evaluate("getComputedStyle(document.body).direction").await, direction);
            let english = "[...document.querySelectorAll('[data-say]')].filter((one) => \
                ['Search', 'Settings', 'Leave', 'Send', 'You are'].includes(one.textContent)).length";
            assert_eq!(ann.tab.evaluate(english).await, 0, "{language}");
            assert_eq!(ann.tab.evaluate(STICKING_OUT).await, json!([]), "{language} {size}");
            ann.tab.screenshot(&picture(&format!("{size}-{language}"))).await;
        }
        ann.is_content();
    }
}
