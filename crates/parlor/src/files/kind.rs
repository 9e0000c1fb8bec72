//! What a file is: what its sender says, if its first octets say the same, and otherwise just octets.

/// The type of everything that no page may show.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// How many of a file's first octets tell what it is.
pub(crate) const FIRST: usize = 64;

/// A type that a page may show: pictures, films and sounds that run no script.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name, as it is answered with.
    pub(crate) name: &'static str,
    /// What senders call it besides.
    others: &'static [&'static str],
    /// What names of such files end in, the usual one first.
    pub(crate) endings: &'static [&'static str],
    begins: fn(&[u8]) -> bool,
}

impl Kind {
    /// Whether a name with this ending may be such a file's.
    pub(crate) fn ends_in(&self, ending: &str) -> bool {
        self.endings.iter().any(|one| one.eq_ignore_ascii_case(ending))
    }
}

/// Every type that a page may show.
pub(crate) static KINDS: [Kind; 10] = [
    Kind {
        name: "image/png",
        others: &[],
        endings: &["png"],
        begins: |first| first.starts_with(b"\x89PNG\r\n\x1a\n"),
    },
    Kind {
        name: "image/jpeg",
        others: &["image/jpg", "image/pjpeg"],
        endings: &["jpg", "jpeg", "jpe", "jfif"],
        begins: is_jpeg,
    },
    Kind {
        name: "image/gif",
        others: &[],
        endings: &["gif"],
        begins: |first| first.starts_with(b"GIF87a") || first.starts_with(b"GIF89a"),
    },
    Kind { name: "image/webp", others: &[], endings: &["webp"], begins: |first| is_riff(first, b"WEBP") },
    Kind {
        name: "image/avif",
        others: &[],
        endings: &["avif"],
        begins: |first| has_brand(first, &[b"avif", b"avis"]),
    },
    Kind {
        name: "video/mp4",
        others: &[],
        endings: &["mp4", "m4v"],
        begins: |first| has_brand(first, &[b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"]),
    },
    Kind {
        name: "video/webm",
        others: &["audio/webm"],
        endings: &["webm", "weba"],
        begins: |first| {
            first.starts_with(b"\x1a\x45\xdf\xa3") && first.windows(4).any(|four| four == b"webm")
        },
    },
    Kind { name: "audio/mpeg", others: &["audio/mp3"], endings: &["mp3"], begins: is_mp3 },
    Kind {
        name: "audio/ogg",
        others: &["application/ogg", "video/ogg"],
        endings: &["ogg", "oga", "opus", "ogv"],
        begins: |first| first.starts_with(b"OggS\0"),
    },
    Kind {
        name: "audio/wav",
        others: &["audio/x-wav", "audio/wave", "audio/vnd.wave"],
        endings: &["wav"],
        begins: |first| is_riff(first, b"WAVE"),
    },
];

/// What a page may show a file as, if what its sender says and its first octets agree.
pub(crate) fn kind_of(said: &str, first: &[u8]) -> Option<&'static Kind> {
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    KINDS
        .iter()
        .find(|kind| kind.name == said || kind.others.contains(&&*said))
        .filter(|kind| (kind.begins)(first))
}

/// Whether a file begins as JPEG does, whatever its sender says.
pub(crate) fn is_jpeg(first: &[u8]) -> bool {
    first.starts_with(b"\xff\xd8\xff")
}

fn is_riff(first: &[u8], form: &[u8]) -> bool {
    first.starts_with(b"RIFF") && first.get(8..12) == Some(form)
}

/// Whether the box `ftyp` of an ISO base media file (ISO/IEC 14496-12 §4.3) names one of these brands.
fn has_brand(first: &[u8], brands: &[&[u8; 4]]) -> bool {
    let Some((length, rest)) = first.split_first_chunk::<4>() else { return false };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let Some(rest) = rest.strip_prefix(b"ftyp") else { return false };
    let rest = &rest[..rest.len().min(length.saturating_sub(8))];
    // Between the first brand and the others there is a version.
    let mut all = rest.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1);
    all.any(|(_, found)| brands.iter().any(|brand| *brand == found))
}

/// A tag (ID3v2), or a frame of layer III (ISO/IEC 11172-3 §2.4.2.3).
fn is_mp3(first: &[u8]) -> bool {
    let is_frame = first.len() >= 3
        && first[0] == 0xff
        && first[1] & 0xe6 == 0xe2
        && first[1] & 0x18 != 0x08
        && first[2] & 0xf0 != 0xf0
        && first[2] & 0x0c != 0x0c;
    first.starts_with(b"ID3") || is_frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a file of each type.
    const BEGINNINGS: [(&str, &[u8]); 13] = [
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
        ("image/gif", b"GIF89a\x01\0"),
        ("image/webp", b"RIFF\x24\0\0\0WEBPVP8 "),
        ("image/avif", b"\0\0\0\x1cftypavif\0\0\0\0mif1avif"),
        ("image/avif", b"\0\0\0\x1cftypmif1\0\0\0\0miafavif"),
        ("video/mp4", b"\0\0\0\x18ftypisom\0\0\x02\0iso2mp41"),
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"),
        ("audio/mpeg", b"ID3\x03\0\0\0"),
        ("audio/mpeg", b"\xff\xfb\x90\x64"),
        ("audio/ogg", b"OggS\0\x02\0\0"),
        ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt "),
        ("image/gif", b"GIF87a\x01\0"),
    ];

    #[test]
    fn a_file_is_what_its_octets_and_its_sender_agree_on() {
        for (name, first) in BEGINNINGS {
            for kind in &KINDS {
                let found = kind_of(kind.name, first).map(|kind| kind.name);
                assert_eq!(found, (kind.name == name).then_some(name), "{} said of {name}", kind.name);
            }
            for cut in 0..3 {
                assert!(kind_of(name, &first[..cut]).is_none(), "{cut} octets of {name}");
            }
        }
        let gif = b"GIF89a\x01\0";
        assert_eq!(kind_of("Image/GIF; q=1", gif).map(|kind| kind.name), Some("image/gif"));
    }

    #[test]
    fn what_could_run_a_script_is_never_shown() {
        for said in ["text/html", "image/svg+xml", "application/pdf", "text/xml", "application/xhtml+xml", ""]
        {
            for (_, first) in BEGINNINGS {
                assert!(kind_of(said, first).is_none(), "{said}");
            }
            for first in [&b"<html>"[..], b"<svg onload=alert(1)>", b"%PDF-1.7", b"<?xml"] {
                assert!(kind_of(said, first).is_none(), "{said}");
                for kind in &KINDS {
                    assert!(kind_of(kind.name, first).is_none(), "{} said of {first:?}", kind.name);
                }
            }
        }
    }
}
