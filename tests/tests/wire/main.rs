//! What stands between a stranger and the chat, on a real `parlor` process: origins, headers, limits.

mod origins;
mod server;
