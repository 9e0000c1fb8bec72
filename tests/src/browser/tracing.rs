//! What Chromium itself notes while a page is at work: when it painted, and how long its main thread was busy at a time.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::tab::Tab;

/// What is noted: paints, navigations and tasks.
const CATEGORIES: &str = "loading,blink.user_timing,toplevel,disabled-by-default-devtools.timeline";
/// How long the browser may take to hand over what it has noted.
const HANDING_OVER: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A network and a processor slower than ours.
#[derive(Clone, Copy, Debug)]
pub struct Slowness {
    /// From a request to the first octet of its answer.
    pub latency: Duration,
    /// Octets a second towards the page.
    pub down: u64,
    /// Octets a second from the page.
    pub up: u64,
    /// How many times slower the processor is.
    pub processor: u32,
}

impl Slowness {
    /// A phone of the middle class on a mobile network, with the figures by which Lighthouse judges pages.
    pub const PHONE: Slowness =
        Slowness { latency: Duration::from_millis(150), down: 204_800, up: 96_000, processor: 4 };
}

/// A piece of work of a page's main thread, during which nobody could type.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// From its beginning to its end.
    pub took: Duration,
    /// What of that the processor worked for it, however many others wanted it, too.
    pub computed: Duration,
}

/// What was noted of one tab.
#[derive(Debug)]
pub struct Trace(Vec<Value>);

impl Trace {
    /// How long after the last navigation something with words was painted first.
    pub fn first_paint(&self) -> Option<Duration> {
        self.after_navigation(|event| event["name"] == "firstContentfulPaint").next()
    }

    /// How long after the last navigation the largest thing was painted that there was before somebody touched the page.
    pub fn largest_paint(&self) -> Option<Duration> {
        self.after_navigation(|event| event["name"] == "largestContentfulPaint::Candidate").last()
    }

    /// How long the tasks of the page's main thread took, the longest first.
    pub fn tasks(&self) -> Vec<Task> {
        let is_main =
            |event: &&Value| event["name"] == "thread_name" && event["args"]["name"] == "CrRendererMain";
        let threads: HashSet<_> = self.0.iter().filter(is_main).map(thread).collect();
        let of_main = |event: &&Value| event["name"] == "RunTask" && threads.contains(&thread(event));
        let took = |event: &Value, field: &str| event[field].as_u64().map(Duration::from_micros);
        let task = |event| Some(Task { took: took(event, "dur")?, computed: took(event, "tdur")? });
        let mut tasks: Vec<_> = self.0.iter().filter(of_main).filter_map(task).collect();
        tasks.sort_unstable_by_key(|task| std::cmp::Reverse(task.took));
        tasks
    }

    fn after_navigation(&self, is_wanted: impl Fn(&Value) -> bool) -> impl Iterator<Item = Duration> {
        let is_page = |event: &&Value| {
            let address = event["args"]["data"]["documentLoaderURL"].as_str().unwrap_or_default();
            event["name"] == "navigationStart" && address.starts_with("http")
        };
        let begun = self.0.iter().filter(is_page).max_by_key(|event| event["ts"].as_u64());
        let navigation = |event: &Value| event["args"]["data"]["navigationId"].clone();
        let wanted = move |event: &&Value| {
            is_wanted(event) && begun.is_some_and(|begun| navigation(begun) == navigation(event))
        };
        self.0.iter().filter(wanted).filter_map(move |event| {
            let (from, to) = (begun?["ts"].as_u64()?, event["ts"].as_u64()?);
            Some(Duration::from_micros(to.checked_sub(from)?))
        })
    }
}

fn thread(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().unwrap_or_default(), event["tid"].as_u64().unwrap_or_default())
}

impl Tab {
    /// Makes the tab's network and processor slow, or as they are.
    pub async fn set_slowness(&self, slowness: Option<Slowness>) {
        let (latency, down, up, processor) = match slowness {
            Some(Slowness { latency, down, up, processor }) => {
                (latency.as_millis(), json!(down), json!(up), processor)
            }
            None => (0, json!(-1), json!(-1), 1),
        };
        let conditions = json!({
            "offline": false, "latency": latency, "downloadThroughput": down, "uploadThroughput": up,
        });
        self.call("Network.emulateNetworkConditions", conditions).await;
        self.call("Emulation.setCPUThrottlingRate", json!({ "rate": processor })).await;
    }

    /// Forgets everything about a site but who one is there: as after a long time.
    pub async fn forget(&self, origin: &str) {
        let kinds = "service_workers,cache_storage,indexeddb,local_storage,shader_cache";
        self.call("Storage.clearDataForOrigin", json!({ "origin": origin, "storageTypes": kinds })).await;
        self.call("Network.clearBrowserCache", json!({})).await;
    }

    /// Fetches nothing from addresses with these endings from now on.
    pub async fn block(&self, endings: &[&str]) {
        let patterns: Vec<_> = endings.iter().map(|ending| format!("*{ending}")).collect();
        self.call("Network.setBlockedURLs", json!({ "urls": patterns })).await;
    }

    /// What the browser notes while something is done. It notes all of its tabs, so nobody else should use it meanwhile.
    ///
    /// # Panics
    ///
    /// When it does not hand over what it has noted.
    pub async fn traced(&self, done: impl Future<Output = ()>) -> Trace {
        let wanted = json!({ "recordMode": "recordAsMuchAsPossible", "includedCategories": CATEGORIES.split(',').collect::<Vec<_>>() });
        self.call("Tracing.start", json!({ "transferMode": "ReportEvents", "traceConfig": wanted })).await;
        done.await;
        self.call("Tracing.end", json!({})).await;
        let deadline = Instant::now() + HANDING_OVER;
        loop {
            if let Some(trace) = self.take_trace() {
                return Trace(trace);
            }
            assert!(
                Instant::now() < deadline,
                "the browser does not hand over its notes within {HANDING_OVER:?}"
            );
            tokio::time::sleep(POLL).await;
        }
    }
}
