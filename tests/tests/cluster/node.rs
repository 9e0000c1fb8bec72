//! A node of a test's cluster.

use std::collections::VecDeque;
use std::process::{Command, Output};
use std::time::Duration;

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use parlor_tests::process::{Folder, Process, built};
use parlor_tests::successor::Successor;
use serde_json::{Value, json};

/// How long starting or stopping may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The lobby's id.
pub(crate) const LOBBY: &str = "0000000000001";

/// A node with its data.
pub(crate) struct Node {
    process: Process,
    folder: Folder,
    pub(crate) address: String,
    arguments: Vec<String>,
}

impl Node {
    /// A new node with an empty folder, which takes as much as comes.
    pub(crate) fn join(broker: &Broker) -> Node {
        Node::join_with(broker, Folder::new("node"), &[])
    }

    /// One with more settings, in a folder that may have something in it.
    pub(crate) fn join_with(broker: &Broker, folder: Folder, more: &[&str]) -> Node {
        let ample = ["--requests-per-second=1000000", "--request-burst=1000000"];
        Node::join_limited(broker, folder, &[&ample, more].concat())
    }

    /// One that takes no more than these settings say.
    pub(crate) fn join_limited(broker: &Broker, folder: Folder, settings: &[&str]) -> Node {
        let broker = broker.address();
        let mut arguments = vec!["--cluster", &broker, "--cluster-replicas=1"];
        arguments.extend(settings);
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let (process, address) = Process::parlor(&folder, &arguments, SOON);
        Node { process, folder, address, arguments }
    }

    /// Where its data is.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The last lines that it printed.
    pub(crate) fn said(&self) -> String {
        self.process.report()
    }

    /// Kills it as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again where it was.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.address) = Process::parlor(&self.folder, &self.arguments, SOON);
    }

    /// Ends it as whoever runs it does, waits until these have been told, and starts it again.
    pub(crate) async fn end_and_start_again(&mut self, told: &mut [Client]) {
        self.process.signal("TERM");
        for client in told {
            assert_eq!(client.ended().await, 1012);
        }
        self.process.wait(SOON);
        self.start_again();
    }

    /// Ends it, and leaves its data.
    pub(crate) fn stop(mut self) -> Folder {
        let status = self.process.terminate(SOON);
        assert!(status.success(), "{status}{}", self.process.report());
        self.folder
    }

    /// Has it succeeded by the same program, and waits until it has ended.
    pub(crate) async fn succeed(&self) -> Successor {
        let mut command = Command::new(built("parlor"));
        let mut upgrade = Process::spawn("upgrade", command.arg("upgrade").current_dir(self.folder.path()));
        while upgrade.is_running() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Successor::said(&upgrade.line_with("process ", SOON), &self.folder)
    }

    /// Wants it to be succeeded.
    pub(crate) fn upgrade(&self) -> Output {
        parlor(&self.folder, &["upgrade"])
    }

    /// What makes the first owner. Only what the node that started last has printed is good.
    pub(crate) fn ownership(&self) -> String {
        let line = self.process.line_with("#own=", SOON);
        line.rsplit_once("#own=").expect("it is in the line").1.to_owned()
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(&self.address).await
    }

    /// Somebody new who hears everything that is said in the lobby, from its beginning on.
    pub(crate) async fn listener(&self) -> Listener {
        let mut client = self.client().await;
        let answer = client.ok(json!({"type": "subscribe", "room": LOBBY, "after": 0})).await;
        let told = answer["events"].as_array().expect("nothing is too long ago").clone();
        Listener { client, told: told.into() }
    }

    pub(crate) async fn back(&self, token: &str) -> Client {
        Client::back(&self.address, token).await
    }
}

/// Says something in the lobby under a key.
pub(crate) fn post(text: &str) -> Value {
    json!({"type": "post", "room": LOBBY, "text": text, "key": text})
}

/// Somebody who listens in the lobby.
pub(crate) struct Listener {
    pub(crate) client: Client,
    /// What was told at once when they came.
    told: VecDeque<Value>,
}

impl Listener {
    /// What was said since the last call, up to a text.
    pub(crate) async fn said_up_to(&mut self, last: &str) -> Vec<String> {
        let mut said = Vec::new();
        while said.last().is_none_or(|text| text != last) {
            let event = match self.told.pop_front() {
                Some(event) => event,
                None => self.client.event().await,
            };
            if event["type"] == "posted" {
                said.push(event["text"].as_str().expect("a text was posted").to_owned());
            }
        }
        said
    }
}

/// Runs the command to its end in a folder.
pub(crate) fn parlor(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(built("parlor")).args(arguments).current_dir(folder.path()).output().expect("it is built")
}
