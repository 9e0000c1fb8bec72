//! What people write, as HTML: the same little Markdown as the page draws (`web/markdown.js`), of which nothing that they
//! write can be markup.

use super::file_link::file;
use super::html::escape;
use super::named_target::{is_space, named_target};

/// Deeper than that, signs are only signs.
const DEEPEST: u8 = 6;
/// What begins something, longest first: the sign, and the element that it makes.
const SPANS: [(&str, &str); 4] = [("**", "strong"), ("~~", "del"), ("*", "em"), ("_", "em")];

/// A text as HTML. `names` are those of the people whom it mentions.
pub(super) fn drawn(text: &str, names: &[String]) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(Fence { start, end, language, code }) = Fence::find(rest) {
        let before = &rest[..start];
        quotes_and_text(before.strip_suffix('\n').unwrap_or(before), names, &mut html);
        let language =
            if language.is_empty() { String::new() } else { format!(" data-language=\"{language}\"") };
        html += &format!("<pre{language} tabindex=\"0\"><code>{}</code></pre>", escape(code));
        rest = rest[end..].strip_prefix('\n').unwrap_or(&rest[end..]);
    }
    quotes_and_text(rest, names, &mut html);
    html
}

/// A block of code between two lines of three backticks; the second one may be missing.
struct Fence<'a> {
    start: usize,
    end: usize,
    language: &'a str,
    code: &'a str,
}

impl<'a> Fence<'a> {
    fn find(text: &'a str) -> Option<Self> {
        let mut start = 0;
        loop {
            if let Some(fence) = Fence::at(text, start) {
                return Some(fence);
            }
            start += text[start..].find('\n')? + 1;
        }
    }

    fn at(text: &'a str, start: usize) -> Option<Self> {
        let rest = text[start..].strip_prefix("```")?;
        let is_language = |c: char| is_word(c) || "+#-".contains(c);
        let behind = rest.trim_start_matches(is_language);
        let language = &rest[..rest.len() - behind.len()];
        let inside = behind.trim_start_matches([' ', '\t']).strip_prefix('\n')?;
        let mut from = 0;
        while let Some(at) = inside[from..].find("\n```").map(|at| from + at) {
            let tail = inside[at + 4..].trim_start_matches([' ', '\t']);
            if tail.is_empty() || tail.starts_with('\n') {
                return Some(Fence { start, end: text.len() - tail.len(), language, code: &inside[..at] });
            }
            from = at + 1;
        }
        Some(Fence { start, end: text.len(), language, code: inside })
    }
}

fn quotes_and_text(text: &str, names: &[String], html: &mut String) {
    let is_quoted = |line: &str| line.starts_with('>');
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(first) = lines.next() {
        let mut run = first.to_owned();
        while let Some(line) = lines.next_if(|line| is_quoted(line) == is_quoted(first)) {
            run += line;
        }
        let said = run.strip_suffix('\n').unwrap_or(&run);
        if is_quoted(first) {
            let unquoted = |line: &str| {
                let said = line.strip_prefix('>').unwrap_or(line);
                said.strip_prefix(' ').unwrap_or(said).to_owned()
            };
            let said: Vec<_> = said.split('\n').map(unquoted).collect();
            html.push_str("<blockquote>");
            inline(&said.join("\n"), names, 0, html);
            html.push_str("</blockquote>");
        } else {
            // Without a quote the text is as it is, down to the line that ends it.
            inline(if run.len() == text.len() { text } else { said }, names, 0, html);
        }
    }
}

fn inline(text: &str, names: &[String], depth: u8, html: &mut String) {
    let (mut rest, mut before, mut plain) = (text, ' ', 0);
    // Plain text goes out in one piece, from `plain` on.
    let mut at = 0;
    while let Some(first) = rest.chars().next() {
        let (len, made) = match special(rest, before, names, depth) {
            Some((len, made)) => (len, Some(made)),
            None => (first.len_utf8(), None),
        };
        if let Some(made) = made {
            html.push_str(&escape(&text[plain..at]));
            html.push_str(&made);
            plain = at + len;
        }
        at += len;
        before = text[..at].chars().next_back().unwrap_or(' ');
        rest = &text[at..];
    }
    html.push_str(&escape(&text[plain..]));
}

