//! The chat as programs meet it: `parlor.v1` against a real `parlor` process.

mod documented;
mod kept;
mod overseeing;
mod peace;
mod people;
mod resuming;
mod rooms;
mod server;
mod talking;
