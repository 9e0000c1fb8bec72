//! The harness notices what the other tests rely on it to notice.

use std::time::Duration;

use parlor_tests::browser::Browser;

/// Breaks its own content security policy, throws, and says so on the console.
const TROUBLED: &str = "data:text/html,<meta http-equiv=content-security-policy content=\"img-src 'none'\">\
    <img src='data:image/png,x'><script>console.error('said', 7); console.log('hush'); \
    setTimeout(() => { throw new Error('thrown') })</script>";

#[tokio::test]
async fn every_kind_of_complaint_is_heard() {
    let browser = Browser::shared().await;
    let tab = browser.tab(TROUBLED).await;
    tab.wait_for("document.readyState === 'complete'", Duration::from_secs(5)).await;
    // Events come in order, so what was thrown before this is known after it.
    tab.evaluate("new Promise((done) => setTimeout(done, 50))").await;
    let complaints = tab.complaints();
    for part in ["console error: said 7", "Error: thrown", "security error"] {
        assert!(complaints.iter().any(|complaint| complaint.contains(part)), "no {part}: {complaints:?}");
    }
    assert!(!complaints.iter().any(|complaint| complaint.starts_with("console log")), "{complaints:?}");
}

#[tokio::test]
async fn tabs_are_visible_and_focused_side_by_side() {
    let browser = Browser::shared().await;
    let page = "data:text/html,<!doctype html><title>x</title><input autofocus>";
    let (one, other) = (browser.tab(page).await, browser.tab(page).await);
    for tab in [&one, &other] {
        tab.wait_for("document.hasFocus() && !document.hidden", Duration::from_secs(5)).await;
        tab.evaluate("new Promise((drawn) => requestAnimationFrame(() => drawn()))").await;
    }
    one.insert("left").await;
    other.insert("right").await;
    let value = "document.querySelector('input').value";
    assert_eq!((one.evaluate(value).await, other.evaluate(value).await), ("left".into(), "right".into()));
}

#[tokio::test]
#[should_panic(expected = "Error: on purpose")]
async fn what_a_page_throws_fails_the_test() {
    let browser = Browser::shared().await;
    browser.tab("about:blank").await.evaluate("(() => { throw new Error('on purpose') })()").await;
}
