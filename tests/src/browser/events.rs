//! What a tab's events come to: how often it has loaded, and everything it complained about.

use serde_json::Value;

/// What is known of one tab.
#[derive(Default)]
pub(super) struct Session {
    /// How many pages have finished loading.
    pub(super) loads: u64,
    /// Errors and warnings of the console, uncaught exceptions, what the network and the content security
    /// policy refused.
    pub(super) complaints: Vec<String>,
    /// What the browser noted, as far as it has been handed over.
    pub(super) trace: Vec<Value>,
    /// Whether that is all.
    pub(super) is_traced: bool,
}

impl Session {
    pub(super) fn note(&mut self, method: &str, parameters: &Value) {
        match method {
            "Page.loadEventFired" => self.loads += 1,
            "Tracing.dataCollected" => {
                self.trace.extend(parameters["value"].as_array().into_iter().flatten().cloned());
            }
            "Tracing.tracingComplete" => self.is_traced = true,
            "Inspector.targetCrashed" => self.complaints.push("the tab crashed".into()),
            "Runtime.consoleAPICalled" => self.complaints.extend(of_console(parameters)),
            "Runtime.exceptionThrown" => self.complaints.push(exception(&parameters["exceptionDetails"])),
            "Log.entryAdded" => self.complaints.extend(of_log(&parameters["entry"])),
            _ => {}
        }
    }
}

/// The words of an exception.
pub(super) fn exception(details: &Value) -> String {
    let description = details["exception"]["description"].as_str();
    // What is thrown need not be an error.
    let thrown = description.map_or_else(|| details["exception"]["value"].to_string(), String::from);
    format!("{}: {thrown}", details["text"].as_str().unwrap_or("exception"))
}

fn of_console(parameters: &Value) -> Option<String> {
    let kind = parameters["type"].as_str().filter(|kind| ["error", "warning", "assert"].contains(kind))?;
    let arguments = parameters["args"].as_array()?.iter();
    let said = arguments.map(|argument| match (&argument["value"], argument["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (_, Some(description)) => description.to_string(),
        (value, None) => value.to_string(),
    });
    Some(format!("console {kind}: {}", said.collect::<Vec<_>>().join(" ")))
}

fn of_log(entry: &Value) -> Option<String> {
    let level = entry["level"].as_str().filter(|level| ["error", "warning"].contains(level))?;
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_string();
    Some(format!("{} {level}: {} {}", text("source"), text("text"), text("url")))
}
