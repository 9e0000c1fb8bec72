//! What the server tells about itself while it runs, on standard error.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Our own crates. What others tell at their lowest levels may be what they were given: a token, a key.
const OURS: [&str; 4] = ["parlor", "parlor_chat", "websocket_hub", "websocket_driver"];

/// What others may tell at most.
const OTHERS: LevelFilter = LevelFilter::WARN;

/// Tells from now on what is of this level or weightier.
pub(crate) fn start(level: LevelFilter) {
    if level == LevelFilter::OFF {
        return;
    }
    let targets = Targets::new().with_default(level.min(OTHERS));
    let targets = OURS.into_iter().fold(targets, |targets, name| targets.with_target(name, level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(targets).with(lines).init();
}
