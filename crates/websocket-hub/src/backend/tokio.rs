//! The backend on tokio: one current-thread runtime per worker, connections handed to them in turn. Connections without
//! TLS are driven by one loop around epoll, as those of a ring are; others, and HTTP/2, are tasks.

#[cfg(target_os = "linux")]
mod accept;
#[cfg(not(target_os = "linux"))]
#[path = "tokio/portable.rs"]
mod accept;
mod http1;
mod http2;
mod negotiate;
#[cfg(target_os = "linux")]
mod poller;
mod rewound;

pub(crate) use accept::start;
