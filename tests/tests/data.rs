//! A data folder outlives its server: it can be looked into, checked, copied and restored, with the command alone.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::{Action, Chat, Origin, PersonId, Position, Proposal, RoomId, Timestamp, Trouble};
use parlor_tests::process::{Folder, Process, built};

/// How long starting or stopping may take.
const SOON: Duration = Duration::from_secs(5);
const ADA: PersonId = PersonId(1);

/// Runs the command to its end in a folder.
fn parlor(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(built("parlor")).args(arguments).current_dir(folder.path()).output().unwrap()
}

/// What a command that must succeed prints.
#[track_caller]
fn said(folder: &Folder, arguments: &[&str]) -> String {
    let output = parlor(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail says.
#[track_caller]
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let output = parlor(folder, arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
    error.strip_prefix("parlor: ").unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// A server that starts and ends here leaves a data folder behind.
fn with_data_folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    let mut parlor = Process::start("parlor", &["--listen", "127.0.0.1:0"], &folder);
    parlor.line_with("keeping everything in parlor-data", SOON);
    assert!(parlor.terminate(SOON).success());
    folder
}

fn open(folder: &Folder) -> LocalLog<Sqlite> {
    let file = folder.path().join("parlor-data/chat.sqlite");
    let deadline = Instant::now() + SOON;
    loop {
        // A test beside this one may be starting a process, which holds a copy of every lock until it runs.
        match Sqlite::open(&file, Options::default()) {
            Err(Trouble::Locked) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
            storage => return LocalLog::open(storage.unwrap()).unwrap(),
        }
    }
}

fn proposal(action: Action) -> Proposal {
    Proposal { at: Timestamp::now(), by: ADA, key: None, action }
}

fn say(text: &str) -> Proposal {
    let text = text.to_owned();
    proposal(Action::Post { room: RoomId::LOBBY, text, reply_to: None, thread: None, mentions: Vec::new() })
}

/// A data folder in which Ada arrived and said so many things, last of all. Returns the last position, too.
fn with_messages(name: &str, count: u64) -> (Folder, u64) {
    let folder = with_data_folder(name);
    let mut log = open(&folder);
    log.append(&[proposal(Action::Arrive { nickname: "Ada".into(), from: Origin::default() })]).unwrap();
    let messages: Vec<Proposal> = (0..count).map(|number| say(&format!("message {number}"))).collect();
    messages.chunks(1_000).for_each(|batch| _ = log.append(batch).unwrap());
    let last = log.last().0;
    (folder, last)
}

fn state_in(verdict: &str) -> String {
    verdict.trim().rsplit(' ').next().unwrap().to_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_that_is_made_while_people_talk_is_of_one_moment_and_can_be_restored() {
    let (folder, before) = with_messages("backup", 6_000);
    let chat = Chat::start(open(&folder), Box::new(|_| {})).unwrap();
    let (acknowledged, is_over) = (AtomicU64::new(before), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let outcome = chat.ask(say("and on it goes")).unwrap();
                acknowledged.store(outcome.position.0, Ordering::SeqCst);
            }
        });
        for number in 0..3 {
            let (file, data) = (format!("backup-{number}"), format!("restored-{number}"));
            let known = acknowledged.load(Ordering::SeqCst);
            said(&folder, &["backup", &file]);
            assert_eq!(mode(&folder.path().join(&file)), 0o600);
            said(&folder, &["restore", &file, "--data", &data]);
            let verdict = said(&folder, &["log", "verify", "--data", &data]);
            let last = said(&folder, &["log", "show", "--data", &data]).lines().count() as u64;
            assert!(
                last >= known,
                "what was acknowledged before the backup began is in it: {last} < {known}"
            );
            assert!(verdict.contains(&format!("The entries 1 to {last} are all there")), "{verdict}");
            let secret = |data: &str| fs::read(folder.path().join(data).join("secret")).unwrap();
            assert_eq!(secret(&data), secret("parlor-data"));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(acknowledged.load(Ordering::SeqCst) > before);
    chat.stop().unwrap();

    let mut parlor = Process::start("parlor", &["--listen", "127.0.0.1:0", "--data", "restored-2"], &folder);
    parlor.line_with("listening on", SOON);
    assert!(parlor.terminate(SOON).success());
    said(&folder, &["log", "verify", "--data", "restored-2"]);
}

#[test]
fn a_backup_overwrites_nothing_and_neither_does_restoring_one() {
    let (folder, _) = with_messages("overwrite", 1);
    fs::write(folder.path().join("mine"), "something of mine").unwrap();
    for arguments in [&["backup", "mine"][..], &["log", "export", "mine"]] {
        assert!(refused(&folder, arguments).starts_with("mine is there already"), "{arguments:?}");
    }
    assert_eq!(fs::read(folder.path().join("mine")).unwrap(), b"something of mine");

    said(&folder, &["backup", "backup"]);
    said(&folder, &["log", "export", "export"]);
    for arguments in [&["restore", "backup"][..], &["log", "replay", "export"]] {
        let error = refused(&folder, arguments);
        assert!(error.starts_with("parlor-data/chat.sqlite is there already"), "{error}");
        assert!(error.contains("--data DIR"), "{error}");
    }
}

#[test]
fn a_backup_that_is_damaged_or_cut_is_refused_and_leaves_nothing() {
    let (folder, _) = with_messages("damaged-backup", 20);
    said(&folder, &["backup", "backup"]);
    let whole = fs::read(folder.path().join("backup")).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for (octets, sentence) in [
        (damaged, "bad is no backup to trust: "),
        (whole[..whole.len() - 1].to_vec(), "bad is no backup to trust: it ends too early"),
        (b"something else, and long enough".to_vec(), "bad is no backup to trust: this is no backup"),
    ] {
        fs::write(folder.path().join("bad"), octets).unwrap();
        let error = refused(&folder, &["restore", "bad", "--data", "new"]);
        assert!(error.starts_with(sentence), "{error}");
        assert!(!folder.path().join("new/chat.sqlite").exists());
    }
    said(&folder, &["restore", "backup", "--data", "new"]);
}

#[test]
fn a_log_that_is_exported_and_replayed_comes_to_the_same_state() {
    let (folder, last) = with_messages("replay", 3_000);
    let chat = Chat::start(open(&folder), Box::new(|_| {})).unwrap();
    let long = "long".repeat(15_000);
    let said_since = 1 + 150;
    chat.ask(say("\u{1b}[31mred\u{1b}[0m \u{2028}")).unwrap();
    (1..said_since).for_each(|_| _ = chat.ask(say(&long)).unwrap());
    let exported = said(&folder, &["log", "export"]);
    assert_eq!(exported.lines().next(), Some("{\"parlor-log\":1,\"after\":0}"));
    assert_eq!(exported.lines().count() as u64, last + said_since + 2);
    said(&folder, &["log", "export", "export"]);
    assert_eq!(fs::read_to_string(folder.path().join("export")).unwrap(), exported);
    assert_eq!(mode(&folder.path().join("export")), 0o600);
    let verdict = said(&folder, &["log", "verify"]);
    chat.stop().unwrap();

    said(&folder, &["log", "replay", "export", "--data", "replayed"]);
    let again = said(&folder, &["log", "verify", "--data", "replayed"]);
    assert_eq!(state_in(&again), state_in(&verdict));
    assert_eq!(said(&folder, &["log", "export", "--data", "replayed"]), exported);
    assert_eq!(mode(&folder.path().join("replayed")), 0o700);
    assert_eq!(mode(&folder.path().join("replayed/chat.sqlite")), 0o600);

    let (from, to) = ((last - 1).to_string(), last.to_string());
    let shown = said(&folder, &["log", "show", "--from", &from, "--to", &to]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(&format!("{from:>8}  ")), "{shown}");
    assert!(lines[0].ends_with("#lobby 2999: Ada said \"message 2998\""), "{shown}");
    let all = said(&folder, &["log", "show"]);
    assert_eq!(all.lines().count() as u64, last + said_since);
    assert!(!all.contains('\u{1b}'), "nothing that somebody said speaks to the terminal");
}

#[test]
fn an_export_that_was_changed_or_cut_is_refused_and_leaves_nothing() {
    let (folder, last) = with_messages("changed-export", 5);
    let whole = said(&folder, &["log", "export"]);
    let lines: Vec<&str> = whole.lines().collect();
    let without = |index: usize| {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, line)| *line).collect();
        rest.join("\n") + "\n"
    };
    let cases = [
        (
            whole.replace("message 3", "massage 3"),
            format!("line {}: the entries come to another state", last + 2),
        ),
        (without(0), "line 1: this is not the beginning of an exported log".to_owned()),
        (without(2), "up to here something is not in order: after entry 1 comes entry 3".to_owned()),
        (without(lines.len() - 1), "its last line is missing".to_owned()),
        (without(lines.len() - 2), format!("it should end at entry {last}, and ends at {}", last - 1)),
        (whole[..whole.len() / 2].to_owned(), "it is cut off or too long".to_owned()),
        (whole.replace("\"parlor-log\":1", "\"parlor-log\":2"), "line 1: this is form 2".to_owned()),
        (whole.replace("\"posted\"", "\"sung\""), format!("line {}: this is not an entry", last - 3)),
    ];
    for (text, sentence) in cases {
        fs::write(folder.path().join("changed"), text).unwrap();
        let error = refused(&folder, &["log", "replay", "changed", "--data", "new"]);
        assert!(error.starts_with("changed, line ") && error.contains(&sentence), "{sentence}: {error}");
        assert!(!folder.path().join("new/chat.sqlite").exists());
    }
    fs::write(folder.path().join("whole"), &whole).unwrap();
    said(&folder, &["log", "replay", "whole", "--data", "new"]);
}

