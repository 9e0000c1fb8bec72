//! Promises that only a real browser can show, kept in a real Chromium.

mod access;
mod account;
mod brought;
mod commands;
mod composing;
mod expected;
mod fast;
mod harness;
mod http2;
mod languages;
mod looks;
mod messages;
mod moderation;
mod monkey;
mod offline;
mod peace;
mod peace_looks;
mod providers;
mod reading;
mod restart;
mod room;
mod rooms;
mod settings;
mod talk;
mod tutorial;
mod ways_in;
