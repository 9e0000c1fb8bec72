//! A tab: goes to pages, asks them, looks at them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::devtools::{Answer, Devtools};
use super::events::exception;

/// How long a page may take to load.
const LOADING: Duration = Duration::from_secs(20);
/// How often a page is asked whether what is waited for has happened.
const POLL: Duration = Duration::from_millis(20);
/// What Chromium says between two pages, when there is nobody to ask.
const BETWEEN_PAGES: [&str; 3] =
    ["context was destroyed", "Cannot find default execution context", "navigated or closed"];

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Whether it is a phone: with fingers in place of a mouse, and finer pixels.
    pub phone: bool,
}

/// Somebody's own cookies and storage; dropping it closes all that is open in it.
struct Profile {
    devtools: Arc<Devtools>,
    id: String,
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.devtools.tell("Target.disposeBrowserContext", json!({ "browserContextId": self.id }));
    }
}

/// A tab of a browser; dropping it closes it. It counts as visible and focused, whatever else is open.
pub struct Tab {
    devtools: Arc<Devtools>,
    profile: Arc<Profile>,
    target: String,
    session: String,
}

impl Tab {
    /// A tab of somebody new.
    pub(super) async fn open(devtools: Arc<Devtools>) -> Tab {
        let created = expect(devtools.call(None, "Target.createBrowserContext", json!({})).await);
        let id = text(&created["browserContextId"]);
        let profile = Arc::new(Profile { devtools: devtools.clone(), id });
        Tab::open_in(profile).await
    }

    /// Another tab of the same person.
    pub async fn beside(&self) -> Tab {
        Tab::open_in(self.profile.clone()).await
    }

    async fn open_in(profile: Arc<Profile>) -> Tab {
        let devtools = profile.devtools.clone();
        // In one window, only one tab would be visible.
        let blank = json!({ "url": "about:blank", "newWindow": true, "browserContextId": profile.id });
        let created = expect(devtools.call(None, "Target.createTarget", blank).await);
        let target = text(&created["targetId"]);
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = expect(devtools.call(None, "Target.attachToTarget", attach).await);
        let tab = Tab { devtools, profile, target, session: text(&attached["sessionId"]) };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            tab.call(domain, json!({})).await;
        }
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        tab.set_screen(Screen { width: 1280, height: 800, phone: false }).await;
        tab
    }

    /// Goes to a page, and waits until it has loaded.
    ///
    /// # Panics
    ///
    /// When it does not load.
    pub async fn navigate(&self, url: &str) {
        let before = self.loads();
        let answer = self.call("Page.navigate", json!({ "url": url })).await;
        if let Some(error) = answer["errorText"].as_str() {
            panic!("{url} does not load: {error}");
        }
        self.loaded(before).await;
    }

    /// Loads the page again, and waits until it has loaded.
    ///
    /// # Panics
    ///
    /// When it does not load.
    pub async fn reload(&self) {
        let before = self.loads();
        self.call("Page.reload", json!({})).await;
        self.loaded(before).await;
    }

    /// How many pages have finished loading in the tab.
    pub fn loads(&self) -> u64 {
        self.devtools.session(&self.session, |session| session.loads)
    }

    async fn loaded(&self, before: u64) {
        let deadline = Instant::now() + LOADING;
        while self.loads() == before {
            assert!(Instant::now() < deadline, "the page has not loaded within {LOADING:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// The value of an expression; a promise is waited for.
    ///
    /// # Panics
    ///
    /// When the expression throws.
    pub async fn evaluate(&self, expression: &str) -> Value {
        self.try_evaluate(expression).await.unwrap_or_else(|error| panic!("{error}\n    in: {expression}"))
    }

    async fn try_evaluate(&self, expression: &str) -> Answer {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.devtools.call(Some(&self.session), "Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(exception(details)),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true, or a promise that it gives is.
    ///
    /// # Panics
    ///
    /// When it does not become true in time, with what the page shows instead; when it throws.
    pub async fn wait_for(&self, condition: &str, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            match self.try_evaluate(&format!("Promise.resolve({condition}).then(Boolean)")).await {
                Ok(Value::Bool(true)) => return,
                Ok(_) => {}
                Err(error) if BETWEEN_PAGES.iter().any(|words| error.contains(words)) => {}
                Err(error) => panic!("{error}\n    in: {condition}"),
            }
            if Instant::now() >= deadline {
                let shown = self.try_evaluate("document.body.innerText").await;
                let complaints = self.complaints();
                panic!(
                    "not within {within:?}: {condition}\n    the page shows: {shown:?}\n    \
                     it complained: {complaints:?}"
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Errors and warnings of the console, uncaught exceptions and violations of the content security policy
    /// since the tab was opened.
    pub fn complaints(&self) -> Vec<String> {
        self.devtools.session(&self.session, |session| session.complaints.clone())
    }

    /// Writes what the tab shows as a PNG, over what was there.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    pub async fn screenshot(&self, path: &Path) {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        let image = STANDARD.decode(text(&answer["data"])).expect("Chromium writes correct Base64");
        let written =
            path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, image));
        written.unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }

    /// Shows the page on another screen.
    pub async fn set_screen(&self, screen: Screen) {
        let Screen { width, height, phone } = screen;
        let scale = if phone { 2 } else { 1 };
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let touch =
            if phone { json!({ "enabled": true, "maxTouchPoints": 5 }) } else { json!({ "enabled": false }) };
        self.call("Emulation.setTouchEmulationEnabled", touch).await;
    }

    /// What the reader prefers, as media features, such as `("prefers-color-scheme", "dark")`.
    pub async fn set_preferences(&self, features: &[(&str, &str)]) {
        let features = features.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        let features = features.collect::<Vec<_>>();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Takes the network away from the tab, or gives it back.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", conditions).await;
    }

    /// Switches scripts off, or on again, for the pages that the tab opens from now on.
    pub async fn set_scripts(&self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !run })).await;
    }

    /// Runs a script in every page that the tab opens from now on, before the page's own.
    pub async fn before_each_page(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Has an authenticator in the machine from now on, that makes passkeys, knows its owner, and never waits for them.
    pub async fn add_authenticator(&self) {
        self.call("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }

    /// Everything that the browser has noted, once it is here.
    pub(super) fn take_trace(&self) -> Option<Vec<Value>> {
        self.devtools.session(&self.session, |session| {
            std::mem::take(&mut session.is_traced).then(|| std::mem::take(&mut session.trace))
        })
    }

    /// Closes the tab, as its user would.
    pub async fn close(self) {
        let target = json!({ "targetId": self.target });
        expect(self.devtools.call(None, "Target.closeTarget", target).await);
    }

    /// Calls a method of the tab's session.
    pub(super) async fn call(&self, method: &'static str, parameters: Value) -> Value {
        expect(self.devtools.call(Some(&self.session), method, parameters).await)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.devtools.tell("Target.closeTarget", json!({ "targetId": self.target }));
    }
}

fn expect(answer: Answer) -> Value {
    answer.unwrap_or_else(|error| panic!("{error}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("DevTools keep to their protocol").to_string()
}
