//! `parlor check`: the server keeps what it acknowledged, whatever happens to it, and a server that does not is found
//! out.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use parlor_tests::client::Client;
use parlor_tests::process::{Folder, Process, built};
use parlor_tests::tools::tool;
use serde_json::{Value, json};

/// How long starting a server may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// What nothing may be wrong with.
const PROMISES: [&str; 8] =
    ["lost", "doubled", "reordered", "gaps", "unread wrong", "refused", "unanswered", "unsettled"];

fn check(arguments: &[&str]) -> Command {
    let mut command = Command::new(built("parlor"));
    command.arg("check").args(arguments);
    command
}

fn text(output: &Output) -> String {
    let of = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    of(&output.stdout) + &of(&output.stderr)
}

/// The rows of a verdict.
fn counts(output: &Output) -> HashMap<String, u64> {
    let row = |line: &str| {
        let (name, count) = line.trim().rsplit_once(' ')?;
        Some((name.trim().to_owned(), count.parse().ok()?))
    };
    text(output).lines().filter_map(row).collect()
}

fn assert_kept(output: &Output) -> HashMap<String, u64> {
    let text = text(output);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    let counts = counts(output);
    for promise in PROMISES {
        assert_eq!(counts.get(promise), Some(&0), "{promise}: {text}");
    }
    assert!(counts["acknowledged"] > 100, "{text}");
    counts
}

/// A server on a port, or on any free one, and its address.
fn serve(folder: &Folder, listen: &str) -> (Process, String) {
    let process = Process::start("parlor", &["--listen", listen], folder);
    let line = process.line_with("listening on http://", SOON);
    (process, line.replace("listening on http://", ""))
}

#[test]
fn nothing_acknowledged_is_lost_by_kills_a_full_disk_and_a_bad_network() {
    let output = check(&["--faults", "--full-disk", "--seconds", "60", "--seed", "1"]).output();
    let counts = assert_kept(&output.expect("it starts"));
    for happened in [
        "kills",
        "upgrades",
        "full disks",
        "try-again",
        "broken off",
        "repeated",
        "cut frames",
        "reconnects",
        "resends",
    ] {
        assert!(counts[happened] > 0, "{happened}: {counts:?}");
    }
}

/// Debian's nats-server 2.9 does not keep one order when it is killed (docs/cluster.md), so it is the one beside the other
/// tools that is harmed.
#[test]
fn nothing_acknowledged_is_lost_by_what_happens_to_a_cluster_and_the_servers_of_its_log() {
    let mut path = vec![tool("nats-server/bin")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = check(&["--cluster", "--faults", "--seconds", "90", "--seed", "1"]);
    let output = command.env("PATH", std::env::join_paths(path).unwrap()).output();
    let counts = assert_kept(&output.expect("it starts"));
    // How many of which there are in this time depends on how long starting takes here.
    let faults = |of: &[&str]| -> u64 {
        let is_one = |fault: &str| of.iter().any(|of| fault.starts_with(of));
        counts.iter().filter(|(fault, _)| is_one(fault)).map(|(_, count)| count).sum()
    };
    assert!(counts["clocks apart"] >= 78, "of the nodes, in seconds: {counts:?}");
    assert!(faults(&["node "]) >= 2, "{counts:?}");
    assert!(faults(&["broker ", "leader ", "majority "]) >= 2, "{counts:?}");
    for happened in ["reconnects", "resends"] {
        assert!(counts[happened] > 0, "{happened}: {counts:?}");
    }
}

/// The processes that have something to do with a folder, by what they were started with.
fn with(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let is_one = |number: &u32| {
        let started = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&started).contains(folder)
    };
    numbers.filter(is_one).collect()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn however_a_check_of_a_cluster_ends_it_leaves_no_process_behind() {
    for signal in ["TERM", "INT", "KILL"] {
        let folder = Folder::new("ended");
        let mut command = check(&["--cluster", "--faults", "--spare-brokers", "--minutes", "10"]);
        let mut process = Process::spawn("check", command.env("TMPDIR", folder.path()));
        wait_for("three nats-servers and three nodes run", || with(folder.path()).len() == 6);
        process.signal(signal);
        process.wait(Duration::from_secs(60));
        wait_for(signal, || with(folder.path()).is_empty());
        if signal != "KILL" {
            wait_for("nothing is left of their data", || {
                fs::read_dir(folder.path()).unwrap().next().is_none()
            });
        }
    }
}

#[test]
fn without_a_server_for_its_log_a_cluster_is_not_checked() {
    let output = check(&["--cluster", "--faults", "--seconds", "1"]).env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("apt-get install nats-server"), "{}", text(&output));
}

