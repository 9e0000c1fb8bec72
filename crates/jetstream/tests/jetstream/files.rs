//! Files in the servers' object store: what one node puts there every node has, and what is erased is nowhere.

use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use parlor_chat::Trouble;
use parlor_chat::log::Log;
use parlor_jetstream::{Leftovers, Listed, Options, SharedFiles};

use crate::support::{Server, append, arrive, fresh_space, node, post};

/// More than two pieces, and nothing that comes again in it.
fn octets(number: u8) -> Vec<u8> {
    let octets = (0..300_001_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3] ^ number);
    octets.collect()
}

/// Two nodes and what they share.
fn nodes(server: &Server, space: &str) -> [SharedFiles; 2] {
    [(); 2].map(|()| node(server, space).files(&Options::new(server.address(), space)).unwrap())
}

fn fetched(files: &SharedFiles, name: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    files.fetch(name, &mut octets).unwrap().then_some(octets)
}

fn names(listed: &Listed) -> Vec<&str> {
    let mut names: Vec<_> = listed.files.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_one_node_puts_there_another_has_whole() {
    let server = Server::start();
    let [one, other] = nodes(&server, &fresh_space());
    assert_eq!(other.list(0).unwrap(), Listed { is_all: true, ..Listed::default() });
    for (name, octets) in [("large", octets(1)), ("exact", vec![7; 256 * 1024]), ("empty", Vec::new())] {
        one.put(name, &format!("about {name}"), &*octets).unwrap();
        assert!(fetched(&other, name) == Some(octets), "{name}");
    }
    assert_eq!(fetched(&other, "another"), None);
    let listed = other.list(0).unwrap();
    assert_eq!(names(&listed), ["empty", "exact", "large"]);
    assert!(listed.files.contains(&("large".into(), "about large".into())), "{listed:?}");
    // From there on only what is new is told.
    one.put("new", "about new", &b"octets"[..]).unwrap();
    let later = other.list(listed.up_to).unwrap();
    assert_eq!((names(&later), later.is_all), (vec!["new"], false));
    assert_eq!(names(&other.list(later.up_to).unwrap()), [""; 0]);
    // What was looked at is another stream's.
    let anew = other.list(later.up_to + 1_000).unwrap();
    assert_eq!((anew.files.len(), anew.is_all), (4, true));
}

#[test]
fn what_is_put_again_is_there_once_and_as_it_was_first() {
    let server = Server::start();
    let [one, other] = nodes(&server, &fresh_space());
    one.put("file", "first", &*octets(1)).unwrap();
    other.put("file", "second", &*octets(2)).unwrap();
    let listed = one.list(0).unwrap();
    assert_eq!(listed.files, [("file".into(), "first".into())]);
    assert!(fetched(&one, "file") == Some(octets(1)));
    // Two at the same time: whoever comes first or last, it is one of both, and whole.
    thread::scope(|scope| {
        for (files, number) in [(&one, 3), (&other, 4)] {
            scope.spawn(move || files.put("both", "both", &*octets(number)).unwrap());
        }
    });
    let both = fetched(&one, "both").unwrap();
    assert!(both == octets(3) || both == octets(4));
    one.erase("both").unwrap();
    assert_eq!(fetched(&other, "both"), None);
}

/// How often a secret stands in the files of a folder.
fn found(folder: &Path, secret: &[u8]) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: std::path::PathBuf| match path.is_dir() {
        true => found(&path, secret),
        // It may have been removed meanwhile.
        false => std::fs::read(&path).map_or(0, |octets| count(&octets, secret)),
    };
    entries.map(count).sum()
}

fn count(octets: &[u8], secret: &[u8]) -> usize {
    octets.windows(secret.len()).filter(|window| *window == secret).count()
}

