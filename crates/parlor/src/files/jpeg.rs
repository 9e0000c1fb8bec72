//! A photograph without what its camera adds: the place where it was taken, the camera, thumbnails of what was cut off.
//!
//! Nothing is decoded: the segments of JPEG (ITU-T T.81, annex B) are walked, those that draw the picture stay, and all
//! others go, as does what stands behind its end, where phones put whole other pictures. Of Exif the orientation alone is
//! written anew, because without it photographs would lie on their side.

/// Markers of segments that draw: frames and tables, scans, restarts.
const DRAWING: [std::ops::RangeInclusive<u8>; 2] = [0xc0..=0xcf, 0xda..=0xdf];
const SCAN: u8 = 0xda;
const END: u8 = 0xd9;
/// Before Exif's own octets.
const EXIF: &[u8] = b"Exif\0\0";
/// The tag of the orientation (Exif 2.32 §4.6.4).
const ORIENTATION: u16 = 0x0112;
/// Octets of an entry in a directory of TIFF.
const ENTRY: usize = 12;

/// This is no JPEG after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Start,
    Marker,
    Scan,
    End,
}

/// Takes a photograph in pieces and gives what stays of it.
#[derive(Debug, Default)]
pub(crate) struct Stripping {
    stage: Stage,
    has_scan: bool,
    is_turned: bool,
    /// What came and is not enough to go on: less than one segment.
    held: Vec<u8>,
}

impl Stripping {
    /// Adds what stays of these octets to `output`.
    pub(crate) fn push(&mut self, octets: &[u8], output: &mut Vec<u8>) -> Result<(), Damaged> {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(octets);
        let mut at = 0;
        while let Some(taken) = self.step(&held[at..], output)? {
            at += taken;
        }
        held.drain(..at);
        self.held = held;
        Ok(())
    }

    /// Whether it was a picture. One that breaks off is shown as far as it goes.
    pub(crate) fn finish(&self) -> Result<(), Damaged> {
        if self.has_scan { Ok(()) } else { Err(Damaged) }
    }

    /// How many octets were dealt with; nothing if more are needed.
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damaged> {
        match self.stage {
            Stage::Start => {
                let Some(start) = input.get(..2) else { return Ok(None) };
                if start != [0xff, 0xd8] {
                    return Err(Damaged);
                }
                output.extend_from_slice(start);
                self.stage = Stage::Marker;
                Ok(Some(2))
            }
            Stage::Marker => self.marker(input, output),
            Stage::Scan => Ok(self.scan(input, output)),
            Stage::End => Ok((!input.is_empty()).then_some(input.len())),
        }
    }

    fn marker(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damaged> {
        let Some(&[first, marker]) = input.first_chunk() else { return Ok(None) };
        match (first, marker) {
            (0xff, 0xff) => return Ok(Some(1)),
            (0xff, END) => {
                output.extend_from_slice(&[0xff, END]);
                self.stage = Stage::End;
                return Ok(Some(2));
            }
            (0xff, 0x01 | 0xd0..=0xd7) => {
                output.extend_from_slice(&[0xff, marker]);
                return Ok(Some(2));
            }
            (0xff, 0xc0..=0xfe) if marker != 0xd8 => {}
            _ => return Err(Damaged),
        }
        let Some(&[high, low]) = input.get(2..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err(Damaged);
        }
        let Some(segment) = input.get(..2 + length) else { return Ok(None) };
        let content = &segment[4..];
        if stays(marker, content) {
            output.extend_from_slice(segment);
        } else if let Some(orientation) = content.strip_prefix(EXIF).and_then(orientation)
            && !self.is_turned
        {
            self.is_turned = true;
            output.extend_from_slice(&turned(orientation));
        }
        if marker == SCAN {
            (self.stage, self.has_scan) = (Stage::Scan, true);
        }
        Ok(Some(segment.len()))
    }

    /// What is drawn, up to a marker that is none of those within a scan.
    fn scan(&mut self, input: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        let drawn = input.iter().position(|octet| *octet == 0xff).unwrap_or(input.len());
        output.extend_from_slice(&input[..drawn]);
        let Some(&marker) = input.get(drawn + 1) else { return (drawn > 0).then_some(drawn) };
        let taken = match marker {
            0x00 | 0xd0..=0xd7 => 2,
            0xff => 1,
            _ => {
                self.stage = Stage::Marker;
                return Some(drawn);
            }
        };
        output.extend_from_slice(&input[drawn..drawn + taken]);
        Some(drawn + taken)
    }
}

/// Whether a segment belongs to the picture.
fn stays(marker: u8, content: &[u8]) -> bool {
    match marker {
        0xe0 => content.starts_with(b"JFIF\0"),
        0xe2 => content.starts_with(b"ICC_PROFILE\0"),
        // Adobe's, which says what the colours mean.
        0xee => content.starts_with(b"Adobe"),
        marker => DRAWING.iter().any(|range| range.contains(&marker)),
    }
}

/// How a picture is to be turned (2 to 8), out of Exif's octets; nothing if it lies as it should.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let pair = *tiff.get(at..)?.first_chunk()?;
        Some(if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let four = *tiff.get(4..)?.first_chunk()?;
    let directory = if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
    let directory = usize::try_from(directory).ok()?;
    let entries = usize::from(short(directory)?);
    let entry = |index: usize| directory.checked_add(2 + index * ENTRY);
    let found = (0..entries).filter_map(entry).find(|at| short(*at) == Some(ORIENTATION))?;
    // A number of 16 bits, one of them, stands in the entry itself.
    let is_short = short(found + 2) == Some(3);
    let value = short(found + 8).filter(|_| is_short)?;
    u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
}

/// A segment of Exif that says how a picture is to be turned, and nothing else.
fn turned(orientation: u8) -> Vec<u8> {
    let mut segment = vec![0xff, 0xe1, 0, 34];
    segment.extend_from_slice(EXIF);
    segment.extend_from_slice(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    segment.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    }

    /// Exif with an orientation and a place, in either order of octets.
    fn exif(orientation: u8, is_little: bool) -> Vec<u8> {
        let entries: [(u16, u16, u32); 2] = [(0x0112, 3, u32::from(orientation)), (0x8825, 4, 26)];
        let mut content = EXIF.to_vec();
        content.extend_from_slice(if is_little {
            b"II*\0\x08\0\0\0\x02\0"
        } else {
            b"MM\0*\0\0\0\x08\0\x02"
        });
        for (tag, kind, value) in entries {
            if is_little {
                content.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
                content.extend(1_u32.to_le_bytes());
                content.extend(value.to_le_bytes());
            } else {
                content.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
                content.extend(1_u32.to_be_bytes());
                content.extend(if kind == 3 { value << 16 } else { value }.to_be_bytes());
            }
        }
        content.extend(b"\0\0\0\0GPS 48.2082 N 16.3738 E");
        segment(0xe1, &content)
    }

    fn picture(extra: &[u8], behind: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 9] = [
            b"\xff\xd8",
            &segment(0xe0, b"JFIF\0\x01\x01"),
            extra,
            &segment(0xdb, &[1; 65]),
            &segment(0xc2, &[2; 15]),
            &segment(0xda, &[3; 10]),
            b"drawn \xff\x00 and \xff\xd3 restarted",
            // A second scan, as progressive pictures have it.
            &[segment(0xc4, &[4; 20]), segment(0xda, &[5; 10]), b"more\xff\xd9".to_vec()].concat(),
            behind,
        ];
        parts.concat()
    }

