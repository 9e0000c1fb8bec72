//! Why what a site has signed is not taken.

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It has not the form of one.
    Form,
    /// It is signed in a way that is not taken, or not at all.
    Algorithm,
    /// By a key that the site has not published; it may have since.
    UnknownKey,
    /// It was not signed by the key that it names.
    Signature,
    /// It says something else than it should, of what is named.
    Claim(&'static str),
}
