//! The file with what a node shows to the servers of its log: what kind it is can be seen in it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use parlor_jetstream::Secret;

use super::ClusterError;

/// The permissions of everybody who is neither the owner nor in the group.
const OTHERS: u32 = 0o007;
/// How a .creds file begins.
const CREDENTIALS: &str = "-----BEGIN NATS";
/// How the seed of a user's nkey begins, and its length.
const SEED: (&str, usize) = ("SU", 58);

/// Reads the file, unless everybody can.
pub(super) fn read(path: &Path) -> Result<Secret, ClusterError> {
    let failed = |error| ClusterError::Login(path.to_owned(), error);
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(ClusterError::OpenLogin(path.to_owned(), mode));
    }
    Ok(secret(&fs::read_to_string(path).map_err(failed)?))
}

fn secret(text: &str) -> Secret {
    let line = text.trim();
    if line.starts_with(CREDENTIALS) {
        Secret::Credentials(text.to_owned())
    } else if line.starts_with(SEED.0) && line.len() == SEED.1 {
        Secret::Nkey(line.to_owned())
    } else if let Some((user, password)) = line.split_once(':') {
        Secret::User(user.to_owned(), password.to_owned())
    } else {
        Secret::Token(line.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_is_shown_is_seen_in_the_file() {
        let seed = format!("SU{}", "A".repeat(56));
        assert!(
            matches!(secret("ada:a:b\n"), Secret::User(user, password) if user == "ada" && password == "a:b")
        );
        assert!(matches!(secret("t0ken\n"), Secret::Token(token) if token == "t0ken"));
        assert!(matches!(secret(&format!("{seed}\n")), Secret::Nkey(found) if found == seed));
        assert!(matches!(secret("-----BEGIN NATS USER JWT-----\n"), Secret::Credentials(_)));
    }

    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        let folder = Scratch::new();
        fs::create_dir(folder.path()).unwrap();
        let path = folder.path().join("login");
        fs::write(&path, "token").unwrap();
        for (mode, is_taken) in [(0o600, true), (0o640, true), (0o644, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).is_ok(), is_taken, "{mode:o}");
        }
        assert!(
            read(&folder.path().join("none"))
                .is_err_and(|error| error.to_string().contains("--cluster-login"))
        );
    }
}