/// What a text begins with, if it is more than a letter: how many octets of it, and its HTML.
fn special(rest: &str, before: char, names: &[String], depth: u8) -> Option<(usize, String)> {
    match rest.as_bytes()[0] {
        b'`' => code(rest),
        b'@' => mention(rest, before, names),
        b'[' => file(rest).or_else(|| named_link(rest)),
        b'h' if !is_word(before) => {
            let address = address(rest)?;
            Some((address.len(), link(address, address)))
        }
        b'*' | b'_' | b'~' if depth < DEEPEST => span(rest, before, names, depth),
        _ => None,
    }
}

fn code(rest: &str) -> Option<(usize, String)> {
    let inside = rest.strip_prefix('`')?;
    let end = inside.find(['`', '\n']).filter(|end| *end > 0 && inside[*end..].starts_with('`'))?;
    Some((end + 2, format!("<code>{}</code>", escape(&inside[..end]))))
}

fn mention(rest: &str, before: char, names: &[String]) -> Option<(usize, String)> {
    let behind = rest.strip_prefix('@').filter(|_| !is_word(before))?;
    let said = |name: &String| -> &str {
        let end = behind.char_indices().nth(name.chars().count()).map_or(behind.len(), |(at, _)| at);
        &behind[..end]
    };
    let is_meant = |name: &&String| !name.is_empty() && said(name).to_lowercase() == name.to_lowercase();
    let said = said(names.iter().find(is_meant)?);
    Some((1 + said.len(), format!("<bdi class=\"mention\">@{}</bdi>", escape(said))))
}

fn named_link(rest: &str) -> Option<(usize, String)> {
    let (words, address) = named_target(rest)?;
    let is_link = !words.is_empty() && !host_of(address)?.is_empty();
    is_link.then(|| (words.len() + address.len() + 4, link(address, words)))
}

/// The address that a text begins with, without the signs that end a sentence.
fn address(rest: &str) -> Option<&str> {
    let host = host_of(rest)?;
    let end = host.find(|c| is_space(c) || "<>\"'`".contains(c)).unwrap_or(host.len());
    let kept = host[..end].trim_end_matches(|c| ".,;:!?)]}*_".contains(c));
    (!kept.is_empty()).then(|| &rest[..rest.len() - host.len() + kept.len()])
}

/// What follows the scheme of an address that may be a link.
fn host_of(address: &str) -> Option<&str> {
    address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))
}

fn link(address: &str, words: &str) -> String {
    let address = escape(address);
    let title = if address == escape(words) { String::new() } else { format!(" title=\"{address}\"") };
    let rel = "noopener noreferrer nofollow ugc";
    format!("<a href=\"{address}\" target=\"_blank\" rel=\"{rel}\"{title}>{}</a>", escape(words))
}

fn span(rest: &str, before: char, names: &[String], depth: u8) -> Option<(usize, String)> {
    let (sign, element) = SPANS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let behind = &rest[sign.len()..];
    let first = behind.chars().next().filter(|_| !is_word(before))?;
    let end = first.len_utf8() + behind[first.len_utf8()..].find(sign)?;
    let inner = &behind[..end];
    let last = inner.chars().next_back()?;
    let after = behind[end + sign.len()..].chars().next().unwrap_or(' ');
    // Signs that stand alone, or beside a space, are what they look like.
    if is_space(first) || is_space(last) || inner.contains("\n\n") || is_word(after) {
        return None;
    }
    let mut html = format!("<{element}>");
    inline(inner, names, depth + 1, &mut html);
    html += &format!("</{element}>");
    Some((end + 2 * sign.len(), html))
}

