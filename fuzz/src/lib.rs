//! What the fuzz targets share: sides that agreed to something, octets that a peer may send, frames read back.

mod agreement;
mod frames;
mod side;

pub use agreement::Agreement;
pub use frames::{Frame, Octets, whole_frames};
pub use side::{Side, SideSettings, read_in_pieces, transmitted};
