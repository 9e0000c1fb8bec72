//! What keeps a node from starting is told, with what to do about it.

use std::fs;

use parlor_tests::broker::Broker;
use parlor_tests::process::Folder;

use crate::node::{Node, SOON, parlor};

/// Starts a server that must not start, and returns what it says.
#[track_caller]
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let output = parlor(folder, &[&["--listen", "127.0.0.1:0"], arguments].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
    error
}

#[test]
fn a_cluster_that_is_not_as_it_has_to_be_is_told_in_words() {
    let broker = Broker::start();
    let address = broker.address();
    let folder = Folder::new("refused");
    let login = folder.path().join("login");
    fs::write(&login, "token").expect("the folder is the test's own");
    fs::set_permissions(&login, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("it is there");
    // Nobody listens at port 1.
    for (arguments, sentence) in [
        (
            &["--cluster", "nats://127.0.0.1:1"][..],
            "Look whether they run, whether --cluster ADDR names them",
        ),
        (&["--cluster", &address], "the stream parlor-main cannot be made on 3 of them"),
        (&["--cluster", &address, "--cluster-login", "login"], "run `chmod o-rwx login`"),
        (
            &["--cluster", &address, "--cluster-login", "none.txt"],
            "none.txt (--cluster-login) cannot be read",
        ),
        (&["--cluster", &address, "--cluster-cert", "cert.pem"], "--cluster-key FILE is missing"),
    ] {
        let error = refused(&folder, arguments);
        assert!(error.contains(sentence), "{arguments:?}: {error}");
    }
}

#[test]
fn a_data_folder_stays_with_whom_it_was_made_for() {
    let broker = Broker::start();
    let node = Node::join(&broker).stop();
    let error = refused(&node, &[]);
    assert!(error.contains("is a node's of the space main. Start it with --cluster ADDR"), "{error}");
    let alone = Folder::new("alone");
    let mut server = parlor_tests::process::Process::start("parlor", &["--listen", "127.0.0.1:0"], &alone);
    server.line_with("keeping everything in", SOON);
    assert!(server.terminate(SOON).success());
    let error = refused(&alone, &["--cluster", &broker.address(), "--cluster-replicas", "1"]);
    assert!(error.contains("holds a server of its own") && error.contains("--data DIR"), "{error}");
}
