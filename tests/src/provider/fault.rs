//! In which ways a provider can be told to fail.

/// How the provider fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Names another sign-in in the token.
    WrongNonce,
    /// Names none.
    NoNonce,
    /// The token is for somebody else.
    WrongAudience,
    /// It is for several, and not said for whom of them it was made.
    ManyAudiences,
    /// It was made for another of several.
    WrongParty,
    /// It names another provider.
    WrongIssuer,
    /// Its time has passed.
    Expired,
    /// It was made an hour ago.
    Stale,
    /// It is not signed at all.
    Unsigned,
    /// It is signed with the public key as if that were a shared secret (HS256).
    PublicKeyAsSecret,
    /// It is signed by a key that is not published, and under an id that is not.
    UnknownKey,
    /// It is signed by a key that is not published, under the id of one that is.
    ForeignKey,
    /// There is none.
    NoToken,
    /// The code is answered by far too much.
    HugeToken,
    /// What the provider says of itself is far too much.
    HugeDiscovery,
    /// It calls itself something else.
    OtherIssuer,
    /// It has codes redeemed where anybody can listen.
    PlainEndpoint,
    /// Nothing is answered until the fault is mended.
    Slow,
    /// It hangs up.
    HangsUp,
    /// It says that it does not work.
    Broken,
    /// It sends elsewhere whoever asks.
    Redirects,
    /// It sends people back in another one's name.
    OtherSender,
    /// It does not let people in.
    Denies,
}
