//! Names that nobody else has.

use parlor_chat::Trouble;

/// What the servers know a message by: drawn at random, so that no other has it.
pub(crate) fn id() -> Result<String, Trouble> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| Trouble::Io(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(octets)))
}
