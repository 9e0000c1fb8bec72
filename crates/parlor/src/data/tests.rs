//! What a data folder promises: it is private, held once, and keeps its secret.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scratch::Scratch;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A path that is free, as long as the first value lives.
fn fresh() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let path = scratch.path().to_owned();
    (scratch, path)
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    let (_scratch, path) = fresh();
    let folder = DataFolder::open(path.join("deeper")).unwrap();
    for made in [&path, &path.join("deeper")] {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    for file in [folder.layout.secret_file(), folder.layout.lock_file()] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(folder.chat_file(), path.join("deeper/chat.sqlite"));
    assert_eq!(folder.search_file(), path.join("deeper/search.sqlite"));
}

#[test]
fn the_permissions_of_a_folder_that_is_there_are_its_owners_business() {
    let (_scratch, path) = fresh();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
    DataFolder::open(&path).unwrap();
    assert_eq!(mode(&path), 0o750);
}

#[test]
fn a_second_one_is_told_who_has_the_folder_and_what_to_do() {
    let (_scratch, path) = fresh();
    let first = DataFolder::open(&path).unwrap();
    let sentence = DataFolder::open(&path).unwrap_err().to_string();
    let holder = std::process::id();
    assert_eq!(
        sentence,
        format!(
            "the data folder {} is in use by another process ({holder}). Stop that one first, or choose another \
             folder with --data DIR",
            path.display()
        )
    );
    drop(first);
    DataFolder::open(&path).unwrap();
}

#[test]
fn what_is_no_folder_is_said() {
    let (_scratch, path) = fresh();
    fs::write(&path, "a file").unwrap();
    let error = DataFolder::open(&path).unwrap_err();
    assert!(matches!(error, DataError::Create(..)), "{error:?}");
    assert!(error.to_string().contains("--data DIR"), "{error}");
}

#[test]
fn a_secret_is_made_once_and_differs_from_folder_to_folder() {
    let (_scratch, path) = fresh();
    let first = *DataFolder::open(&path).unwrap().secret();
    assert_eq!(*DataFolder::open(&path).unwrap().secret(), first);
    let (_other_scratch, other) = fresh();
    assert_ne!(*DataFolder::open(other).unwrap().secret(), first);
}

#[test]
fn a_secret_never_shows() {
    let (_scratch, path) = fresh();
    let folder = DataFolder::open(&path).unwrap();
    assert_eq!(format!("{folder:?}"), format!("DataFolder {{ path: {path:?}, .. }}"));
}

#[test]
fn a_secret_of_another_length_is_refused() {
    for length in [0, SECRET_LENGTH - 1, SECRET_LENGTH + 1] {
        let (_scratch, path) = fresh();
        let file = DataFolder::open(&path).unwrap().layout.secret_file();
        fs::write(&file, vec![1; length]).unwrap();
        let sentence = DataFolder::open(&path).unwrap_err().to_string();
        assert!(sentence.contains(&format!("it has {length} octets instead of 32")), "{sentence}");
        assert!(sentence.contains("Restore it from a backup"), "{sentence}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    for open in [0o640, 0o604, 0o620, 0o666] {
        let (_scratch, path) = fresh();
        let file = DataFolder::open(&path).unwrap().layout.secret_file();
        fs::set_permissions(&file, Permissions::from_mode(open)).unwrap();
        let sentence = DataFolder::open(&path).unwrap_err().to_string();
        let advice = format!("(its mode is {open:04o}). Run: chmod 600 {}", file.display());
        assert!(sentence.ends_with(&advice), "{sentence}");
    }
}

#[test]
fn what_a_crash_left_of_a_secret_is_not_taken_for_one() {
    let (_scratch, path) = fresh();
    fs::create_dir(&path).unwrap();
    let unfinished = Layout::new(&path).secret_file().with_extension("unfinished");
    fs::write(&unfinished, "half").unwrap();
    DataFolder::open(&path).unwrap();
    assert!(!unfinished.exists());
    assert_eq!(mode(&path.join("secret")), 0o600);
}

#[test]
fn a_fresh_folder_is_all_there_or_empty() {
    let (_scratch, path) = fresh();
    let given = [7; SECRET_LENGTH];
    let begun = FreshFolder::open(&path).unwrap();
    assert!(matches!(DataFolder::open(&path), Err(DataError::Locked(..))), "nobody comes in between");
    fs::write(begun.unfinished_file(), "a database").unwrap();
    drop(begun);
    let left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "what was given up leaves nothing");

    // Killed in between, it leaves something that the next one clears away.
    fs::write(Layout::new(&path).unfinished_file(), "a database").unwrap();
    fs::write(Layout::new(&path).secret_file(), "perhaps its secret, too").unwrap();
    let begun = FreshFolder::open(&path).unwrap();
    assert!(!begun.unfinished_file().exists());
    fs::write(begun.unfinished_file(), "a database").unwrap();
    begun.finish(given).unwrap();
    let folder = DataFolder::open(&path).unwrap();
    assert_eq!(*folder.secret(), given);
    assert_eq!(folder.layout.secret().unwrap(), given);
    assert_eq!(fs::read(folder.chat_file()).unwrap(), b"a database");
    assert!(!folder.layout.unfinished_file().exists());
}

#[test]
fn a_folder_with_anything_of_a_server_is_not_fresh() {
    for inhabitant in ["secret", "chat.sqlite", "search.sqlite"] {
        let (_scratch, path) = fresh();
        fs::create_dir(&path).unwrap();
        fs::write(path.join(inhabitant), "theirs").unwrap();
        let error = FreshFolder::open(&path).err().unwrap();
        assert!(matches!(&error, DataError::Inhabited(file) if file.ends_with(inhabitant)), "{error}");
        assert_eq!(fs::read(path.join(inhabitant)).unwrap(), b"theirs");
    }
}

#[test]
fn a_secret_that_is_asked_for_is_not_made() {
    let (_scratch, path) = fresh();
    assert!(matches!(Layout::new(&path).secret(), Err(DataError::File(..))));
    assert!(!path.exists());
}
