//! Promises that only a real browser can show, kept in a real Chromium.

mod composing;
mod harness;
mod http2;
mod looks;
mod messages;
mod offline;
mod reading;
mod restart;
mod room;
mod rooms;
mod talk;
mod tutorial;
