//! Which files a text names: by their addresses, wherever these stand in it.

use std::collections::BTreeSet;

use super::id::{FileId, LETTERS};

/// What an address of a file begins with.
pub(crate) const ADDRESS: &str = "/files/";

/// The files whose addresses stand in a text.
pub(crate) fn named(text: &str) -> BTreeSet<FileId> {
    let behind = text.match_indices(ADDRESS).map(|(at, address)| &text[at + address.len()..]);
    let id = |rest: &str| rest.get(LETTERS..)?.starts_with('/').then(|| rest[..LETTERS].parse().ok())?;
    behind.filter_map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_files_by_their_addresses() {
        let (one, two) = ("0123456789abcdefghjkmnpqrs", "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        for (text, expected) in [
            (format!("[cat](/files/{one}/cat.png?w=800&h=600)"), vec![one]),
            (format!("see [a](/files/{one}/a.pdf)\n[b](/files/{two}/b.pdf)"), vec![one, two]),
            (format!("[a](/files/{one}/a) [a](/files/{one}/a)"), vec![one]),
            (format!("https://chat.example.org/files/{one}/a.png"), vec![one]),
            (format!("/files/{one}"), vec![]),
            (format!("/files/{}/a", &one[1..]), vec![]),
            (format!("/files/0{one}/a"), vec![]),
            (format!("/files/{}é/a", &one[1..]), vec![]),
            (format!("/FILES/{one}/a"), vec![]),
            ("/files/../secret".to_owned(), vec![]),
            ("/files//files/".to_owned(), vec![]),
            (String::new(), vec![]),
        ] {
            let names: Vec<String> = named(&text).iter().map(ToString::to_string).collect();
            assert_eq!(names, expected, "{text}");
        }
    }
}
