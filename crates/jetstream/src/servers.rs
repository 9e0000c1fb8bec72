//! Which servers a node connects to, and what it shows to them.

use std::str::FromStr;

use async_nats::{ConnectOptions, ServerAddr};
use parlor_chat::Trouble;

use crate::options::{Options, Secret};
use crate::reach::unusable;

/// The addresses, and what to connect to them with.
pub(crate) fn read(options: &Options) -> Result<(Vec<ServerAddr>, ConnectOptions), Trouble> {
    let addresses = options.servers.split(',').map(str::trim).filter(|address| !address.is_empty());
    let addresses: Vec<ServerAddr> = addresses
        .map(|address| {
            // What the address says besides may be a password: it is not told.
            ServerAddr::from_str(address)
                .map_err(|_| unusable("an address of a server looks like nats://host:4222"))
        })
        .collect::<Result<_, _>>()?;
    let Some(first) = addresses.first() else {
        return Err(unusable("no server is named; give one such as nats://127.0.0.1:4222"));
    };
    let connect = shown(options, first)?;
    let connect = match &options.authorities {
        Some(path) => connect.add_root_certificates(path.clone()),
        None => connect,
    };
    let connect = match &options.certificate {
        Some((certificate, key)) => connect.add_client_certificate(certificate.clone(), key.clone()),
        None => connect,
    };
    Ok((addresses, connect))
}

/// What stands beside the addresses counts before what stands in them.
fn shown(options: &Options, first: &ServerAddr) -> Result<ConnectOptions, Trouble> {
    let none = ConnectOptions::new();
    Ok(match (&options.secret, first.username(), first.password()) {
        (Secret::User(name, password), ..) => none.user_and_password(name.clone(), password.clone()),
        (Secret::Token(token), ..) => none.token(token.clone()),
        (Secret::Nkey(seed), ..) => none.nkey(seed.trim().to_owned()),
        (Secret::Credentials(text), ..) => none.credentials(text).map_err(|_| {
            unusable("the credentials are not those of a NATS user; take the .creds file as it was made")
        })?,
        (Secret::None, Some(user), Some(password)) => {
            none.user_and_password(decoded(user)?, decoded(password)?)
        }
        (Secret::None, Some(token), None) => none.token(decoded(token)?),
        (Secret::None, None, _) => none,
    })
}

/// A part of an address, in which `%2F` stands for `/` (RFC 3986 §2.1).
fn decoded(part: &str) -> Result<String, Trouble> {
    let wrong = || unusable("a % in a server's address has to be followed by two hexadecimal digits");
    let mut octets = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            octets.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or_else(wrong)?, rest.next().ok_or_else(wrong)?];
        let digits = str::from_utf8(&digits).map_err(|_| wrong())?;
        octets.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
    }
    String::from_utf8(octets).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_servers_stand_in_one_option() {
        let read = |servers: &str| read(&Options::new(servers, "main")).map(|(servers, _)| servers.len());
        assert_eq!(read("nats://one:4222"), Ok(1));
        assert_eq!(read("nats://user:a%2Fb@one:4222, tls://two,three"), Ok(3));
        for wrong in ["", ",", "nats://us:e%er@one", "http://one"] {
            assert!(matches!(read(wrong), Err(Trouble::Unfit(_))), "{wrong}");
        }
    }

    #[test]
    fn a_password_may_hold_any_character() {
        assert_eq!(decoded("plain"), Ok("plain".into()));
        assert_eq!(decoded("a%40b%3Ac%C3%A9"), Ok("a@b:cé".into()));
        for wrong in ["%", "%4", "%zz", "%ff"] {
            assert!(decoded(wrong).is_err(), "{wrong}");
        }
    }
}
