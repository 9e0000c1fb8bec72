//! What arguments, environment and file come to together.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use parlor_chat::Retention;
use websocket_hub::Backend;

use super::*;
use crate::config::Workers;
use crate::scratch::Scratch;

fn given(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, String> {
    let arguments = std::iter::once("parlor").chain(arguments.iter().copied()).map(OsString::from);
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    parse(arguments, &environment.collect()).map_err(|error| error.to_string())
}

fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> Config {
    match given(arguments, environment) {
        Ok(Command::Serve(config)) => *config,
        other => panic!("{arguments:?} is {other:?}"),
    }
}

fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    match given(arguments, environment) {
        Ok(Command::Print(text)) => text,
        other => panic!("{arguments:?} is {other:?}"),
    }
}

/// A configuration file that says this.
fn file(text: &str) -> (Scratch, String) {
    let folder = Scratch::new();
    std::fs::create_dir(folder.path()).unwrap();
    let path = folder.path().join("other.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn the_command_may_be_left_out() {
    for arguments in [&[][..], &["serve"]] {
        assert_eq!(serve(arguments, &[]).server.listen, ["127.0.0.1:8080"], "{arguments:?}");
    }
    for arguments in [&["--listen", "[::1]:0"][..], &["serve", "--listen", "[::1]:0"]] {
        assert_eq!(serve(arguments, &[]).server.listen, ["[::1]:0"], "{arguments:?}");
    }
}

#[test]
fn the_defaults_are_these() {
    let config = serve(&[], &[]);
    assert_eq!(config.server.data.folder, Path::new("parlor-data"));
    assert_eq!(config.server.backend, Backend::Tokio);
    assert_eq!(config.server.workers, Workers::Auto);
    assert_eq!(config.server.drain_within, Duration::from_secs(4));
    assert_eq!(config.limits.max_message, 131_072);
    assert_eq!(config.limits.max_text, 16_384);
    assert_eq!(config.limits.requests_per_second, NonZeroU32::new(20).unwrap());
    assert_eq!(config.limits.request_burst, NonZeroU32::new(100).unwrap());
    assert_eq!(config.chat.retention, Retention::Forever);
    assert_eq!(config.chat.presence_interval, Duration::from_secs(1));
    assert!(!config.search.search_parts_of_words);
}

#[test]
fn what_is_listed_may_be_given_more_than_once() {
    let listen = ["127.0.0.1:1", "127.0.0.1:2"];
    assert_eq!(serve(&["--listen", listen[0], "--listen", listen[1]], &[]).server.listen, listen);
    assert_eq!(serve(&["--listen", "127.0.0.1:1,127.0.0.1:2"], &[]).server.listen, listen);
    assert_eq!(serve(&[], &[("PARLOR_LISTEN", "127.0.0.1:1,127.0.0.1:2")]).server.listen, listen);
    let (_folder, path) = file("[server]\nlisten = ['127.0.0.1:1', '127.0.0.1:2']");
    assert_eq!(serve(&["--config", &path], &[]).server.listen, listen);
}

#[test]
fn a_switch_can_be_given_without_a_value() {
    for (arguments, expected) in [
        (&["--search-parts-of-words"][..], true),
        (&["--search-parts-of-words=true"], true),
        (&["--search-parts-of-words=false"], false),
        (&["--search-parts-of-words", "--max-text", "5"], true),
    ] {
        let environment = [("PARLOR_SEARCH_PARTS_OF_WORDS", "true")];
        let config = serve(arguments, &environment[..usize::from(!expected)]);
        assert_eq!(config.search.search_parts_of_words, expected, "{arguments:?}");
    }
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let (_folder, path) = file("[limits]\nmax-text = 1\nrequest-burst = 1\nmax-message = 1\n");
    let environment =
        [("PARLOR_CONFIG", path.as_str()), ("PARLOR_MAX_TEXT", "2"), ("PARLOR_REQUEST_BURST", "2")];
    let config = serve(&["--max-text", "3"], &environment);
    assert_eq!(config.limits.max_text, 3);
    assert_eq!(config.limits.request_burst, NonZeroU32::new(2).unwrap());
    assert_eq!(config.limits.max_message, 1);
    assert_eq!(config.limits.requests_per_second, NonZeroU32::new(20).unwrap());

    let shown = printed(&["config", "--max-text", "3"], &environment);
    for line in [
        "max-text = 3 # command line".to_owned(),
        "request-burst = 2 # environment, PARLOR_REQUEST_BURST".to_owned(),
        format!("max-message = 1 # {path}, line 4"),
        "requests-per-second = 20 # default".to_owned(),
    ] {
        let is_line = |shown: &str| shown.split_whitespace().eq(line.split_whitespace());
        assert!(shown.lines().any(is_line), "{line}\n{shown}");
    }
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    let shown = printed(
        &["config", "--listen", "[::1]:0", "--workers", "2", "--retention", "60", "--idle-timeout", "0.5"],
        &[
            ("PARLOR_SEARCH_PARTS_OF_WORDS", "true"),
            ("PARLOR_DATA", "a \"folder\""),
            ("PARLOR_MAXTEXT", "5"),
            ("PARLOR_SERVICE_HOST", "10.0.0.1"),
        ],
    );
    let sentence = "is set in the environment, but there is no such setting.";
    let end = format!(
        "\n# PARLOR_MAXTEXT {sentence} Is PARLOR_MAX_TEXT meant?\n\n# PARLOR_SERVICE_HOST {sentence}\n"
    );
    assert!(shown.ends_with(&end), "{shown}");
    let (_folder, path) = file(&shown);
    let config = serve(&["--config", &path], &[]);
    assert_eq!(config.server.listen, ["[::1]:0"]);
    assert_eq!(config.server.workers, Workers::Count(NonZeroUsize::new(2).unwrap()));
    assert_eq!(config.server.idle_timeout, Duration::from_millis(500));
    assert_eq!(config.server.data.folder, Path::new("a \"folder\""));
    assert_eq!(config.chat.retention, Retention::Milliseconds(60_000));
    assert!(config.search.search_parts_of_words);
}

#[test]
fn what_cannot_be_is_refused_wherever_it_stands() {
    for (flag, value, sentence) in [
        ("--idle-timeout", "0", "it must be a number of seconds above zero"),
        ("--workers", "0", "it must be a whole number above zero, or auto"),
        ("--max-text", "65537", "it must be a whole number of octets from 1 to 65536"),
        ("--backend", "forks", "it must be one of: tokio, threads, uring"),
        ("--retention", "always", "it must be forever or a whole number of seconds, 1 or more"),
    ] {
        let error = given(&[flag, value], &[]).unwrap_err();
        assert!(error.contains(flag) && error.contains(value) && error.contains(sentence), "{error}");
        let variable = format!("PARLOR{}", flag[1..].replace('-', "_").to_uppercase());
        let error = given(&[], &[(&variable, value)]).unwrap_err();
        assert_eq!(error, format!("{variable}={value} in the environment is not allowed: {sentence}"));
    }
    assert!(given(&["--max-txt", "5"], &[]).unwrap_err().contains("--max-txt"));
    let (_folder, path) = file("[limits]\nmax-txt = 5");
    let error = given(&["--config", &path], &[]).unwrap_err();
    assert!(error.starts_with(&format!("{path}, line 2: there is no setting max-txt")), "{error}");
}

#[test]
fn help_and_an_example_come_even_where_the_settings_are_not_in_order() {
    let environment = [("PARLOR_MAX_TEXT", "much")];
    assert_eq!(printed(&["config", "--example"], &environment), config::example());
    let help = given(&["--help"], &environment).unwrap_err();
    assert!(help.starts_with("A chat server."), "{help}");
    assert!(help.contains("PARLOR_MAX_TEXT"), "{help}");
}

#[test]
fn commands_beside_the_server_find_the_data_folder_as_the_server_does() {
    let (_folder, path) = file("[server]\ndata = 'from the file'\n");
    let tasks: [(&[&str], &str); 7] = [
        (&["log", "show", "--from", "3"], "Show { data: D, from: Some(3), to: None }"),
        (&["log", "verify"], "Verify { data: D }"),
        (&["log", "export", "out"], "Export { data: D, file: Some(\"out\") }"),
        (&["log", "replay", "in"], "Replay { file: \"in\", data: D }"),
        (&["log", "heal"], "Heal { data: D }"),
        (&["backup", "out"], "Backup { data: D, file: \"out\" }"),
        (&["restore", "in"], "Restore { file: \"in\", data: D }"),
    ];
    for (arguments, expected) in tasks {
        let task = |more: &[&str], environment: &[(&str, &str)], data: &str| {
            let Ok(Command::Data(task)) = given(&[arguments, more].concat(), environment) else {
                panic!("{arguments:?} is no task");
            };
            let expected = expected.replace("data: D", &format!("data: {data:?}"));
            let task = format!("{task:?}");
            // The cluster's settings, which have a test of their own.
            let task = task.split_once(", cluster: ").map_or(task.clone(), |(task, _)| format!("{task} }}"));
            assert_eq!(task, expected);
        };
        task(&[], &[], "parlor-data");
        task(&["--config", &path], &[], "from the file");
        let environment = [("PARLOR_DATA", "from the environment"), ("PARLOR_CONFIG", &path)];
        task(&[], &environment, "from the environment");
        task(&["--data", "from the flag"], &environment, "from the flag");
    }
    assert!(given(&["log", "show", "--max-text", "5"], &[]).unwrap_err().contains("--max-text"));
}

#[test]
fn commands_that_meet_a_cluster_find_it_as_the_server_does() {
    let address = "nats://127.0.0.1:4222";
    for arguments in [&["log", "heal"][..], &["log", "replay", "in"]] {
        let of = |more: &[&str], environment: &[(&str, &str)]| match given(
            &[arguments, more].concat(),
            environment,
        ) {
            Ok(Command::Data(Task::Heal { cluster, .. } | Task::Replay { cluster, .. })) => {
                cluster.addresses()
            }
            _ => panic!("{arguments:?} has no cluster"),
        };
        assert_eq!(of(&[], &[]), None);
        assert_eq!(of(&["--cluster", address], &[]), Some(address.to_owned()));
        assert_eq!(of(&[], &[("PARLOR_CLUSTER", address)]), Some(address.to_owned()));
    }
}
