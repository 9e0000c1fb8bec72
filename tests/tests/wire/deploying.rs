//! The examples of docs/deploying.md, as far as the programs are there that read them.

use std::fs;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::http1::{exchange, request};
use parlor_tests::process::{Folder, Process, built};

use crate::server::{SOON, Server};

const DOCUMENT: &str = include_str!("../../../docs/deploying.md");

/// The examples in a language.
fn examples(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    let parts = DOCUMENT.split(&begin).skip(1);
    parts.map(|part| part.split("```").next().unwrap()).collect()
}

#[test]
fn systemd_understands_the_units() {
    let folder = Folder::new("units");
    let parlor = built("parlor");
    let mut paths = Vec::new();
    for unit in examples("ini") {
        let (first, _) = unit.split_once('\n').unwrap();
        let path = folder.path().join(first.rsplit('/').next().unwrap());
        fs::write(&path, unit.replace("/usr/local/bin/parlor", parlor.to_str().unwrap())).unwrap();
        paths.push(path);
    }
    assert_eq!(paths.len(), 2);
    let output = Command::new("systemd-analyze").arg("verify").args(&paths).output();
    let output = output.expect("systemd-analyze is there: apt-get install systemd");
    let said = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("parlor.")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn haproxy_says_who_connects() {
    let server = Server::start("haproxy", &["--proxy-protocol", "--trusted-proxies", "127.0.0.1"]);
    let socket = server.folder.path().join("haproxy.sock");
    let [example] = examples("haproxy")[..] else { panic!("there is one example") };
    let example = example.replace("0.0.0.0:443", &format!("unix@{}", socket.display()));
    let example = example.replace("127.0.0.1:8080", &server.address);
    let path = server.folder.path().join("haproxy.cfg");
    fs::write(&path, example).unwrap();
    let _haproxy = Process::spawn("haproxy", Command::new("haproxy").args(["-db", "-f"]).arg(&path));
    let deadline = Instant::now() + SOON;
    let stream = loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(10));
    };
    stream.set_read_timeout(Some(SOON)).unwrap();
    let answer = exchange(stream, &request("localhost", "GET /healthz", &[], b""));
    assert_eq!((answer.status, answer.text().as_str()), (200, "alive\n"));
}