#[test]
fn what_was_forgotten_is_told_and_a_backup_keeps_the_rest() {
    let (folder, last) = with_messages("forgotten", 20);
    let mut log = open(&folder);
    log.trim(Position(8)).unwrap();
    log.scrub().unwrap();
    drop(log);
    let output = parlor(&folder, &["log", "export", "export"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the entries up to 8 are forgotten"), "{told}");
    let exported = fs::read_to_string(folder.path().join("export")).unwrap();
    assert!(exported.starts_with("{\"parlor-log\":1,\"after\":8}\n"), "{exported}");
    let error = refused(&folder, &["log", "replay", "export", "--data", "new"]);
    assert!(error.contains("begins after entry 8") && error.contains("parlor backup"), "{error}");
    assert!(said(&folder, &["log", "show"]).starts_with("(the entries up to 8 are forgotten)\n       9  "));

    let verdict = said(&folder, &["log", "verify"]);
    assert!(verdict.contains(&format!("Those from there to {last} are all there")), "{verdict}");
    said(&folder, &["backup", "backup"]);
    said(&folder, &["restore", "backup", "--data", "restored"]);
    assert_eq!(said(&folder, &["log", "verify", "--data", "restored"]), verdict);
}

#[test]
fn filling_a_folder_that_is_killed_at_any_moment_is_done_or_counts_as_nothing() {
    let (folder, last) = with_messages("killed", 6_000);
    said(&folder, &["backup", "backup"]);
    said(&folder, &["log", "export", "export"]);
    for (number, arguments) in
        [&["restore", "backup"][..], &["log", "replay", "export"]].into_iter().enumerate()
    {
        let data = format!("new-{number}");
        let arguments = [arguments, &["--data", &data]].concat();
        let chat = folder.path().join(&data).join("chat.sqlite");
        // Each time a little later, until it is done before.
        let mut killed = 0;
        for patience in (0..).map(|step| Duration::from_millis(10 * step)) {
            let mut parlor = Process::start("parlor", &arguments, &folder);
            std::thread::sleep(patience);
            parlor.kill();
            if chat.exists() {
                break;
            }
            killed += 1;
        }
        assert!(killed > 1, "it takes longer than starting a process");
        let verdict = said(&folder, &["log", "verify", "--data", &data]);
        assert!(verdict.contains(&format!("The entries 1 to {last} are all there")), "{verdict}");
        let mut names: Vec<_> =
            fs::read_dir(folder.path().join(&data)).unwrap().map(|one| one.unwrap().file_name()).collect();
        names.retain(|name| !name.to_string_lossy().starts_with("chat.sqlite"));
        // An end between the last two steps leaves an empty file that nobody minds.
        names.retain(|name| name != "unfinished.sqlite.lock");
        names.sort();
        assert_eq!(names, ["lock", "secret"]);
    }
}

#[test]
fn checking_that_is_killed_leaves_nothing_that_the_next_one_minds() {
    let (folder, _) = with_messages("killed-check", 6_000);
    let verdict = said(&folder, &["log", "verify"]);
    for patience in [5, 20, 60] {
        let mut parlor = Process::start("parlor", &["log", "verify"], &folder);
        std::thread::sleep(Duration::from_millis(patience));
        parlor.kill();
        assert_eq!(said(&folder, &["log", "verify"]), verdict);
    }
}

#[test]
fn damage_to_the_file_is_found() {
    let (folder, _) = with_messages("damage", 50);
    let file = folder.path().join("parlor-data/chat.sqlite");
    let mut octets = fs::read(&file).unwrap();
    let (from, to) = (octets.len() / 2, octets.len() / 2 + 4096);
    octets[from..to].fill(0x5a);
    fs::write(&file, &octets).unwrap();
    let error = refused(&folder, &["log", "verify"]);
    assert!(error.starts_with("parlor-data/chat.sqlite: the data is damaged: "), "{error}");
    assert!(!folder.path().join("parlor-data/check.sqlite").exists());
}

#[test]
fn where_no_server_was_there_is_nothing_to_look_into() {
    let folder = Folder::new("nothing");
    for arguments in [&["log", "show"][..], &["log", "verify"], &["log", "export"], &["backup", "file"]] {
        let error = refused(&folder, arguments);
        assert!(error.starts_with("there is no chat in parlor-data. "), "{arguments:?}: {error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "and looking makes nothing");
}
