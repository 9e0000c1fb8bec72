//! What a site has said and is not asked for again at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::SiteError;

/// After this time it is asked for again.
pub(super) const LASTS: Duration = Duration::from_secs(60 * 60);
/// For this time after a failure nobody tries again, so that those who wait for a site that is down do not wait one after
/// the other.
pub(super) const FAILS_FOR: Duration = Duration::from_secs(2);
/// The shortest time between two times that it is asked for because something was missing in it.
pub(super) const RENEWED_AFTER: Duration = Duration::from_secs(30);

/// Something that a site says. Of those who need it at once, one asks, and the others wait.
#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    said: Option<(Arc<T>, Instant)>,
    failed: Option<(SiteError, Instant)>,
    renewed: Option<Instant>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(Mutex::new(State { said: None, failed: None, renewed: None }))
    }
}

impl<T> Kept<T> {
    /// What the site has said lately, or says now.
    pub(super) async fn get(
        &self,
        ask: impl Future<Output = Result<T, SiteError>>,
    ) -> Result<Arc<T>, SiteError> {
        let mut state = self.0.lock().await;
        match (&state.said, &state.failed) {
            (Some((said, at)), _) if at.elapsed() < LASTS => Ok(Arc::clone(said)),
            (_, Some((error, at))) if at.elapsed() < FAILS_FOR => Err(error.clone()),
            _ => state.ask(ask).await,
        }
    }

    /// What the site says now, where something is missing in `known`; the same again if it was asked just before.
    pub(super) async fn renew(
        &self,
        known: Arc<T>,
        ask: impl Future<Output = Result<T, SiteError>>,
    ) -> Result<Arc<T>, SiteError> {
        let mut state = self.0.lock().await;
        match &state.said {
            Some((said, _)) if !Arc::ptr_eq(said, &known) => return Ok(Arc::clone(said)),
            _ if state.renewed.is_some_and(|at| at.elapsed() < RENEWED_AFTER) => return Ok(known),
            _ => {}
        }
        state.renewed = Some(Instant::now());
        state.ask(ask).await
    }
}

impl<T> State<T> {
    async fn ask(&mut self, ask: impl Future<Output = Result<T, SiteError>>) -> Result<Arc<T>, SiteError> {
        match ask.await {
            Ok(said) => {
                let said = Arc::new(said);
                (self.said, self.failed) = (Some((Arc::clone(&said), Instant::now())), None);
                Ok(said)
            }
            Err(error) => {
                self.failed = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }
}
