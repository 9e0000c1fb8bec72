//! The sites that people may sign in by. They are asked on a thread of their own, so that none that is slow holds up
//! anything but who waits for it.

mod ask;
mod error;
mod kept;
mod metadata;
mod site;

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};

use crate::authorities::{self, AuthoritiesError};
use crate::config::{self, ClientSecret};
pub(crate) use error::SiteError;
pub(crate) use site::Site;

/// Questions to sites that may be open at once, of all people together.
const AT_ONCE: usize = 64;

/// The permissions of everybody but the owner and the group.
const OTHERS: u32 = 0o007;

/// Why nobody can sign in by a site that is configured.
#[derive(Debug)]
pub(crate) enum ProvidersError {
    /// The file with what the site knows this server by.
    Secret(PathBuf, io::Error),
    /// Everybody may read it.
    SecretOpen(PathBuf, u32),
    /// There is nothing in it.
    SecretEmpty(PathBuf),
    Authorities(AuthoritiesError),
    Thread(io::Error),
}

impl fmt::Display for ProvidersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProvidersError::Secret(path, error) => {
                write!(f, "the file client-secret-file = {} cannot be read: {error}", path.display())
            }
            ProvidersError::SecretOpen(path, mode) => write!(
                f,
                "everybody on this machine may read the secret {} (mode {mode:o}): run `chmod o-rwx {}`, and think of \
                 a new one",
                path.display(),
                path.display()
            ),
            ProvidersError::SecretEmpty(path) => write!(f, "there is no secret in {}", path.display()),
            ProvidersError::Authorities(error) => error.fmt(f),
            ProvidersError::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

impl std::error::Error for ProvidersError {}

/// Sites, and where they are asked.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    sites: Vec<Arc<Site>>,
    /// Nothing without sites.
    aside: Option<Aside>,
}

/// The thread. It ends with this.
#[derive(Debug)]
struct Aside {
    runtime: Handle,
    open: Arc<Semaphore>,
    _alive: oneshot::Sender<()>,
}

impl Providers {
    /// Those that are configured.
    pub(crate) fn open(configured: &[config::Provider]) -> Result<Self, ProvidersError> {
        if configured.is_empty() {
            return Ok(Providers::default());
        }
        let sites = configured.iter().map(|one| Ok(Arc::new(site(one)?))).collect::<Result<_, _>>()?;
        let aside = Aside::start().map_err(ProvidersError::Thread)?;
        Ok(Providers { sites, aside: Some(aside) })
    }

    /// What they are called.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.sites.iter().map(|site| site.name.as_str()).collect()
    }

    /// The one that is called this.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Site>> {
        self.sites.iter().find(|site| site.name == name).cloned()
    }

    /// Asks a site, beside everything else.
    ///
    /// # Errors
    ///
    /// Those of the question, and [`SiteError::Down`] if too many are open.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, SiteError>> + Send + 'static,
    ) -> Result<T, SiteError> {
        let busy = || SiteError::Down("too many questions to sites are open".to_owned());
        let aside = self.aside.as_ref().ok_or_else(busy)?;
        let permit = Arc::clone(&aside.open).try_acquire_owned().map_err(|_| busy())?;
        let asked = aside.runtime.spawn(async move {
            let answer = question.await;
            drop(permit);
            answer
        });
        asked.await.unwrap_or_else(|error| Err(SiteError::Down(error.to_string())))
    }
}

impl Aside {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel::<()>();
        std::thread::Builder::new().name("providers".to_owned()).spawn(move || {
            // It is an error that says that nobody asks any more.
            let _ = runtime.block_on(gone);
            runtime.shutdown_background();
        })?;
        Ok(Aside { runtime: handle, open: Arc::new(Semaphore::new(AT_ONCE)), _alive: alive })
    }
}

fn site(configured: &config::Provider) -> Result<Site, ProvidersError> {
    let secret = match &configured.secret {
        ClientSecret::Text(text) => text.clone(),
        ClientSecret::File(path) => secret_in(path)?,
    };
    let is_https = configured.issuer.starts_with("https:");
    // By http, nobody has to be vouched for, and the machine need not know any authority.
    let tls = if is_https || configured.ca.is_some() {
        Some(
            authorities::client(configured.ca.as_deref(), "ca under [[provider]]")
                .map_err(ProvidersError::Authorities)?,
        )
    } else {
        None
    };
    let config::Provider { name, issuer, client_id, .. } = configured.clone();
    Ok(Site::new(name, issuer, client_id, secret, tls))
}

fn secret_in(path: &Path) -> Result<String, ProvidersError> {
    let failed = |error| ProvidersError::Secret(path.to_owned(), error);
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(ProvidersError::SecretOpen(path.to_owned(), mode));
    }
    let text = fs::read_to_string(path).map_err(failed)?.trim().to_owned();
    if text.is_empty() { Err(ProvidersError::SecretEmpty(path.to_owned())) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
