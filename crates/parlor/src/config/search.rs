//! The section `search`.

use clap::{ArgAction, Args};

use super::values::switch;

/// How messages are found.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
pub(crate) struct Search {
    /// Whether parts of words are found, and not only their beginnings: true or false. The index takes about twice
    /// the space, and is made anew when this changes.
    #[arg(
        long,
        value_name = "BOOLEAN",
        default_value = "false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) search_parts_of_words: bool,
}
