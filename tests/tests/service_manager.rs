//! `parlor` as a service of systemd, which the test stands in for: sockets handed over, and what is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use parlor_tests::process::{Folder, Process, built};
use parlor_tests::successor::Successor;

/// How long starting, stopping or anything in between may take.
const SOON: Duration = Duration::from_secs(10);

/// Starts `parlor` with a socket that is listened on already. What it is told on the command line to listen on could
/// not be.
fn start_with(socket: impl Into<OwnedFd>, folder: &Folder) -> Process {
    // As systemd does it: number 3, inherited, and the number of the process that it is meant for.
    let script = r#"exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(built("parlor")).args(["--listen", "192.0.2.1:1"]);
    Process::spawn_with("parlor", command.current_dir(folder.path()), socket.into().into())
}

fn get(mut stream: impl Read + Write) -> String {
    let mut answer = String::new();
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_to_string(&mut answer)).expect("an answer to the end");
    answer
}

#[test]
fn it_serves_who_waited_at_a_tcp_socket_that_was_handed_over() {
    let (folder, listener) = (Folder::new("activation"), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    // Whoever comes before it runs has to wait, and is not turned away.
    let early = TcpStream::connect(address).unwrap();
    early.set_read_timeout(Some(SOON)).unwrap();
    let mut parlor = start_with(listener, &folder);
    parlor.line_with(&format!("listening on http://{address}"), SOON);
    assert!(get(early).starts_with("HTTP/1.1 200 "));
    assert!(parlor.terminate(SOON).success());
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn it_serves_a_unix_socket_that_was_handed_over_and_leaves_its_file() {
    let folder = Folder::new("activation");
    let path = folder.path().join("parlor.sock");
    let mut parlor = start_with(UnixListener::bind(&path).unwrap(), &folder);
    parlor.line_with(&format!("listening on unix:{}", path.display()), SOON);
    assert!(get(UnixStream::connect(&path).unwrap()).starts_with("HTTP/1.1 200 "));
    assert!(parlor.terminate(SOON).success());
    assert!(path.exists(), "the file is systemd's");
}

#[test]
fn it_listens_on_a_unix_socket_of_its_own() {
    let folder = Folder::new("unix");
    let mut parlor = Process::start("parlor", &["--listen", "unix:parlor.sock"], &folder);
    parlor.line_with("listening on unix:parlor.sock", SOON);
    let path = folder.path().join("parlor.sock");
    assert!(get(UnixStream::connect(&path).unwrap()).starts_with("HTTP/1.1 200 "));
    assert!(parlor.terminate(SOON).success());
    assert!(!path.exists());
}

/// What stands in for a service manager that is told things.
fn notified(folder: &Folder) -> (PathBuf, UnixDatagram) {
    let path = folder.path().join("notify.sock");
    let told = UnixDatagram::bind(&path).expect("the folder is writable");
    told.set_read_timeout(Some(SOON)).expect("it is more than nothing");
    (path, told)
}

/// The next that it is told.
fn next(told: &UnixDatagram) -> String {
    let mut octets = [0; 256];
    let len = told.recv(&mut octets).expect("it is told something");
    String::from_utf8(octets[..len].to_vec()).expect("it is text")
}

#[test]
fn it_tells_when_it_is_ready_that_it_lives_and_that_it_stops() {
    let folder = Folder::new("notify");
    let (path, told) = notified(&folder);
    let next = || next(&told);
    let mut command = Command::new(built("parlor"));
    command.args(["--listen", "127.0.0.1:0"]).current_dir(folder.path());
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let mut parlor = Process::spawn("parlor", &mut command);
    assert_eq!(next(), "READY=1\n");
    parlor.line_with("listening on http://127.0.0.1:", SOON);
    for _ in 0..3 {
        assert_eq!(next(), "WATCHDOG=1\n");
    }
    parlor.signal("TERM");
    let last = std::iter::repeat_with(next).find(|told| told != "WATCHDOG=1\n");
    assert_eq!(last.as_deref(), Some("STOPPING=1\n"));
    assert!(parlor.wait(SOON).success());
}

#[test]
fn it_tells_by_whom_it_is_succeeded_who_then_tells_that_it_lives() {
    let folder = Folder::new("notify");
    let (path, told) = notified(&folder);
    let next = || next(&told);
    // As systemd does it: the watchdog is for the process that it has started.
    let script = r#"export WATCHDOG_PID=$$; exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(built("parlor")).args(["--listen", "127.0.0.1:0"]);
    command.current_dir(folder.path()).env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let mut parlor = Process::spawn("parlor", &mut command);
    assert_eq!(next(), "READY=1\n");
    let output = Command::new(built("parlor")).arg("upgrade").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let main = std::iter::repeat_with(next).find(|told| told.starts_with("MAINPID=")).unwrap();
    let (first, rest) = main.split_once('\n').unwrap();
    assert_eq!(rest, "WATCHDOG=1\n", "it lives, which nobody would hear from itself before");
    let successor = Successor::new(first.trim_start_matches("MAINPID=").parse().unwrap(), &folder);
    assert!(parlor.wait(SOON).success());
    while told.set_nonblocking(true).is_ok() && told.recv(&mut [0; 256]).is_ok() {}
    told.set_nonblocking(false).unwrap();
    assert_eq!(next(), "WATCHDOG=1\n", "the one before has ended, and it does not come from that one");
    successor.ask_to_stop();
    let last = std::iter::repeat_with(next).find(|told| told != "WATCHDOG=1\n");
    assert_eq!(last.as_deref(), Some("STOPPING=1\n"));
}
