//! The connection to a browser's DevTools: answers find their calls by number, events their tab by session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use websocket_client::{Config, Connector, WebSocket};

use super::events::Session;

/// No call of a test takes that long; without a limit a hanging browser would hang the test.
const ANSWER: Duration = Duration::from_secs(30);
/// Screenshots come as one message.
const MAX_MESSAGE: u64 = 256 << 20;

/// What a call came to: its result, or the browser's words for what went wrong.
pub(super) type Answer = Result<Value, String>;

type Sessions = Arc<Mutex<HashMap<String, Session>>>;

/// One connection for all tabs. It lives on a thread of its own, since every test has a runtime of its own and
/// tests share a browser.
pub(super) struct Devtools {
    calls: mpsc::UnboundedSender<Call>,
    sessions: Sessions,
}

struct Call {
    session: Option<String>,
    method: &'static str,
    parameters: Value,
    answer: Option<oneshot::Sender<Answer>>,
}

impl Devtools {
    /// Connects to the address that the browser has published.
    pub(super) async fn connect(address: String) -> Result<Devtools, String> {
        let (calls, queue) = mpsc::unbounded_channel();
        let sessions = Sessions::default();
        let (connected, outcome) = oneshot::channel();
        let shared = sessions.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime for the browser's connection: {error}"))?;
        thread::spawn(move || {
            runtime.block_on(async move {
                match connect(&address).await {
                    Ok(socket) => {
                        _ = connected.send(Ok(()));
                        converse(socket, queue, &shared).await;
                    }
                    Err(error) => _ = connected.send(Err(error)),
                }
            });
        });
        outcome.await.map_err(|_| "the thread of the browser's connection ended".to_string())??;
        Ok(Devtools { calls, sessions })
    }

    /// Calls a method and waits for its answer.
    pub(super) async fn call(
        &self,
        session: Option<&str>,
        method: &'static str,
        parameters: Value,
    ) -> Answer {
        let (answer, received) = oneshot::channel();
        self.send(session, method, parameters, Some(answer));
        match tokio::time::timeout(ANSWER, received).await {
            Ok(Ok(answer)) => answer.map_err(|error| format!("{method}: {error}")),
            Ok(Err(_)) => Err(format!("{method}: the browser is gone")),
            Err(_) => Err(format!("{method}: no answer within {ANSWER:?}")),
        }
    }

    /// Calls a method without waiting for its answer.
    pub(super) fn tell(&self, method: &'static str, parameters: Value) {
        self.send(None, method, parameters, None);
    }

    /// What is known of a session by the events that have arrived.
    pub(super) fn session<R>(&self, session: &str, look: impl FnOnce(&mut Session) -> R) -> R {
        look(lock(&self.sessions).entry(session.to_string()).or_default())
    }

    fn send(
        &self,
        session: Option<&str>,
        method: &'static str,
        parameters: Value,
        answer: Option<oneshot::Sender<Answer>>,
    ) {
        // Where the connection is gone, the answer's channel goes with the call, and that says so.
        _ = self.calls.send(Call { session: session.map(String::from), method, parameters, answer });
    }
}

async fn connect(address: &str) -> Result<WebSocket, String> {
    // The browser is on this machine; how long it may think is the matter of each call.
    let config = Config {
        max_frame: MAX_MESSAGE,
        max_message: MAX_MESSAGE,
        ping_interval: None,
        idle_timeout: None,
        ..Config::default()
    };
    let connector = Connector::new().config(config).timeout(Duration::from_secs(10));
    connector.connect(address).await.map_err(|error| format!("{address}: {error}"))
}

/// Sends calls and distributes what comes, until one side goes. Then all open calls are dropped, which ends them.
async fn converse(mut socket: WebSocket, mut queue: mpsc::UnboundedReceiver<Call>, sessions: &Sessions) {
    let mut waiting: HashMap<u64, oneshot::Sender<Answer>> = HashMap::new();
    let mut last = 0;
    loop {
        tokio::select! {
            call = queue.recv() => {
                let Some(call) = call else { return };
                last += 1;
                let mut message = json!({ "id": last, "method": call.method, "params": call.parameters });
                if let Some(session) = call.session {
                    message["sessionId"] = Value::String(session);
                }
                if let Some(answer) = call.answer {
                    waiting.insert(last, answer);
                }
                if socket.send(message.to_string()).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => {
                let Some(message) = message else { return };
                let message = serde_json::from_slice(message.as_bytes()).expect("DevTools speak JSON");
                deliver(message, &mut waiting, sessions);
            }
        }
    }
}

fn deliver(mut message: Value, waiting: &mut HashMap<u64, oneshot::Sender<Answer>>, sessions: &Sessions) {
    if let Some(id) = message["id"].as_u64() {
        let answer = match message.get("error") {
            Some(error) => Err(error["message"].as_str().unwrap_or("an error without words").to_string()),
            None => Ok(message["result"].take()),
        };
        if let Some(waiting) = waiting.remove(&id) {
            _ = waiting.send(answer);
        }
    } else if let (Some(session), Some(method)) = (message["sessionId"].as_str(), message["method"].as_str())
    {
        lock(sessions).entry(session.to_string()).or_default().note(method, &message["params"]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