    fn stripped(octets: &[u8], at_once: usize) -> Result<Vec<u8>, Damaged> {
        let (mut stripping, mut output) = (Stripping::default(), Vec::new());
        for piece in octets.chunks(at_once) {
            stripping.push(piece, &mut output)?;
        }
        stripping.finish().map(|()| output)
    }

    #[test]
    fn the_place_where_a_photograph_was_taken_is_gone_and_the_picture_is_the_same() {
        let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0GPS 48");
        let second = picture(&exif(1, true), b"");
        for (what, extra, behind) in [
            ("nothing", vec![], vec![]),
            ("Exif", exif(1, true), vec![]),
            ("Exif of the other order", exif(1, false), vec![]),
            ("XMP", xmp.clone(), vec![]),
            ("Photoshop's", segment(0xed, b"Photoshop 3.0\0GPS"), vec![]),
            ("a comment", segment(0xfe, b"GPS"), vec![]),
            ("a list of pictures", segment(0xe2, b"MPF\0GPS"), second.clone()),
            ("an extension with a thumbnail", segment(0xe0, b"JFXX\0GPS"), vec![]),
            ("what a phone adds behind", vec![], b"GPS".to_vec()),
        ] {
            let octets = picture(&extra, &behind);
            for at_once in [1, 2, 3, 7, 100, octets.len()] {
                let left = stripped(&octets, at_once).unwrap();
                assert_eq!(left, picture(&[], &[]), "{what}, {at_once} octets at once");
            }
        }
    }

    #[test]
    fn what_says_how_colours_are_meant_stays() {
        let kept = [segment(0xe2, b"ICC_PROFILE\0\x01\x01"), segment(0xee, b"Adobe\0d")].concat();
        assert_eq!(stripped(&picture(&kept, b""), 5), Ok(picture(&kept, b"")));
    }

    #[test]
    fn a_photograph_is_turned_as_it_was() {
        for orientation in 0..=9 {
            for is_little in [false, true] {
                let left = stripped(&picture(&exif(orientation, is_little), b""), 50).unwrap();
                let expected = if (2..=8).contains(&orientation) { turned(orientation) } else { vec![] };
                assert_eq!(left, picture(&expected, b""), "{orientation}");
            }
        }
        let small = turned(6);
        assert_eq!(small.len(), 2 + usize::from(u16::from_be_bytes([small[2], small[3]])));
        assert_eq!(orientation(small[4..].strip_prefix(EXIF).unwrap()), Some(6));
        assert_eq!(stripped(&picture(&small, b""), 9), Ok(picture(&small, b"")), "twice is as once");
    }

    #[test]
    fn hostile_exif_and_broken_pictures_do_no_harm() {
        let whole = picture(&exif(6, true), b"");
        for at in 0..whole.len() {
            for octet in [0x00, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = octet;
                let left = stripped(&broken, 11).unwrap_or_default();
                assert!(left.len() <= whole.len() + 40);
            }
            // Cut off anywhere.
            let _ = stripped(&whole[..at], 13);
        }
        for octets in [&b"\xff\xd8"[..], b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe1\0\x01", b"\xff\xd8text", b""]
        {
            assert_eq!(stripped(octets, 1), Err(Damaged), "{octets:?}");
        }
    }
}