/// Where a file system can be mounted, one is filled up to its last octet; elsewhere, as in most containers, the
/// server is forbidden to let its files grow.
#[test]
fn a_full_disk_is_told_and_the_server_goes_on_once_there_is_room() {
    let folder = Folder::new("small-disk");
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let arguments = ["--seconds", "15", "--seed", "7", "--faults"];
    let mount = "mount -t tmpfs -o size=32m tmpfs \"$0\" && exec \"$@\"";
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&disk);
        command
    };
    let output = if in_namespace(mount).arg("true").output().is_ok_and(|output| output.status.success()) {
        let mut command = in_namespace(mount);
        command.arg(built("parlor")).arg("check").args(arguments).arg("--disk").arg(&disk).output()
    } else {
        println!("nothing can be mounted here: the size of files is limited instead");
        check(&arguments).arg("--full-disk").output()
    };
    let counts = assert_kept(&output.expect("it starts"));
    assert!(counts["full disks"] > 0 && counts["try-again"] > 0, "{counts:?}");
}

#[test]
fn only_a_small_empty_disk_is_filled_up() {
    let folder = Folder::new("large-disk");
    fs::write(folder.path().join("precious"), "photographs").unwrap();
    let path = folder.path().to_str().unwrap();
    let output = check(&["--faults", "--seconds", "1", "--disk", path]).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("is not empty, or on a disk of more than 1 GiB"), "{}", text(&output));
}

#[tokio::test]
async fn a_running_server_is_checked_and_what_was_said_is_gone_afterwards() {
    let folder = Folder::new("checked");
    let (_server, address) = serve(&folder, "127.0.0.1:0");
    let url = format!("ws://{address}");
    let output = check(&["--seconds", "8", "--clients", "5", "--bad-network", &url]).output().unwrap();
    let counts = assert_kept(&output);
    assert!(counts["broken off"] + counts["repeated"] > 0, "{counts:?}");
    let mut ann = Client::new(&url).await;
    let rooms = ann.ok(json!({"type": "public_rooms", "after": "check-"})).await;
    let is_checked = |room: &&Value| room["name"].as_str().is_some_and(|name| name.starts_with("check-"));
    let rooms: Vec<&Value> = rooms["rooms"].as_array().unwrap().iter().filter(is_checked).collect();
    assert_eq!(rooms.len(), 3);
    for room in rooms {
        let history = ann.ok(json!({"type": "history", "room": room["room"]})).await;
        assert_eq!(history["messages"], json!([]), "{}", room["name"]);
    }
}

#[test]
fn where_no_server_is_the_check_says_so() {
    let output = check(&["ws://127.0.0.1:9", "--seconds", "1", "--clients", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("Is the server running there?"), "{}", text(&output));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // A server that was killed leaves the socket that it is administered through.
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_server_that_comes_back_with_an_older_copy_of_its_data_fails() {
    let folder = Folder::new("older-copy");
    let (mut server, address) = serve(&folder, "127.0.0.1:0");
    let url = format!("ws://{address}");
    let checking = std::thread::spawn(move || check(&["--seconds", "9", &url]).output().unwrap());
    let (data, older) = (folder.path().join("parlor-data"), folder.path().join("older"));
    std::thread::sleep(Duration::from_secs(4));
    server.kill();
    copy(&data, &older);
    let (mut server, _) = serve(&folder, &address);
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&older, &data).unwrap();
    let (_server, _) = serve(&folder, &address);
    let output = checking.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(counts(&output)["lost"] > 0, "{}", text(&output));
}
