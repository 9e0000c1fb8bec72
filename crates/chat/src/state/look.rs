//! What names look like: two with the same skeleton (UTS 39 §4) can be taken for each other.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// What the house is called, or might be.
const RESERVED: [&str; 24] = [
    "admin",
    "administrator",
    "all",
    "bot",
    "channel",
    "deleted user",
    "everybody",
    "everyone",
    "here",
    "lobby",
    "mod",
    "moderator",
    "nobody",
    "official",
    "operator",
    "owner",
    "parlor",
    "room",
    "root",
    "security",
    "server",
    "staff",
    "support",
    "system",
];

/// The same for names that look alike, whatever their case.
pub(crate) fn skeleton(name: &str) -> String {
    let compatible: String = name.nfkc().collect();
    unicode_security::skeleton(&compatible).collect::<String>().to_lowercase()
}

/// Whether a name could be taken for one of the house's own.
pub(crate) fn is_reserved(name: &str) -> bool {
    static LOOKS: LazyLock<HashSet<String>> = LazyLock::new(|| RESERVED.map(skeleton).into());
    // In capitals an I looks like an l; in small letters it does not.
    LOOKS.contains(&skeleton(name)) || LOOKS.contains(&skeleton(&name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let cases = [
            ("paypal", "раураl", true),
            ("paypal", "PAYPAL", true),
            ("Bill", "Bi1l", true),
            ("Bill", "BiIl", true),
            ("bob", "b0b", true),
            ("Zoë", "Zoe\u{308}", true),
            ("ada", "ａｄａ", true),
            ("user-1", "user-2", false),
            ("ada", "adam", false),
            ("李小龍", "李小龙", false),
        ];
        for (one, other, alike) in cases {
            assert_eq!(skeleton(one) == skeleton(other), alike, "{one} and {other}");
        }
    }

    #[test]
    fn what_could_be_the_house_is_reserved() {
        for name in [
            "admin",
            "Admin",
            "ADMIN",
            "аdmin",
            "mοd",
            "0wner",
            "Everyone",
            "here",
            "Parlor",
            "server",
            "Ｒｏｏｔ",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["ada", "user-1", "administer", "Hera", "serverless"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
