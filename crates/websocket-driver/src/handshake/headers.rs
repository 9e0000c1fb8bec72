//! Header fields as lists and tokens (RFC 9110 §5.6).

use http::header::{GetAll, HeaderMap, HeaderName, HeaderValue};

/// The one value of a field that must stand exactly once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Whether a comma-separated field, over all its lines, has `token`; case does not matter.
pub(super) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    items(headers.get_all(name)).any(|item| item.eq_ignore_ascii_case(token))
}

/// The items of a comma-separated field over all its lines, without white space; empty ones are left out.
pub(super) fn items<'a>(values: GetAll<'a, HeaderValue>) -> impl Iterator<Item = &'a str> {
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| item.trim_matches([' ', '\t']))
        .filter(|item| !item.is_empty())
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
