//! permessage-deflate (RFC 7692): what is offered and agreed to, and the coders that the connections share.

mod coders;
mod coding;
mod compress;
mod inflate;
mod negotiate;
mod window;

pub(crate) use coders::Settings;
pub use coding::Coding;
pub(crate) use coding::ReceivedSoFar;
pub(crate) use compress::{Compressor, compress_alone};
pub(crate) use inflate::Inflater;
pub use negotiate::{Agreed, Deflate};
pub(crate) use negotiate::{answer, judge, offer};