/// `\w` of the page.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        drawn(text, &["Ann".to_owned(), "bob <b>".to_owned()])
    }

    #[test]
    fn a_little_markdown_becomes_elements() {
        let link = |address: &str, rest: &str| {
            format!(
                "<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow ugc\"{rest}</a>"
            )
        };
        for (text, html) in [
            ("plain", "plain".to_owned()),
            (
                "*a* **b** ~~c~~ _d_ `e`",
                "<em>a</em> <strong>b</strong> <del>c</del> <em>d</em> <code>e</code>".into(),
            ),
            ("**a *b* c**", "<strong>a <em>b</em> c</strong>".into()),
            ("snake_case_name 2*3*4 * a *", "snake_case_name 2*3*4 * a *".into()),
            ("> quoted\n> twice\nsaid", "<blockquote>quoted\ntwice</blockquote>said".into()),
            ("a\n>b", "a<blockquote>b</blockquote>".into()),
            ("line\n\n", "line\n\n".into()),
            (
                "```rust\nlet a;\n```\nb",
                "<pre data-language=\"rust\" tabindex=\"0\"><code>let a;</code></pre>b".into(),
            ),
            ("```\nnever ends", "<pre tabindex=\"0\"><code>never ends</code></pre>".into()),
            (
                "see https://a.example/b?c=d&e.",
                format!("see {}.", link("https://a.example/b?c=d&amp;e", ">https://a.example/b?c=d&amp;e")),
            ),
            ("[here](http://a.example)", link("http://a.example", " title=\"http://a.example\">here")),
            (
                "hi @ann, @Bob <b>!",
                "hi <bdi class=\"mention\">@ann</bdi>, <bdi class=\"mention\">@Bob &lt;b&gt;</bdi>!".into(),
            ),
            ("me@ann.example", "me@ann.example".into()),
            ("日本語 *強調* 🙂", "日本語 <em>強調</em> 🙂".into()),
        ] {
            assert_eq!(of(text), html, "{text:?}");
        }
    }

    /// What may follow a `<` in a drawn text.
    const KNOWN: [&str; 15] = [
        "a href=\"http",
        "/a>",
        "strong>",
        "/strong>",
        "em>",
        "/em>",
        "del>",
        "/del>",
        "code>",
        "/code>",
        "pre",
        "/pre>",
        "blockquote>",
        "/blockquote>",
        "bdi class=\"mention\">@",
    ];

    #[test]
    fn nothing_that_anybody_writes_is_markup() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "**<svg/onload=alert(1)>**",
            "`</code><script>alert(1)</script>`",
            "```html\n</code></pre><script>alert(1)</script>\n```",
            "```\"onmouseover=\"alert(1)\nx\n```",
            "[x](javascript:alert(1))",
            "[x](JAVASCRIPT:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "[x](https://a.example\"onclick=\"alert(1))",
            "[<img src=x onerror=alert(1)>](https://a.example)",
            "[\"onclick=alert(1) x=\"](https://a.example)",
            "https://a.example/\"onmouseover=\"alert(1)",
            "https://a.example/'onmouseover='alert(1)",
            "https://a.example/<script>alert(1)</script>",
            "javascript:alert(1)//https://a.example",
            "> <script>alert(1)</script>",
            "@bob <b><script>alert(1)</script>",
            "@Ann\"onclick=\"alert(1)",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "&#60;script&#62;alert(1)",
            "<!--",
            "]]>",
            "</div></li></ol></main></body><script>alert(1)</script>",
            "<style>*{display:none}</style>",
            "<base href=//evil.example>",
            "*_**~~<b>~~**_*",
            "\0<\0script>",
            "<\u{2028}script>alert(1)",
        ] {
            let html = of(text);
            for (at, _) in html.match_indices('<') {
                let rest = &html[at + 1..];
                let is_known = KNOWN.iter().any(|known| rest.starts_with(known)) || rest.starts_with("/bdi>");
                assert!(is_known, "{text:?} became {html}");
            }
            // No quote of theirs ends an attribute: all that is left are ours, and those come in pairs.
            let tags = html.split('<').skip(1).map(|part| part.split('>').next().unwrap());
            for tag in tags {
                let quotes = tag.matches('"').count();
                assert!(
                    quotes % 2 == 0 && !tag.contains("alert(1)\"") && !tag.contains('\''),
                    "{text:?} became {html}"
                );
                let names = tag.split('"').step_by(2).flat_map(str::split_whitespace);
                let known = ["href=", "target=", "rel=", "title=", "class=", "data-language=", "tabindex="];
                assert!(names.skip(1).all(|name| known.contains(&name)), "{text:?} became {html}");
            }
        }
    }

    #[test]
    fn what_is_made_to_take_long_does_not() {
        for part in ["*", "**a ", "_a", "`", "[", "[a](", "```\n", "> ", "@Ann", "https://", "~~", "\n```"] {
            let text = part.repeat(65_536 / part.len());
            assert!(of(&text).len() >= text.len() / 8, "{part:?}");
        }
    }
}
