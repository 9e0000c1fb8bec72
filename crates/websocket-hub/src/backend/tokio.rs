//! The backend on tokio: one current-thread runtime per worker, connections handed to them in turn.

mod accept;
mod http1;
mod http2;
mod negotiate;
mod rewound;
mod socket;

pub(crate) use accept::start;
