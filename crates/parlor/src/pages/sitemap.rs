//! Which rooms are open to the web, for who searches it (sitemaps.org).

use parlor_chat::view::{From, View};
use parlor_chat::{Failure, limits};

use super::address::{Address, Part};
use super::html::escape;
use crate::date::rfc3339;

/// Public rooms that are looked at, so that a server with very many still answers in time.
const ROOMS: usize = 10_000;

pub(super) fn sitemap(view: &View<'_>, base: &str) -> Result<String, Failure> {
    let mut map = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
                   <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    let (web, mut after) = (view.web(), String::new());
    for _ in 0..ROOMS / limits::PAGE {
        let (rooms, last) = web.rooms(&after, limits::PAGE)?;
        for room in rooms {
            let latest = web.history(room.id, From::Latest, 1)?;
            let changed = latest.messages.last().map_or(room.created_at, |message| message.at);
            let path = escape(&format!("{base}{}", Address::path(&room.name, Part::Latest)));
            map += &format!("  <url><loc>{path}</loc><lastmod>{}</lastmod></url>\n", rfc3339(changed));
        }
        let Some(last) = last else { break };
        after = last;
    }
    Ok(map + "</urlset>\n")
}
