//! The `parlor` command as somebody uses it who has only the command.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use parlor_tests::crowd::arrive;
use parlor_tests::process::{Folder, Process, built};

/// How long starting or stopping may take.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn it_says_where_it_listens_and_ends_well_on_either_signal() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new("command");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
        let mut parlor = Process::start("parlor", &arguments, &folder);
        let lines = [(); 2].map(|()| parlor.line_with("listening on http://127.0.0.1:", SOON));
        assert_ne!(lines[0], lines[1]);
        let addresses = lines.map(|line| line.replace("listening on http://", "ws://"));
        let mut one = arrive(&addresses[0]).await;
        let mut other = arrive(&format!("{}/chat", addresses[1])).await;
        one.send("both doors lead into one lobby").await.unwrap();
        assert!(other.recv().await.unwrap().as_text().unwrap().ends_with(": both doors lead into one lobby"));

        parlor.signal(signal);
        for ws in [&mut one, &mut other] {
            while ws.recv().await.is_some() {}
            let closed = ws.closed().unwrap();
            assert_eq!(closed.code.get(), 1012, "SIG{signal}");
            assert!(closed.reason.contains("retry-after="), "{}", closed.reason);
        }
        let status = tokio::task::spawn_blocking(move || parlor.wait(SOON)).await.unwrap();
        assert!(status.success(), "{status} after SIG{signal}");
    }
}

#[test]
fn an_address_that_is_taken_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new("taken");
    let mut command = Command::new(built("parlor"));
    let output = command.args(["--listen", &address]).current_dir(folder.path()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.starts_with(&format!("parlor: cannot listen on {address}: ")), "{error}");
    assert!(error.contains("--listen ADDR"), "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn options_come_from_the_environment_too_and_bad_ones_are_refused() {
    let folder = Folder::new("environment");
    let mut command = Command::new(built("parlor"));
    command.current_dir(folder.path()).env("PARLOR_LISTEN", "127.0.0.1:0");
    let mut parlor = Process::spawn("parlor", &mut command);
    parlor.line_with("listening on http://127.0.0.1:", SOON);
    assert!(parlor.terminate(SOON).success());

    let output = Command::new(built("parlor")).args(["--idle-timeout", "soon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--idle-timeout"));

    let mut command = Command::new(built("parlor"));
    let output = command.env("PARLOR_IDLE_TIMEOUT", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("parlor: PARLOR_IDLE_TIMEOUT=soon in the environment is not allowed: "),
        "{error}"
    );
}

#[test]
fn a_configuration_in_the_working_directory_is_in_force_and_shown() {
    let folder = Folder::new("configuration");
    let file = "[server]\nlisten = ['127.0.0.1:0']\ndata = 'elsewhere'\n";
    std::fs::write(folder.path().join("parlor.toml"), file).unwrap();
    let mut parlor = Process::start::<&str>("parlor", &[], &folder);
    parlor.line_with("listening on http://127.0.0.1:", SOON);
    parlor.line_with("keeping everything in elsewhere", SOON);
    let shown = Command::new(built("parlor")).arg("config").current_dir(folder.path()).output().unwrap();
    assert!(shown.status.success());
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("# parlor.toml, line 3"), "{shown}");

    let second = Command::new(built("parlor")).current_dir(folder.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let error = String::from_utf8(second.stderr).unwrap();
    let sentence =
        format!("parlor: the data folder elsewhere is in use by another process ({})", parlor.id());
    assert!(error.starts_with(&sentence), "{error}");
    assert!(parlor.terminate(SOON).success());
}
