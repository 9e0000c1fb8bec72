//! Keeping the peace: roles, the door, restraints, filters, reports, and undoing what people did.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod card;
mod documented;
mod door;
mod filters;
mod looks;
mod matrix;
mod ownership;
mod raid;
mod restraint;
mod rows;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod world;
