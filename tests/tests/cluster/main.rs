//! Several `parlor` processes that are one server, over a real nats-server.

mod comparing;
mod files;
mod moving;
mod node;
mod presence;
mod rates;
mod starting;
mod together;
mod upgrading;
mod waiting;
