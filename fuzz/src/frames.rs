//! Frames (RFC 6455 §5.2) written from arbitrary octets and read back, independently of the crate.

use arbitrary::Arbitrary;

/// What a peer sends: frames that are nearly right, and whatever else.
#[derive(Arbitrary, Clone, Debug)]
pub enum Octets {
    /// A frame whose parts are arbitrary one by one.
    Frame(Sketch),
    /// A message that is right, in fragments of this length.
    Message { is_text: bool, payload: Vec<u8>, fragment: u8 },
    /// A compressed message: the marked frames of a right deflate block that is stored.
    Stored { payload: Vec<u8>, fragment: u8 },
    /// A compressed message, nearly right.
    Compressed { is_text: bool, payload: Vec<u8>, times: u8, change: Option<(u8, u8)>, fragment: u8 },
    /// A close frame.
    Close { code: u16, reason: Vec<u8> },
    /// Octets as they are.
    Raw(Vec<u8>),
}

/// The parts of a frame.
#[derive(Arbitrary, Clone, Debug)]
pub struct Sketch {
    first: u8,
    /// Whether the mask is there where it should be, and only there; mostly it is.
    mask: u8,
    payload: Vec<u8>,
    /// Mostly the length says what is there.
    length: Length,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Length {
    Right,
    AlsoRight,
    Other(u64),
    Long(u8),
}

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

impl Octets {
    /// All of it as it stands on the wire.
    pub fn wire(all: &[Octets], is_masked: bool) -> Vec<u8> {
        let mut out = Vec::new();
        all.iter().for_each(|octets| octets.write(is_masked, &mut out));
        out
    }

    fn write(&self, is_masked: bool, out: &mut Vec<u8>) {
        match self {
            Octets::Frame(sketch) => sketch.write(is_masked, out),
            Octets::Message { is_text, payload, fragment } => {
                write_message(is_masked, if *is_text { 0x01 } else { 0x02 }, payload, *fragment, out);
            }
            Octets::Stored { payload, fragment } => {
                let payload = &payload[..payload.len().min(0xFFFF)];
                let length = payload.len() as u16;
                let block =
                    [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), payload, &[0]].concat();
                write_message(is_masked, 0x42, &block, *fragment, out);
            }
            Octets::Compressed { is_text, payload, times, change, fragment } => {
                let octets = payload.repeat(1 + usize::from(*times));
                let mut payload = miniz_oxide::deflate::compress_to_vec(&octets, 6);
                payload.push(0);
                if let Some((at, octet)) = change {
                    let at = usize::from(*at) % payload.len();
                    payload[at] = *octet;
                }
                let first = if *is_text { 0x41 } else { 0x42 };
                write_message(is_masked, first, &payload, *fragment, out);
            }
            Octets::Close { code, reason } => {
                let reason = &reason[..reason.len().min(123)];
                let body = [&code.to_be_bytes()[..], reason].concat();
                write_frame(is_masked, 0x88, body.len() as u64, &body, out);
            }
            Octets::Raw(octets) => out.extend(octets),
        }
    }
}

impl Sketch {
    fn write(&self, is_masked: bool, out: &mut Vec<u8>) {
        let is_masked = is_masked ^ (self.mask == 0xFF);
        match self.length {
            Length::Right | Length::AlsoRight => {
                write_frame(is_masked, self.first, self.payload.len() as u64, &self.payload, out);
            }
            Length::Other(length) => write_frame(is_masked, self.first, length, &self.payload, out),
            Length::Long(form) => {
                // More octets of length than are needed, or just as many.
                let bit = if is_masked { 0x80 } else { 0 };
                let length = (self.payload.len() as u64).to_be_bytes();
                let (short, length) = if form & 1 == 0 { (126, &length[6..]) } else { (127, &length[..]) };
                out.extend([self.first, bit | short]);
                out.extend(length);
                write_payload(is_masked, &self.payload, out);
            }
        }
    }
}

fn write_message(is_masked: bool, first: u8, payload: &[u8], fragment: u8, out: &mut Vec<u8>) {
    let (mut first, mut rest) = (first, payload);
    loop {
        let most = if fragment == 0 { rest.len() } else { fragment.into() };
        let (piece, after) = rest.split_at(most.min(rest.len()));
        let fin = if after.is_empty() { 0x80 } else { 0 };
        write_frame(is_masked, first | fin, piece.len() as u64, piece, out);
        if after.is_empty() {
            return;
        }
        (first, rest) = (0x00, after);
    }
}

fn write_frame(is_masked: bool, first: u8, length: u64, payload: &[u8], out: &mut Vec<u8>) {
    let bit = if is_masked { 0x80 } else { 0 };
    let octets = length.to_be_bytes();
    out.push(first);
    match length {
        0..=125 => out.push(bit | octets[7]),
        126..=0xFFFF => {
            out.push(bit | 126);
            out.extend(&octets[6..]);
        }
        _ => {
            out.push(bit | 127);
            out.extend(octets);
        }
    }
    write_payload(is_masked, payload, out);
}

fn write_payload(is_masked: bool, payload: &[u8], out: &mut Vec<u8>) {
    let key = if is_masked { KEY } else { [0; 4] };
    if is_masked {
        out.extend(key);
    }
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
}

/// A frame as it stood on the wire, its payload unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub first: u8,
    pub is_masked: bool,
    pub payload: Vec<u8>,
}

/// Reads frames, and gives the rest, which is not a whole one.
pub fn whole_frames(mut octets: &[u8]) -> (Vec<Frame>, &[u8]) {
    let mut frames = Vec::new();
    while let Some((frame, rest)) = one_frame(octets) {
        frames.push(frame);
        octets = rest;
    }
    (frames, octets)
}

fn one_frame(octets: &[u8]) -> Option<(Frame, &[u8])> {
    let ([first, second], rest) = octets.split_first_chunk()?;
    let (length, rest) = match second & 0x7F {
        126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        short => (short.into(), rest),
    };
    let is_masked = second & 0x80 != 0;
    let (key, rest) = if is_masked { rest.split_at_checked(4)? } else { (&[0; 4][..], rest) };
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    Some((Frame { first: *first, is_masked, payload }, rest))
}