#[test]
fn what_is_erased_is_overwritten_on_the_disk_of_the_server_and_the_rest_stays() {
    let server = Server::start();
    let [one, other] = nodes(&server, "main");
    let stream = server.folder().join("jetstream/$G/streams/OBJ_parlor-main-FILES");
    let secret = b"what nobody may read any more";
    for name in ["first", "erased", "last"] {
        one.put(name, name, &*[&octets(1), &secret[..], &octets(2)].concat()).unwrap();
    }
    let (before, of_rest) = (found(&stream, secret), found(&stream, b"\"name\":\"last\""));
    assert!(before >= 3 && of_rest > 0, "{before} and {of_rest} times");
    // Both nodes follow the same log, and do it at the same time.
    thread::scope(|scope| {
        for files in [&one, &other] {
            scope.spawn(move || files.erase("erased").unwrap());
        }
    });
    one.erase("erased").unwrap();
    one.erase("another").unwrap();
    assert_eq!(fetched(&other, "erased"), None);
    assert_eq!(names(&other.list(0).unwrap()), ["first", "last"]);
    assert_eq!(found(&stream, b"\"name\":\"erased\""), 0);
    assert_eq!(found(&stream, secret), before * 2 / 3);
    assert_eq!(found(&stream, b"\"name\":\"last\""), of_rest);
    assert!(fetched(&other, "last").unwrap().ends_with(&octets(2)));
}

/// What cannot be read to its end.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let count = octets.len().min(self.0);
        self.0 -= count;
        if count == 0 { Err(io::ErrorKind::Other.into()) } else { Ok(count) }
    }
}

#[test]
fn what_was_not_put_whole_is_not_there_and_nothing_of_it_stays() {
    let server = Server::start();
    let space = fresh_space();
    let [one, other] = nodes(&server, &space);
    assert!(matches!(one.put("half", "half", Broken(200_000)), Err(Trouble::Io(_))));
    assert_eq!(fetched(&other, "half"), None);
    let listed = other.list(0).unwrap();
    assert_eq!((listed.files.len(), listed.up_to), (0, 1), "one piece of it is there");
    other.erase("half").unwrap();
    one.put("half", "half", &*octets(1)).unwrap();
    assert!(fetched(&other, "half") == Some(octets(1)));
}

#[test]
fn what_somebody_left_unfinished_is_swept_away_once_nothing_more_comes() {
    let server = Server::start();
    let [one, other] = nodes(&server, "main");
    let stream = server.folder().join("jetstream/$G/streams/OBJ_parlor-main-FILES");
    let half = |octets: &[u8]| {
        let octets = [octets, &[7; 200_000]].concat();
        let broken = Read::chain(&*octets, Broken(0));
        assert!(matches!(one.put("half", "half", broken), Err(Trouble::Io(_))));
    };
    one.put("whole", "whole", &*octets(1)).unwrap();
    half(b"the first attempt");
    let seen = other.sweep(&Leftovers::default()).unwrap();
    assert_ne!(seen, Leftovers::default());
    half(b"the second attempt");
    let again = other.sweep(&seen).unwrap();
    assert_ne!(again, seen);
    assert_eq!(found(&stream, b"the first attempt"), 0);
    assert!(found(&stream, b"the second attempt") > 0, "somebody may still be putting it");
    assert_eq!(other.sweep(&again).unwrap(), Leftovers::default());
    assert_eq!(found(&stream, b"the second attempt"), 0);
    assert!(fetched(&other, "whole") == Some(octets(1)));
}

#[test]
fn while_the_server_is_away_that_is_said_and_then_all_goes_on() {
    let mut server = Server::start();
    let space = fresh_space();
    let mut log = node(&server, &space);
    let patience = Duration::from_millis(300);
    let files = log.files(&Options { patience, ..Options::new(server.address(), space.as_str()) }).unwrap();
    files.put("before", "before", &*octets(1)).unwrap();
    append(&mut log, &[arrive(1)]);
    server.kill();
    let is_away = |result: Result<(), Trouble>| matches!(result, Err(Trouble::Unreachable(_)));
    assert!(is_away(files.put("meanwhile", "meanwhile", &*octets(2))));
    assert!(is_away(files.fetch("before", &mut Vec::new()).map(drop)));
    assert!(is_away(files.list(0).map(drop)));
    assert!(is_away(files.erase("before")));
    server.restart();
    while is_away(files.put("meanwhile", "meanwhile", &*octets(2))) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(fetched(&files, "before") == Some(octets(1)));
    assert!(fetched(&files, "meanwhile") == Some(octets(2)));
    append(&mut log, &[post(1, "it goes on")]);
    assert!(log.last().0 >= 2);
}
