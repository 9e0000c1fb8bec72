//! The log on JetStream keeps what every log promises, and a log with faults before it breaks only what these say.

use std::time::Duration;

use crate::support::{Folder, Server, fresh_space, node};
use parlor_chat::log::{Fault, Faulty, contract};
use parlor_chat::storage::{Options, Sqlite};
use parlor_jetstream::JetStreamLog;

#[test]
fn the_log_on_jetstream_keeps_the_contract() {
    let server = Server::start();
    for (name, check) in contract::ALL {
        println!("{name}");
        check(&mut || Box::new(node(&server, &fresh_space())));
    }
}

#[test]
fn the_log_on_jetstream_over_sqlite_keeps_the_contract() {
    let server = Server::start();
    for (name, check) in contract::ALL {
        println!("{name}");
        let folder = Folder::new();
        let mut count = 0;
        check(&mut || {
            count += 1;
            let storage =
                Sqlite::open(folder.path().join(format!("{count}.db")), Options::default()).unwrap();
            let options = parlor_jetstream::Options::new(server.address(), fresh_space());
            Box::new(JetStreamLog::open(options, storage).unwrap())
        });
    }
}

#[test]
fn a_slow_log_on_jetstream_keeps_the_contract() {
    let server = Server::start();
    for (_, check) in contract::ALL {
        check(&mut || {
            let faults = [Fault::Delay(Duration::from_millis(2)), Fault::None];
            Box::new(Faulty::new(node(&server, &fresh_space()), faults))
        });
    }
}
