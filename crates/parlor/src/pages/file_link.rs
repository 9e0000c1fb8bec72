//! Links to files in what people write, as the page draws them (`web/files/links.js`).

use super::address::decoded;
use super::html::escape;
use super::named_target::named_target;

/// The letters of a file's id, and what its name has at most in an address, in units of UTF-16.
const ID: usize = 26;
const NAME: usize = 400;
/// How large a picture is shown at most, in pixels.
const WIDEST: f64 = 480.0;
const TALLEST: f64 = 352.0;
/// What browsers show by themselves.
const PICTURES: [&str; 6] = ["avif", "gif", "jpeg", "jpg", "png", "webp"];

/// What a text begins with, if that names a file that was brought here: a picture with its size, or else something to be
/// had. How many octets of the text it is, and its HTML.
pub(super) fn file(rest: &str) -> Option<(usize, String)> {
    let (words, target) = named_target(rest)?;
    let (address, size) = match target.split_once('?') {
        Some((address, size)) => (address, Some(picture_size(size)?)),
        None => (target, None),
    };
    let name = name(address)?;
    let html = match size.filter(|_| is_picture(&name)) {
        Some(size) => picture(words, address, size),
        None => {
            let words = if words.is_empty() { &name } else { words };
            format!("<a class=\"file\" href=\"{}\" download=\"\">{}</a>", escape(address), escape(words))
        }
    };
    Some((words.len() + target.len() + 4, html))
}

fn picture(words: &str, address: &str, (width, height): (u32, u32)) -> String {
    let address = escape(address);
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = 1.0_f64.min(WIDEST / width).min(TALLEST / height);
    let (width, height) = ((width * scale).round().max(1.0), (height * scale).round().max(1.0));
    format!(
        "<a class=\"picture\" href=\"{address}\" target=\"_blank\" rel=\"noopener\"><img alt=\"{}\" width=\"{width}\" \
         height=\"{height}\" loading=\"lazy\" src=\"{address}\"></a>",
        escape(words)
    )
}

/// What the file at an address is called, if that is the address of one.
fn name(address: &str) -> Option<String> {
    let (id, name) = address.strip_prefix("/files/")?.split_once('/')?;
    let is_letter =
        |octet: u8| octet.is_ascii_digit() || (octet.is_ascii_lowercase() && !b"ilou".contains(&octet));
    let is_file = id.len() == ID && id.bytes().all(is_letter);
    let last = name.rsplit('/').next().unwrap_or_default();
    (is_file && (1..=NAME).contains(&name.encode_utf16().count()))
        .then(|| decoded(last).unwrap_or_else(|| last.to_owned()))
}

fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| PICTURES.contains(&ending.as_str()))
}

/// As it stands behind the address of a picture: `w=800&h=600`.
fn picture_size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.strip_prefix("w=")?.split_once("&h=")?;
    let number = |digits: &str| {
        let is_number = (1..=5).contains(&digits.len()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_number && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    Some((number(width)?, number(height)?))
}
