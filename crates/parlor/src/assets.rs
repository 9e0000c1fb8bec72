//! The page's files, embedded in the binary under an address that is another one for every version of them.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::content::{Content, Lasting};

// VERSION, INLINE and FILES, which the build script has made of the folder `web`.
include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// A file as the build script leaves it.
struct File {
    name: &'static str,
    plain: &'static [u8],
    /// Unless it is compressed already.
    gzip: Option<&'static [u8]>,
}

/// The page itself.
const PAGE: &str = "index.html";
/// Keeps the page's files in the browser; it has an address of its own, since it may serve only what lies below it.
const WORKER: &str = "service-worker.js";

/// What the page is called and what its room is, and where its talk stands, before a script has said so.
const TITLE: &str = "<title>Parlor</title>";
const ROOM: &str = "data-testid=\"room\">lobby<";
const ROWS: &str = "<ol class=\"rows\" role=\"list\"></ol>";
/// The part of the page that says what it is about, and where its body ends.
const HEAD: &str = "<meta name=\"description\" content=\"Rooms to talk in.\">\n  <title>Parlor</title>";
const END: &str = "<noscript>";

/// What the page is about, for who reads it without a script.
#[derive(Debug)]
pub(crate) struct About {
    /// Title, description and links.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What the page shows before its script has run.
#[derive(Debug)]
pub(crate) struct Early {
    /// The room, escaped.
    pub(crate) name: String,
    /// The lines of its talk.
    pub(crate) rows: String,
    /// Whether it is the end of the talk, so that the last line has to be in view, and not the first.
    pub(crate) is_end: bool,
}

/// Every file of the page by its name.
#[derive(Debug)]
pub(crate) struct Assets(HashMap<&'static str, Content>);

impl Assets {
    pub(crate) fn new() -> Self {
        let content = |file: &File| {
            let (plain, gzip) = (Bytes::from_static(file.plain), file.gzip.map(Bytes::from_static));
            Content::compressed(content_type(file.name), plain, gzip)
        };
        Assets(FILES.iter().map(|file| (file.name, content(file))).collect())
    }

    /// The page, which names its files by their addresses, and so is asked for again each time.
    pub(crate) fn page(&self, headers: &HeaderMap) -> Response {
        self.0[PAGE].answer(headers, Lasting::Asked)
    }

    /// The page with something to be read in it.
    pub(crate) fn page_about(&self, about: &About) -> String {
        let page = self.0[PAGE].text();
        page.replacen(HEAD, &about.head, 1).replacen(END, &format!("{}{END}", about.body), 1)
    }

    /// The page with a room in it.
    pub(crate) fn page_early(&self, early: &Early) -> String {
        let Early { name, rows, is_end } = early;
        let end = if *is_end { " end" } else { "" };
        let page = self.0[PAGE].text();
        page.replacen(TITLE, &format!("<title>{name} · Parlor</title>"), 1)
            .replacen(ROOM, &ROOM.replace("lobby", name), 1)
            .replacen(ROWS, &format!("<ol class=\"rows early{end}\" role=\"list\">\n{rows}</ol>"), 1)
    }

    pub(crate) fn worker(&self, headers: &HeaderMap) -> Response {
        self.0[WORKER].answer(headers, Lasting::Asked)
    }

    /// What the site's policy says of the texts of scripts or styles that are part of the page: `kind` is `script` or
    /// `style` (Content Security Policy Level 3 §2.3.1).
    pub(crate) fn allowed_inline(kind: &str) -> String {
        let texts = INLINE.iter().filter(|(of, _)| *of == kind);
        let hash = |(_, text): &(&str, &str)| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        texts.map(hash).collect::<Vec<_>>().join(" ")
    }

    /// The address of a file of this version.
    pub(crate) fn address(name: &str) -> String {
        format!("/web/{VERSION}/{name}")
    }

    /// What there is at `/web/…`: files of this version, which never change. Without a version it leads to the file of
    /// this one; another version's files are not here, so that a page never has files of two.
    pub(crate) fn answer(&self, Path(path): &Path<String>, headers: &HeaderMap) -> Option<Response> {
        let of_version = path.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('/'));
        if let Some(name) = of_version {
            return Some(self.0.get(name)?.answer(headers, Lasting::Forever));
        }
        self.0.get(path.as_str())?;
        let address = HeaderValue::try_from(Assets::address(path)).expect("files have names in ASCII");
        let leads =
            [(header::LOCATION, address), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
        Some((StatusCode::FOUND, leads).into_response())
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "json")) => "application/manifest+json",
        Some((_, "png")) => "image/png",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> &'static str {
        let file = FILES.iter().find(|file| file.name == name).unwrap();
        std::str::from_utf8(file.plain).unwrap()
    }

