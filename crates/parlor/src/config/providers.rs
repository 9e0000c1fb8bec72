//! `[[provider]]`: the sites that people may sign in by, in the configuration file alone.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;

/// The name of the tables in the file.
pub(super) const NAME: &str = "provider";

/// What the tables are about.
pub(super) const ABOUT: &str = "A site that people may sign in by (OpenID Connect), such as the account that they \
     have at work. There may be several, each under a [[provider]] of its own. They stand in the file alone. \
     Where the site asks for the address to come back to, it is the server's own with /signed-in behind it.";

/// Characters of a name at most: as many as the log keeps of it.
const LONGEST_NAME: usize = parlor_chat::limits::LABEL;

/// A site that people may sign in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) name: String,
    /// As the site writes itself, to the letter.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) secret: ClientSecret,
    /// The certificates that vouch for the site's server; those that the system trusts if there is none.
    pub(crate) ca: Option<PathBuf>,
}

/// What the server shows to the site to be who it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ClientSecret {
    Text(String),
    File(PathBuf),
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// One line of a table.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
    pub(super) help: &'static str,
}

/// Every line of a table.
pub(super) const FIELDS: [Field; 6] = [
    Field {
        name: "name",
        example: "Example",
        help: "What the site is called where people choose it: one line of up to 64 characters. No two sites are \
               called the same.",
    },
    Field {
        name: "issuer",
        example: "https://accounts.example.org",
        help: "The site's own name for itself (its issuer), to the letter. Its address of discovery is this with \
               /.well-known/openid-configuration behind it. By https, except on this machine.",
    },
    Field { name: "client-id", example: "parlor", help: "What the site calls this server." },
    Field {
        name: "client-secret",
        example: "secret",
        help: "What the site knows this server by. Either this or client-secret-file.",
    },
    Field {
        name: "client-secret-file",
        example: "/etc/parlor/example.secret",
        help: "A file with it, which may be nobody's but the server's to read. Spaces and line ends around it do not count.",
    },
    Field {
        name: "ca",
        example: "/etc/parlor/example.pem",
        help: "A file with the certificates that vouch for the site's server, in PEM form; if left out, those that the \
               system trusts.",
    },
];

/// Reads the tables of a file. What is wrong is found with the place where it stands.
pub(super) fn read(value: &Spanned<DeValue<'_>>) -> (Vec<Provider>, Vec<(usize, String)>) {
    let (mut providers, mut findings) = (Vec::<Provider>::new(), Vec::new());
    let DeValue::Array(tables) = value.get_ref() else {
        let sentence = format!("{NAME} stands for several: write [[{NAME}]]");
        return (providers, vec![(value.span().start, sentence)]);
    };
    for table in tables {
        let at = table.span().start;
        let DeValue::Table(content) = table.get_ref() else {
            findings.push((at, format!("each {NAME} is a table: write [[{NAME}]]")));
            continue;
        };
        match one(content) {
            Err((inside, sentence)) => findings.push((inside.unwrap_or(at), sentence)),
            Ok(one) if providers.iter().any(|other| other.name == one.name) => {
                findings.push((at, format!("two providers are called {}", one.name)));
            }
            Ok(one) if providers.iter().any(|other| other.issuer == one.issuer) => {
                findings.push((at, format!("two providers have the issuer {}", one.issuer)));
            }
            Ok(one) => providers.push(one),
        }
    }
    (providers, findings)
}

