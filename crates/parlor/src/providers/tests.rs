//! Secrets in files, and what is asked of a site when.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::kept::{FAILS_FOR, Kept};
use super::*;
use crate::scratch::Scratch;

#[test]
fn a_secret_in_a_file_is_nobody_elses_to_read() {
    let folder = Scratch::new();
    fs::create_dir(folder.path()).unwrap();
    let path = folder.path().join("secret");
    assert!(matches!(secret_in(&path), Err(ProvidersError::Secret(..))));
    let write = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        secret_in(&path)
    };
    assert_eq!(write(" a secret \n", 0o640).unwrap(), "a secret");
    assert!(matches!(write("a secret", 0o644), Err(ProvidersError::SecretOpen(_, 0o644))));
    assert!(matches!(write("\n", 0o600), Err(ProvidersError::SecretEmpty(_))));
}

/// Counts how often a site is asked.
struct Asked(AtomicU32);

impl Asked {
    async fn ask(&self, answer: Result<u32, SiteError>) -> Result<u32, SiteError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        // Whoever else needs it comes meanwhile.
        tokio::task::yield_now().await;
        answer
    }

    fn times(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn what_several_need_at_once_is_asked_once() {
    let (kept, asked) = (Kept::default(), Asked(AtomicU32::new(0)));
    let get = || kept.get(asked.ask(Ok(7)));
    let (one, other, third) = tokio::join!(get(), get(), get());
    assert_eq!((*one.unwrap(), *other.unwrap(), *third.unwrap()), (7, 7, 7));
    assert_eq!(asked.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_site_that_is_down_is_told_at_once_with_the_first() {
    let (kept, asked) = (Kept::default(), Asked(AtomicU32::new(0)));
    let down = || SiteError::Down("no way".into());
    let get = || kept.get(asked.ask(Err(down())));
    let (one, other) = tokio::join!(get(), get());
    assert_eq!((one, other), (Err(down()), Err(down())));
    assert_eq!(asked.times(), 1);
    tokio::time::advance(FAILS_FOR).await;
    assert_eq!(*kept.get(asked.ask(Ok(7))).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn something_that_is_missing_is_asked_for_once_in_a_while() {
    let (kept, asked) = (Kept::default(), Asked(AtomicU32::new(0)));
    let first = kept.get(asked.ask(Ok(1))).await.unwrap();
    let second = kept.renew(Arc::clone(&first), asked.ask(Ok(2))).await.unwrap();
    assert_eq!((*second, asked.times()), (2, 2));
    let other = kept.renew(first, asked.ask(Ok(3))).await.unwrap();
    assert_eq!((*other, asked.times()), (2, 2), "somebody else has asked since");
    let again = kept.renew(second, asked.ask(Ok(3))).await.unwrap();
    assert_eq!((*again, asked.times()), (2, 2), "it was asked just before");
}
