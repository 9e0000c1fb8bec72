//! Code between fences is coloured, and stays the code that was written.

use parlor_tests::browser::Browser;
use serde_json::{Value, json};

use super::access::axe;
use super::room::{Room, SOON};

/// What code looks like in a language: letters between `[kind:` and `]` have the colour of that kind.
const CASES: [(&str, &str, &str); 16] = [
    ("rust", "let x = 1; // one", "[word:let] x = [number:1]; [comment:// one]"),
    (
        "rs",
        "fn f<'a>(c: &'a str) { 'b'; \"\\\"\" }",
        "[word:fn] f<'a>(c: &'a str) { [string:'b']; [string:\"\\\"\"] }",
    ),
    ("js", "const a = `b\nc`; /* d\ne */", "[word:const] a = [string:`b\nc`]; [comment:/* d\ne */]"),
    ("TypeScript", "type A = 'b' | 0x1F;", "[word:type] A = [string:'b'] | [number:0x1F];"),
    (
        "python",
        "def f(): # no\n  \"\"\"a\nb\"\"\"",
        "[word:def] f(): [comment:# no]\n  [string:\"\"\"a\nb\"\"\"]",
    ),
    ("sql", "SELECT a FROM b -- c", "[word:SELECT] a [word:FROM] b [comment:-- c]"),
    (
        "sh",
        "if true; then echo 'a' # b\nfi",
        "[word:if] true; [word:then] echo [string:'a'] [comment:# b]\n[word:fi]",
    ),
    ("json", "{\"a\": [1.5, true]}", "{[string:\"a\"]: [[number:1.5], [word:true]]}"),
    ("yaml", "a: 'b' # c", "a: [string:'b'] [comment:# c]"),
    (
        "html",
        "<a href=\"b\">c</a><!-- d -->",
        "[tag:<a] href=[string:\"b\"][tag:>]c[tag:</a][tag:>][comment:<!-- d -->]",
    ),
    ("diff", "@@ 1 @@\n a\n-b\n+c", "[tag:@@ 1 @@]\n a\n[number:-b]\n[string:+c]"),
    ("go", "forest := nil", "forest := [word:nil]"),
    ("js", "\"never closed\nlet a", "[string:\"never closed]\n[word:let] a"),
    ("js", "/* never closed", "[comment:/* never closed]"),
    ("brainfuck", "let x = 1;", "let x = 1;"),
    ("constructor", "let x = 1;", "let x = 1;"),
];

const MARKED: &str =
    "((code, name) => import('/web/highlight.js').then(({ coloured }) => coloured(code, name)
    .map((part) => typeof part === 'string' ? part : `[${part.className}:${part.textContent}]`).join('')))";

#[tokio::test]
async fn code_is_coloured_by_its_language() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for (language, code, wanted) in CASES {
        let (code, language) = (json!(code), json!(language));
        assert_eq!(
            ann.tab.evaluate(&format!("{MARKED}({code}, {language})")).await,
            wanted,
            "{language} {code}"
        );
    }
    ann.is_content();
}

#[tokio::test]
async fn whatever_stands_between_fences_keeps_every_letter() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    // A thousand texts of the signs that mean something, for each language; and long ones, which must not take long.
    let changed = "import('/web/highlight.js').then(({ coloured }) => {
        const signs = [...'\"\\'`\\\\/*#-+<>@\\n ab1é日😀', '//', '/*', '*/', '\"\"\"', '<!--', 'let', \"'\\\\\"];
        let seed = 7;
        const next = (most) => (seed = (seed * 48271) % 2147483647) % most;
        const shown = (code, name) => coloured(code, name).map((part) => part.textContent ?? part).join('');
        const texts = Array.from({ length: 1000 }, () => Array.from({ length: next(40) }, () => signs[next(signs.length)]).join(''));
        for (const sign of signs) texts.push(sign.repeat(19_999 / sign.length));
        const names = ['js', 'rust', 'go', 'c', 'python', 'ruby', 'sh', 'lua', 'sql', 'yaml', 'json', 'html', 'diff', 'none'];
        return names.flatMap((name) => texts.filter((code) => shown(code, name) !== code).map((code) => [name, code]));
    })";
    assert_eq!(ann.tab.evaluate(changed).await, json!([]));
    ann.is_content();
}

#[tokio::test]
async fn coloured_code_can_be_read_by_day_and_by_night() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.evaluate(&axe()).await;
    for code in [
        "```rust\n/// Adds one.\nfn add(x: u32) -> u32 {\n    // Never above 7.\n    let name = \"seven\";\n    x + 1\n}\n```",
        "```html\n<p class=\"a\">text</p> <!-- gone -->\n```",
        "```diff\n@@ -1,2 +1,2 @@\n-tea\n+coffee\n```",
    ] {
        ann.tab.insert(code).await;
        ann.tab.evaluate("document.querySelector('.compose').requestSubmit()").await;
        let last = Value::from(code.lines().nth(1));
        ann.tab
            .wait_for(
                &format!(
                    "[...document.querySelectorAll('.text code')].at(-1)?.textContent.startsWith({last})"
                ),
                SOON,
            )
            .await;
    }
    ann.is_accessible("code").await;
    ann.tab.evaluate("document.documentElement.dataset.contrast = 'more'").await;
    ann.is_accessible("code-contrast").await;
    ann.is_content();
}
