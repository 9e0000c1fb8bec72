//! Passwords: hashed with argon2id on threads of their own, so that nobody who signs in keeps others from talking.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use precis_core::profile::PrecisFastInvocation;
use precis_profiles::OpaqueString;
use tokio::sync::oneshot;

/// Threads. Each takes 19 MiB while it hashes.
const THREADS: usize = 2;
/// Passwords that wait at most: a few seconds' worth.
const QUEUE: usize = 64;
/// Characters of a password at the least (NIST SP 800-63B §3.1.1.2).
pub(crate) const SHORTEST: usize = 8;
/// Octets of a password at most, so that hashing it takes no longer.
pub(crate) const LONGEST: usize = 1_024;

type Work = Box<dyn FnOnce(&Hashing) + Send>;

/// Why there is no answer about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordError {
    /// It is shorter than [`SHORTEST`], longer than [`LONGEST`], or has characters that no password has (RFC 8265).
    Unfit,
    /// Too many wait.
    Busy,
}

/// The threads that hash; they end when this is dropped.
pub(crate) struct Passwords(SyncSender<Work>);

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

struct Hashing {
    argon2: Argon2<'static>,
    /// The hash of no password, for names that nobody has: comparing with it takes as long as with any other.
    nobody: String,
}

impl Hashing {
    fn hash(&self, password: &str) -> String {
        let hash = self.argon2.hash_password(password.as_bytes());
        hash.expect("the length was checked, and the system gives random numbers").to_string()
    }

    fn verify(&self, password: &str, hash: &str) -> bool {
        let known = PasswordHash::new(hash).ok();
        let nobody = PasswordHash::new(&self.nobody).expect("it was made here");
        let is_right =
            self.argon2.verify_password(password.as_bytes(), known.as_ref().unwrap_or(&nobody)).is_ok();
        is_right && known.is_some()
    }
}

impl Passwords {
    pub(crate) fn start() -> io::Result<Self> {
        // Argon2id with 19 MiB, 2 passes and 1 lane: what OWASP asks for.
        let mut hashing = Hashing { argon2: Argon2::default(), nobody: String::new() };
        hashing.nobody = hashing.hash("nobody's password");
        let hashing = Arc::new(hashing);
        let (work, waiting) = sync_channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let (hashing, waiting) = (Arc::clone(&hashing), Arc::clone(&waiting));
            let run = move || {
                while let Some(work) = next(&waiting) {
                    work(&hashing);
                }
            };
            std::thread::Builder::new().name(format!("password-{number}")).spawn(run)?;
        }
        Ok(Passwords(work))
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = prepare(password).ok_or(PasswordError::Unfit)?;
        self.run(move |hashing| hashing.hash(&password)).await
    }

    /// Whether this is the password of a hash. Takes as long if there is none, which is said by an empty hash.
    pub(crate) async fn verify(&self, password: &str, hash: String) -> Result<bool, PasswordError> {
        // One that cannot be right is compared, too, with nobody's.
        let (password, hash) = match prepare(password) {
            Some(password) => (password, hash),
            None => (String::new(), String::new()),
        };
        self.run(move |hashing| hashing.verify(&password, &hash)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hashing) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |hashing| {
            // Whoever asked may have gone.
            let _ = answer.send(work(hashing));
        });
        match self.0.try_send(work) {
            Ok(()) => answered.await.map_err(|_| PasswordError::Busy),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(PasswordError::Busy),
        }
    }
}

fn next(waiting: &Mutex<Receiver<Work>>) -> Option<Work> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// The one form of a password, however the keyboard made it (RFC 8265 §4); nothing if it can be none.
fn prepare(password: &str) -> Option<String> {
    if password.len() > LONGEST {
        return None;
    }
    let prepared = OpaqueString::enforce(password).ok()?.into_owned();
    (prepared.chars().count() >= SHORTEST).then_some(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::start().unwrap();
        let hash = wait(passwords.hash("correct horsé")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(wait(passwords.hash("correct horsé")).unwrap(), hash, "each has a salt of its own");
        for (password, is_right) in [
            ("correct horsé", true),
            ("correct horse\u{301}", true),
            ("Correct horsé", false),
            ("correct horsé ", false),
            ("", false),
            ("nobody's password", false),
        ] {
            assert_eq!(wait(passwords.verify(password, hash.clone())), Ok(is_right), "{password}");
        }
        assert_eq!(
            wait(passwords.verify("nobody's password", String::new())),
            Ok(false),
            "nobody's is nobody's"
        );
    }

    #[test]
    fn a_password_has_bounds() {
        let passwords = Passwords::start().unwrap();
        for unfit in ["1234567".to_owned(), "x".repeat(LONGEST + 1), "tab\tulator".to_owned()] {
            assert_eq!(wait(passwords.hash(&unfit)), Err(PasswordError::Unfit), "{unfit}");
            assert_eq!(wait(passwords.verify(&unfit, "$argon2id$".into())), Ok(false));
        }
        assert!(wait(passwords.hash("12345678")).is_ok());
    }

    #[test]
    fn who_comes_when_too_many_wait_is_told_so() {
        let passwords = Passwords::start().unwrap();
        let hold = Arc::new(Mutex::new(()));
        let held = hold.lock().unwrap();
        for _ in 0..THREADS + QUEUE {
            // The threads take theirs out of the queue by and by.
            while let Err(TrySendError::Full(_)) = passwords.0.try_send(Box::new({
                let hold = Arc::clone(&hold);
                move |_| drop(hold.lock())
            })) {
                std::thread::yield_now();
            }
        }
        assert_eq!(wait(passwords.hash("12345678")), Err(PasswordError::Busy));
        drop(held);
        while wait(passwords.hash("12345678")) == Err(PasswordError::Busy) {
            std::thread::yield_now();
        }
    }
}
