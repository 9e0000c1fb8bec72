//! Inflating messages (RFC 7692 §7.2.2).

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::coders::{STEP, give_back_inflater, take_inflater, with_inflated};
use super::window::Window;
use crate::error::ProtocolError;

/// What the sender left out of a message's end.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// An empty last block, stored. A stream that has reached the end of a block ends with it and takes all of it; in
/// one that has not, it cannot be the rest of a block, because no code is that long.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

/// The most blocks of a message that may call themselves the last one. After each the coder begins anew with the
/// whole window, which costs thousands of times what such a block costs its sender; nobody has a use for many.
const MAX_LAST_BLOCKS: u32 = 256;

/// What a coder of this kind weighs, in octets: its state and a window of 15 bits.
const CODER_WEIGHT: usize = 40 * 1024;

/// The inflating half of one connection.
pub(crate) struct Inflater {
    /// What messages may refer to; `None` without context takeover.
    pub(super) window: Option<Window>,
    /// At work, while a message is unfinished.
    coder: Option<Inflate>,
    /// The octets so far end with a block that calls itself the last one.
    after_last: bool,
    /// Blocks of this message so far that call themselves the last one.
    last_blocks: u32,
}

impl Inflater {
    pub(crate) fn new(window_bits: u8, takeover: bool) -> Self {
        Inflater::with_window(takeover.then(|| Window::new(1 << window_bits)))
    }

    /// One whose messages refer to this.
    pub(super) fn with_window(window: Option<Window>) -> Self {
        Inflater { window, coder: None, after_last: false, last_blocks: 0 }
    }

    /// Inflates a piece of a message, and hands what comes of it over step by step, so that a limit can end it
    /// before it has all become memory.
    pub(crate) fn inflate(
        &mut self,
        piece: &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        let coder = match &mut self.coder {
            Some(coder) => coder,
            none => none.insert(primed(take_inflater(), self.window.as_ref())?),
        };
        if !piece.is_empty() {
            self.after_last = with_inflated(|room| {
                run(coder, self.window.as_mut(), &mut self.last_blocks, piece, room, each)
            })?;
        }
        Ok(())
    }

    /// The message ends here.
    pub(crate) fn finish(
        &mut self,
        each: &mut impl FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        // Behind a last block the sender should have put an octet for the tail to complete
        // (RFC 7692 §7.2.3.4); without it there is nothing to complete.
        let before = self.last_blocks;
        if !self.after_last {
            self.inflate(&TAIL, each)?;
            // A last block that was not complete may take the tail's first octets for its end.
            if self.last_blocks > before && !self.after_last {
                return Err(ProtocolError::InvalidDeflate);
            }
        }
        self.after_last = false;
        self.last_blocks = 0;
        let Some(mut coder) = self.coder.take() else { return Ok(()) };
        let (taken, given) = (coder.total_in(), coder.total_out());
        let ended = with_inflated(|room| coder.decompress(&END, room, InflateFlush::SyncFlush));
        // All of it: its first bits alone may happen to be the end of a block that was cut short.
        let all = coder.total_in() - taken == END.len() as u64;
        let whole = ended == Ok(Status::StreamEnd) && all && coder.total_out() == given;
        give_back_inflater(coder);
        if whole { Ok(()) } else { Err(ProtocolError::InvalidDeflate) }
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        let coder = if self.coder.is_some() { CODER_WEIGHT } else { 0 };
        coder + self.window.as_ref().map_or(0, Window::retained)
    }
}

/// Inflates a piece, and says whether it ends with a last block.
fn run(
    coder: &mut Inflate,
    mut window: Option<&mut Window>,
    last_blocks: &mut u32,
    mut piece: &[u8],
    room: &mut [u8],
    each: &mut impl FnMut(&[u8]) -> Result<(), ProtocolError>,
) -> Result<bool, ProtocolError> {
    loop {
        let (taken, given) = (coder.total_in(), coder.total_out());
        let status = coder.decompress(piece, room, InflateFlush::SyncFlush);
        let count = |after: u64, before: u64| usize::try_from(after - before).expect("it fits into a slice");
        piece = &piece[count(coder.total_in(), taken)..];
        let given = count(coder.total_out(), given);
        if given > 0 {
            each(&room[..given])?;
            if let Some(window) = &mut window {
                window.keep(&room[..given]);
            }
        }
        // What came before an error is looked at first: it may hold an error of its own.
        let status = status.map_err(|_| ProtocolError::InvalidDeflate)?;
        match status {
            // A block may call itself the last one (RFC 7692 §7.2.3.4). It is not; the next begins anew.
            Status::StreamEnd => {
                *last_blocks += 1;
                if *last_blocks > MAX_LAST_BLOCKS {
                    return Err(ProtocolError::InvalidDeflate);
                }
                coder.reset(false);
                if let Some(window) = &window {
                    prime(coder, window)?;
                }
            }
            Status::Ok | Status::BufError if given == STEP => continue,
            Status::Ok | Status::BufError => {}
        }
        if piece.is_empty() {
            return Ok(status == Status::StreamEnd);
        }
        if given == 0 && status == Status::BufError {
            return Err(ProtocolError::InvalidDeflate);
        }
    }
}

fn primed(mut coder: Inflate, window: Option<&Window>) -> Result<Inflate, ProtocolError> {
    if let Some(window) = window {
        prime(&mut coder, window)?;
    }
    Ok(coder)
}

fn prime(coder: &mut Inflate, window: &Window) -> Result<(), ProtocolError> {
    if !window.octets().is_empty() {
        coder.set_dictionary(window.octets()).map_err(|_| ProtocolError::InvalidDeflate)?;
    }
    Ok(())
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("window", &self.window).finish_non_exhaustive()
    }
}