fn one(table: &DeTable<'_>) -> Result<Provider, (Option<usize>, String)> {
    for (name, value) in table {
        let text = name.get_ref().as_ref();
        if !FIELDS.iter().any(|field| field.name == text) {
            let meant = nearest(text, FIELDS.iter().map(|field| field.name));
            let hint = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err((Some(name.span().start), format!("a provider has no {text}{hint}")));
        }
        if !matches!(value.get_ref(), DeValue::String(given) if !given.is_empty()) {
            return Err((Some(name.span().start), format!("{text} must be a text that is not empty")));
        }
    }
    let text = |name: &str| match table.get(name).map(Spanned::get_ref) {
        Some(DeValue::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let needed = |name: &str| text(name).ok_or_else(|| (None, format!("this provider lacks {name}")));
    let (name, issuer) = (needed("name")?, needed("issuer")?);
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) || name.trim() != name {
        let sentence =
            format!("name = {name} is not allowed: it must be one line of up to {LONGEST_NAME} characters");
        return Err((None, sentence));
    }
    if !is_site(&issuer) || issuer.contains(['?', '#']) {
        let sentence = format!(
            "issuer = {issuer} is not allowed: it must begin with https:// (http:// on this machine alone) and have \
             no ? and no #"
        );
        return Err((None, sentence));
    }
    let secret = match (text("client-secret"), text("client-secret-file")) {
        (Some(text), None) => ClientSecret::Text(text),
        (None, Some(path)) => ClientSecret::File(path.into()),
        _ => {
            return Err((
                None,
                "a provider needs client-secret or client-secret-file, and not both".to_owned(),
            ));
        }
    };
    Ok(Provider { name, issuer, client_id: needed("client-id")?, secret, ca: text("ca").map(PathBuf::from) })
}

/// Whether nobody on the way can listen to what is asked at this address: by https, or on this machine.
pub(crate) fn is_site(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let is_here = host == "localhost"
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    !host.is_empty()
        && !has_user
        && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Provider>, Vec<String>> {
        let table = DeTable::parse(text).unwrap();
        let (providers, findings) = read(&table.get_ref()[NAME]);
        if findings.is_empty() {
            return Ok(providers);
        }
        Err(findings.into_iter().map(|(_, sentence)| sentence).collect())
    }

    const ONE: &str =
        "[[provider]]\nname='One'\nissuer='https://one.example'\nclient-id='a'\nclient-secret='b'\n";

    #[test]
    fn providers_are_read_in_their_order() {
        let two = "[[provider]]\nname='Two'\nissuer='http://127.0.0.1:9/x'\nclient-id='c'\nclient-secret-file='d'\nca='e'";
        let read = parse(&format!("{ONE}{two}")).unwrap();
        let named = |name: &str| read.iter().find(|one| one.name == name).unwrap();
        assert_eq!(named("One").secret, ClientSecret::Text("b".into()));
        assert_eq!(named("Two").secret, ClientSecret::File("d".into()));
        assert_eq!(named("Two").ca, Some("e".into()));
        assert!(!format!("{read:?}").contains("\"b\""), "a secret is shown nowhere");
    }

    #[test]
    fn what_is_wrong_with_a_provider_is_said() {
        let with = |from: &str, to: &str| ONE.replace(from, to);
        for (text, sentence) in [
            ("provider = 1".to_owned(), "provider stands for several: write [[provider]]"),
            ("provider = [1]".to_owned(), "each provider is a table: write [[provider]]"),
            (with("name='One'\n", ""), "this provider lacks name"),
            (with("client-id='a'\n", ""), "this provider lacks client-id"),
            (with("client-id", "clientid"), "a provider has no clientid; did you mean client-id?"),
            (with("'a'", "''"), "client-id must be a text that is not empty"),
            (with("'a'", "7"), "client-id must be a text that is not empty"),
            (
                with("client-secret='b'\n", ""),
                "a provider needs client-secret or client-secret-file, and not both",
            ),
            (
                format!("{ONE}client-secret-file='c'"),
                "a provider needs client-secret or client-secret-file, and not both",
            ),
            (
                with("'One'", "' One'"),
                "name =  One is not allowed: it must be one line of up to 64 characters",
            ),
            (ONE.repeat(2), "two providers are called One"),
            (format!("{ONE}{}", with("'One'", "'Two'")), "two providers have the issuer https://one.example"),
            (
                with("https://one.example", "http://one.example"),
                "issuer = http://one.example is not allowed: it must begin with https:// (http:// on this machine \
                 alone) and have no ? and no #",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err(), [sentence], "{text}");
        }
    }

    #[test]
    fn a_site_is_asked_where_nobody_listens() {
        for (address, is_right) in [
            ("https://a.example", true),
            ("https://a.example:8443/x?y", true),
            ("http://127.0.0.1:1", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/", true),
            ("http://a.example", false),
            ("http://localhost.example", false),
            ("http://127.example", false),
            ("https://me@a.example", false),
            ("ftp://a.example", false),
            ("//a.example", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_site(address), is_right, "{address}");
        }
    }
}