    #[test]
    fn one_module_holds_all_that_the_page_begins_with() {
        let scripts: Vec<_> = text(PAGE).split('"').filter(|part| part.ends_with(".js")).collect();
        assert_eq!(scripts, [Assets::address("main.js")]);
        // What the others hand out is what stands in it.
        for File { name, .. } in FILES.iter().filter(|file| file.name.starts_with("views/")) {
            let held = text("main.js").contains(&format!("// {name}\n"));
            assert!(held && text(name).starts_with("import { $views_"), "{name}");
        }
    }

    #[test]
    fn the_page_has_room_for_what_it_is_about() {
        for part in [HEAD, END, TITLE, ROOM, ROWS] {
            assert_eq!(text(PAGE).matches(part).count(), 1, "{part}");
        }
        let about = About { head: "<title>One</title>".into(), body: "<p>Two <noscript>".into() };
        let page = Assets::new().page_about(&about);
        assert!(
            page.contains("<title>One</title>") && page.contains("<p>Two <noscript><noscript>"),
            "{page}"
        );
    }

    #[test]
    fn the_policy_knows_what_is_part_of_the_page() {
        for (kind, inline) in INLINE {
            assert!(text(PAGE).contains(&format!("<{kind}>{inline}</{kind}>")), "{inline}");
            assert!(!inline.is_empty() && Assets::allowed_inline(kind).starts_with("'sha256-"), "{kind}");
        }
        // Every other element names what it runs.
        assert_eq!((text(PAGE).matches("<script").count(), text(PAGE).matches("<style").count()), (2, 1));
    }

    #[test]
    fn the_page_has_room_for_a_talk() {
        let early = Early { name: "tea".into(), rows: "<li>One</li>\n".into(), is_end: true };
        let page = Assets::new().page_early(&early);
        for part in
            ["<title>tea · Parlor<", ">tea</h1>", "<ol class=\"rows early end\" role=\"list\">\n<li>One</li>"]
        {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn every_address_of_the_page_and_its_manifest_is_that_of_a_file() {
        for name in [PAGE, "manifest.json"] {
            let addresses = text(name).split('"').filter(|part| part.starts_with("/web/"));
            let mut count = 0;
            for address in addresses {
                assert!(
                    FILES.iter().any(|file| Assets::address(file.name) == address),
                    "{name} names {address}"
                );
                count += 1;
            }
            assert!(count > 0, "{name} names no file");
        }
    }

    #[test]
    fn the_service_worker_keeps_every_file_that_the_page_may_ask_for() {
        let is_kept = |name: &str| text(WORKER).contains(&format!("'{}'", Assets::address(name)));
        let late: Vec<_> = FILES.iter().filter(|file| file.name.starts_with("moderation/")).collect();
        for File { name, .. } in FILES {
            // What hands out a part of the joined module is asked for by modules that are fetched later.
            let stands_in = name.ends_with(".js") && text(name).starts_with("import { $");
            let is_asked = late.iter().any(|file| text(file.name).contains(&format!("from '../{name}'")));
            assert_eq!(is_kept(name), *name != WORKER && (!stands_in || is_asked), "{name}");
        }
        assert!(is_kept("language.js") && !is_kept("sender.js"));
        assert!(text(WORKER).contains(&format!("'{VERSION}'")));
    }

    #[test]
    fn every_file_has_a_type_that_a_browser_runs() {
        for File { name, .. } in FILES {
            assert_ne!(content_type(name), "application/octet-stream", "{name}");
        }
    }
}
