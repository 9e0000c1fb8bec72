//! What a browser fetches once: with a tag that changes when it does, a word on how long it lasts, and compressed for who
//! takes that.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::gzip::gzip;

/// Of zlib: small enough, in a millisecond for a page.
const LEVEL: i32 = 6;

/// How long a browser may use what it has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lasting {
    /// It asks each time whether it is still the same.
    Asked,
    /// Once: it is for who asked alone, and nothing of it stays behind.
    Once,
    /// Its address is another one when it changes.
    Forever,
}

/// Something to be read.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    plain: Bytes,
    gzip: Option<Bytes>,
    content_type: HeaderValue,
    tag: HeaderValue,
}

impl Content {
    /// A text that was made for this answer.
    pub(crate) fn new(content_type: &'static str, text: String) -> Self {
        let gzip = gzip(text.as_bytes(), LEVEL).map(Bytes::from);
        Content::compressed(content_type, text.into(), gzip)
    }

    /// In both forms, which has to be the same content; `gzip` where that is smaller.
    pub(crate) fn compressed(content_type: &'static str, plain: Bytes, gzip: Option<Bytes>) -> Self {
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        // Weak, because it is the same for both forms (RFC 9110 §8.8.1).
        let tag = HeaderValue::try_from(format!("W/\"{:016x}\"", hasher.finish()));
        Content {
            plain,
            gzip,
            content_type: HeaderValue::from_static(content_type),
            tag: tag.expect("it is visible ASCII"),
        }
    }

    /// The content where it is text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.plain)
    }

    /// The content, or word that the browser has it already.
    pub(crate) fn answer(&self, asked: &HeaderMap, lasting: Lasting) -> Response {
        let lasting = match lasting {
            Lasting::Asked => "no-cache",
            Lasting::Once => "no-store",
            Lasting::Forever => "public, max-age=31536000, immutable",
        };
        let always = [
            (header::CACHE_CONTROL, HeaderValue::from_static(lasting)),
            (header::ETAG, self.tag.clone()),
            (header::VARY, HeaderValue::from_static("Accept-Encoding")),
        ];
        if has(asked, &self.tag) {
            return (StatusCode::NOT_MODIFIED, always).into_response();
        }
        let typed = [(header::CONTENT_TYPE, self.content_type.clone())];
        match self.gzip.as_ref().filter(|_| takes_gzip(asked)) {
            Some(gzip) => {
                let encoded = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
                (always, typed, encoded, gzip.clone()).into_response()
            }
            None => (always, typed, self.plain.clone()).into_response(),
        }
    }
}

/// Whether the browser has what this tag stands for (RFC 9110 §13.1.2; tags of ours have no comma in them).
pub(crate) fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let tag = tag.to_str().map(opaque);
    tag.is_ok_and(|tag| members(asked, &header::IF_NONE_MATCH).any(|one| one == "*" || opaque(one) == tag))
}

/// Whether the browser reads gzip (RFC 9110 §12.5.3).
fn takes_gzip(asked: &HeaderMap) -> bool {
    let weight = |coding: &str| {
        let mut coding = coding.split(';').map(str::trim);
        let name = coding.next().unwrap_or_default().to_ascii_lowercase();
        let weight = coding.find_map(|parameter| parameter.strip_prefix("q=")?.parse::<f32>().ok());
        (name, weight.unwrap_or(1.0))
    };
    let codings: Vec<_> = members(asked, &header::ACCEPT_ENCODING).map(weight).collect();
    let named = |wanted: &str| codings.iter().find(|(name, _)| name == wanted);
    let found = named("gzip").or_else(|| named("x-gzip")).or_else(|| named("*"));
    found.is_some_and(|(_, weight)| *weight > 0.0)
}

/// The members of a list in all headers of a name.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn gzip_goes_to_who_takes_it() {
        for (values, takes) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip"], true),
            (&["*"], true),
            (&["gzip;q=0.1"], true),
            (&["gzip ; q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["*;q=0"], false),
            (&["br, deflate"], false),
            (&["identity"], false),
        ] {
            assert_eq!(takes_gzip(&asked(header::ACCEPT_ENCODING, values)), takes, "{values:?}");
        }
    }

    #[test]
    fn a_browser_has_what_it_names_by_its_tag() {
        let tag = HeaderValue::from_static("W/\"0a\"");
        for (values, is_there) in [
            (&[][..], false),
            (&["W/\"0a\""], true),
            (&["\"0a\""], true),
            (&["\"1\", W/\"0a\""], true),
            (&["\"1\"", "W/\"0a\""], true),
            (&["*"], true),
            (&["\"0b\""], false),
            (&["0a"], false),
            (&[""], false),
        ] {
            assert_eq!(has(&asked(header::IF_NONE_MATCH, values), &tag), is_there, "{values:?}");
        }
    }

    #[test]
    fn what_has_changed_has_another_tag() {
        let content =
            |text: &'static str| Content::compressed("text/plain", Bytes::from_static(text.as_bytes()), None);
        let tag =
            |text| content(text).answer(&HeaderMap::new(), Lasting::Asked).headers()[header::ETAG].clone();
        assert_eq!(tag("one"), tag("one"));
        assert_ne!(tag("one"), tag("two"));
    }
}
