//! Keeps the house clean: each sibling file is one rule, checked on every file of the repository.
//!
//! A rule is a function from a [`Tree`] to findings, so that the real tree and a bad sample go the same way.
//! Beside each rule stand a test of the house and tests that the rule catches what it is there to catch.
//! `UPDATE=1 cargo test -p parlor-tests --test tidy` rewrites the generated parts of documents.

mod cycles;
mod generated;
mod layers;
mod leftovers;
mod length;
mod lints;
mod lockfile;
mod markdown;
mod messages;
mod named_tests;
mod opening;
mod paths;
mod references;
mod rust;
mod toml;
mod tree;
mod unsafety;
mod whitespace;

use tree::Tree;
