//! Rooms as documents: those that are open to the web, for who reads without a script and for who searches the web; and the
//! page's first sight of any other.

mod address;
mod document;
mod early;
mod feed;
mod file_link;
mod html;
mod markdown;
mod named_target;
mod sitemap;
mod talk;

use parlor_chat::Failure;
use parlor_chat::view::View;

use crate::assets::Assets;
use crate::content::Content;

pub(crate) use address::{Address, Part};
pub(crate) use early::early;

/// What there is at an address; a refusal for a room that is not open to the web, as for one that is not there.
/// `base` is what addresses begin with that have to be whole, such as `https://chat.example.org`.
pub(crate) fn at(
    view: &View<'_>,
    address: &Address,
    base: &str,
    assets: &Assets,
) -> Result<Content, Failure> {
    let talk = talk::Talk::read(view, address)?;
    Ok(match address.part {
        Part::Feed => Content::new("application/atom+xml; charset=utf-8", feed::feed(&talk, base)),
        Part::Latest | Part::From(_) => {
            let document = document::document(&talk, base);
            Content::new("text/html; charset=utf-8", assets.page_about(&document))
        }
    })
}

/// All rooms that are open to the web, for who searches it.
pub(crate) fn sitemap(view: &View<'_>, base: &str) -> Result<Content, Failure> {
    Ok(Content::new("application/xml; charset=utf-8", sitemap::sitemap(view, base)?))
}

/// What programs that search the web may look at.
pub(crate) fn robots(base: &str) -> Content {
    let closed = ["/chat", "/private/", "/direct/", "/link", "/me", "/session"];
    let closed: String = closed.iter().map(|path| format!("Disallow: {path}\n")).collect();
    Content::new(
        "text/plain; charset=utf-8",
        format!("User-agent: *\n{closed}\nSitemap: {base}/sitemap.xml\n"),
    )
}
