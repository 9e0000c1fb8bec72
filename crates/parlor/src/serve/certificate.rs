//! The server's certificate, read again when its files change or SIGHUP comes.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use websocket_hub::{CertificateFiles, TlsConfig, TlsError};

use crate::config::Tls;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(2);

/// The permissions of everybody who is neither the owner nor in the group. Keys that several services share are often a
/// group's.
const OTHERS: u32 = 0o007;

/// Why TLS cannot be spoken.
#[derive(Debug)]
pub(crate) enum CertificateError {
    /// One of the two files is named alone.
    Half(&'static str),
    /// Everybody can read the key.
    Open(PathBuf, u32),
    Unreadable(PathBuf, io::Error),
    Unfit(TlsError),
    Signal(io::Error),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateError::Half(missing) => {
                write!(f, "a certificate and its key belong together: --{missing} FILE is missing")
            }
            CertificateError::Open(path, mode) => write!(
                f,
                "everybody on this machine may use the key {} (mode {mode:o}): run `chmod o-rwx {}`, and think of \
                 a new key if somebody else is on it",
                path.display(),
                path.display()
            ),
            CertificateError::Unreadable(path, error) => {
                write!(f, "{} cannot be read: {error}", path.display())
            }
            CertificateError::Unfit(error) => error.fmt(f),
            CertificateError::Signal(error) => write!(f, "SIGHUP cannot be waited for: {error}"),
        }
    }
}

impl std::error::Error for CertificateError {}

/// What tells that a file is another one, or has changed: device, number, length, and time of change in nanoseconds.
type Stamp = Option<(u64, u64, u64, i128)>;

/// A certificate in files.
pub(super) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    files: CertificateFiles,
    /// As the files were just before they were read.
    seen: [Stamp; 2],
    hangup: Signal,
}

impl Certificate {
    /// The certificate of these settings, if there is one.
    pub(super) fn open(settings: &Tls) -> Result<Option<Self>, CertificateError> {
        let (chain, key) = match (&settings.tls_cert.0, &settings.tls_key.0) {
            (Some(chain), Some(key)) => (chain.clone(), key.clone()),
            (Some(_), None) => return Err(CertificateError::Half("tls-key")),
            (None, Some(_)) => return Err(CertificateError::Half("tls-cert")),
            (None, None) => return Ok(None),
        };
        let seen = [stamp(&chain), stamp(&key)];
        is_private(&key)?;
        let files = CertificateFiles::open(&chain, &key).map_err(CertificateError::Unfit)?;
        let hangup = signal(SignalKind::hangup()).map_err(CertificateError::Signal)?;
        Ok(Some(Certificate { chain, key, files, seen, hangup }))
    }

    /// TLS that always shows the newest certificate.
    pub(super) fn tls(&self) -> TlsConfig {
        (&self.files).into()
    }

    /// Reads the files again whenever they change or it is asked for. It never ends.
    pub(super) async fn keep_fresh(&mut self) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            let is_asked = tokio::select! {
                _ = self.hangup.recv() => true,
                _ = looks.tick() => false,
            };
            let now = [stamp(&self.chain), stamp(&self.key)];
            if is_asked || now != self.seen {
                self.seen = now;
                self.read_again();
            }
        }
    }

    fn read_again(&self) {
        let read = is_private(&self.key).and_then(|()| self.files.reload().map_err(CertificateError::Unfit));
        match read {
            // Whoever started us may have stopped reading.
            Ok(()) => _ = writeln!(io::stdout(), "the certificate {} was read again", self.chain.display()),
            Err(error) => eprintln!("parlor: the certificate stays as it was: {error}"),
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    let changed = i128::from(file.mtime()) * 1_000_000_000 + i128::from(file.mtime_nsec());
    Some((file.dev(), file.ino(), file.len(), changed))
}

fn is_private(key: &Path) -> Result<(), CertificateError> {
    let file = fs::metadata(key).map_err(|error| CertificateError::Unreadable(key.to_owned(), error))?;
    match file.mode() & 0o7777 {
        mode if mode & OTHERS != 0 => Err(CertificateError::Open(key.to_owned(), mode)),
        _ => Ok(()),
    }
}
