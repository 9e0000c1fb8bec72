//! The page's files, embedded in the binary.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use http::HeaderValue;

/// One file of the page.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) content: Bytes,
    pub(crate) content_type: HeaderValue,
    /// Changes when the content does.
    pub(crate) tag: HeaderValue,
}

macro_rules! web {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../web/", $name)))),*]
    };
}

const FILES: &[(&str, &[u8])] = web![
    "account/account.js",
    "account/card.js",
    "account/routes.js",
    "actions.js",
    "badge.js",
    "commands.js",
    "doing.js",
    "early.js",
    "emoji.js",
    "feet.js",
    "icon-180.png",
    "icon-192.png",
    "icon-512.png",
    "icon-news.svg",
    "icon.svg",
    "index.html",
    "keys.js",
    "language.js",
    "languages/ar.js",
    "languages/de.js",
    "languages/en.js",
    "languages/es.js",
    "languages/fr.js",
    "languages/ja.js",
    "local/copy.js",
    "local/database.js",
    "local/drafts.js",
    "local/outbox.js",
    "local/search.js",
    "looks.js",
    "main.js",
    "manifest.json",
    "markdown.js",
    "notifier.js",
    "people.js",
    "router.js",
    "sender.js",
    "service-worker.js",
    "session.js",
    "settings.js",
    "state/messages.js",
    "state/pane.js",
    "state/reduce.js",
    "state/room.js",
    "state/rows.js",
    "state/state.js",
    "style/base.css",
    "style/box.css",
    "style/cards.css",
    "style/colours.css",
    "style/pane.css",
    "style/preferences.css",
    "style/side.css",
    "style/talk.css",
    "style/top.css",
    "versions.js",
    "views/announcer.js",
    "views/completion.js",
    "views/composer.js",
    "views/dialogs.js",
    "views/elements.js",
    "views/empty.js",
    "views/header.js",
    "views/icons.js",
    "views/pane.js",
    "views/popover.js",
    "views/rows.js",
    "views/settings.js",
    "views/sidebar.js",
    "views/status.js",
    "views/timeline.js",
    "views/toast.js",
    "views/toolbar.js",
    "walking.js",
    "wire/connection.js",
    "wire/protocol.js",
    "wire/requests.js",
    "wishes.js",
    "words.js",
];

/// Keeps the page's files in the browser; it has an address of its own, since it may serve only what lies below it.
const WORKER: &str = "service-worker.js";

/// Every file by its name.
pub(crate) fn all() -> HashMap<&'static str, Asset> {
    let plain = FILES.iter().map(|(name, content)| (*name, asset(name, Bytes::from_static(content))));
    plain.chain([(WORKER, asset(WORKER, worker()))]).collect()
}

/// The service worker with what it keeps, and a version that changes when any file does: the browser compares it octet
/// by octet, and so learns of a new page.
fn worker() -> Bytes {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    let mut names: Vec<_> = FILES.iter().map(|(name, _)| *name).filter(|name| *name != WORKER).collect();
    names.sort_unstable();
    let files: Vec<_> = names.iter().map(|name| format!("'/web/{name}'")).collect();
    let source = FILES.iter().find(|(name, _)| *name == WORKER).map_or(&[][..], |(_, content)| content);
    let told = format!("self.VERSION = '{:016x}';\nself.FILES = [{}];\n", hasher.finish(), files.join(", "));
    [told.as_bytes(), source].concat().into()
}

fn asset(name: &str, content: Bytes) -> Asset {
    let content_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "json")) => "application/manifest+json",
        Some((_, "png")) => "image/png",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).expect("it is visible ASCII");
    Asset { content, content_type: HeaderValue::from_static(content_type), tag }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// The names of all files in a folder and the folders in it.
    fn files_in(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_file_of_the_page_is_embedded() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../web"));
        let all = all();
        for path in files_in(folder) {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
            // The editor's and the type checker's own file.
            if name != "jsconfig.json" {
                assert!(all.contains_key(name), "web/{name} stands in no line of assets.rs");
            }
        }
    }

    #[test]
    fn the_page_names_every_module_so_that_none_is_fetched_late() {
        let all = all();
        let page = std::str::from_utf8(&all["index.html"].content).unwrap();
        // The worker is no part of the page, and languages are fetched by whom they are for.
        let is_late = |name: &str| name == WORKER || name.starts_with("languages/");
        for name in all.keys().filter(|name| name.ends_with(".js") && !is_late(name)) {
            assert!(page.contains(&format!("\"/web/{name}\"")), "index.html does not name {name}");
        }
    }

    #[test]
    fn every_file_has_a_type_that_a_browser_runs() {
        for (name, asset) in all() {
            assert_ne!(asset.content_type, "application/octet-stream", "{name}");
        }
    }
}
