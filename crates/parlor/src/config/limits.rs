//! The section `limits`.

use std::num::NonZeroU32;

use clap::Args;

use super::values::{count, max_text, octets};

/// Octets that JSON takes at most for one octet of a text: a control character is written as `\u001f`.
const ESCAPED: u64 = 6;
/// Octets of a request besides its text, at most: key, mentions, names.
const ENVELOPE: u64 = 8_192;

/// How much one connection may ask of the server. What is refused for it is told so.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// The longest WebSocket message taken, in octets; who sends a longer one is disconnected with close code 1009.
    /// At least six times max-text and 8192, so that a text fits however JSON escapes it.
    #[arg(long, value_name = "OCTETS", default_value = "131072", value_parser = octets::<u64>)]
    pub(crate) max_message: u64,

    /// How many octets may wait for one reader; who falls further behind is disconnected with close code 1013
    /// and comes back.
    #[arg(long, value_name = "OCTETS", default_value = "1048576", value_parser = octets::<usize>)]
    pub(crate) queue_limit: usize,

    /// The longest text of a chat message, in octets of UTF-8; at most 65536.
    #[arg(long, value_name = "OCTETS", default_value = "16384", value_parser = max_text)]
    pub(crate) max_text: usize,

    /// How many requests a person may make each second in the long run, over all connections that they have.
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = count::<NonZeroU32>)]
    pub(crate) requests_per_second: NonZeroU32,

    /// How many new guests may come from one address at once; after that, one each five seconds. Addresses of this
    /// machine are not counted.
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = count::<NonZeroU32>)]
    pub(crate) guests_at_once: NonZeroU32,

    /// How many requests a person may make at once after they were quiet.
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count::<NonZeroU32>)]
    pub(crate) request_burst: NonZeroU32,
}

impl Limits {
    /// Whether every text that may be posted fits into a message, however it is escaped.
    ///
    /// # Errors
    ///
    /// A sentence that says which settings would do.
    pub(crate) fn check(&self) -> Result<(), String> {
        let least = self.max_text as u64 * ESCAPED + ENVELOPE;
        if self.max_message >= least {
            return Ok(());
        }
        Err(format!(
            "max-message is {}, and a text of max-text, {} octets, may need {least} in JSON: set max-message to {least} \
             or more, or max-text to less",
            self.max_message, self.max_text
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_room_for_every_text() {
        let limits = |max_message, max_text| Limits {
            max_message,
            queue_limit: 1_048_576,
            max_text,
            requests_per_second: NonZeroU32::MIN,
            request_burst: NonZeroU32::MIN,
            guests_at_once: NonZeroU32::MIN,
        };
        for (message, text) in [(131_072, 16_384), (8_198, 1), (401_408, 65_536)] {
            assert_eq!(limits(message, text).check(), Ok(()), "{message} and {text}");
        }
        let sentence = limits(401_407, 65_536).check().unwrap_err();
        assert!(sentence.contains("set max-message to 401408 or more"), "{sentence}");
    }
}
