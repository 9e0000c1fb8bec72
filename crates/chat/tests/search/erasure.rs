//! Erasure: what was deleted or edited is found no longer, and no octet of it is left.

use parlor_chat::Place;
use parlor_chat::search::Change;

use super::world::World;

/// Whether a word is in the files. Only its end is looked for, as the index leaves out of a word with what the word
/// before it in the alphabet begins.
fn holds(world: &World, word: &str) -> bool {
    let (octets, end) = (world.folder.octets(), &word[word.len() - 8..]);
    octets.windows(end.len()).any(|window| window == end.as_bytes())
}

/// A word that is like no other.
fn secret_word(number: usize) -> String {
    let mut hash = number as u64 + 1;
    let mut letter = || {
        hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((hash >> 33) % 26).unwrap())
    };
    (0..14).map(|_| letter()).collect()
}

/// Words that no other message has; each in a message of its own, among many.
fn secrets(world: &World, count: usize) -> Vec<(String, Place)> {
    let letters = |number: usize| char::from(b'a' + u8::try_from(number % 26).unwrap());
    (0..count)
        .map(|number| {
            let word = secret_word(number);
            for other in 0..60 {
                world.say(&format!("harmless talk about {} and {}", number * 100 + other, letters(other)));
            }
            let place = world.say(&format!("my secret is {word} and 密{}码", '\u{4e00}'));
            (word, place)
        })
        .collect()
}

#[test]
fn a_deleted_message_is_gone_from_results_and_from_the_file() {
    let world = World::with_parts_of_words(true);
    let secrets = secrets(&world, 100);
    world.settle_erasure();
    assert!(secrets.iter().all(|(word, _)| holds(&world, word)), "words are stored as they are");
    let (deleted, kept) = secrets.split_at(60);
    for (_, message) in deleted {
        world.log(Change::Erased { message: *message });
    }
    world.settle();
    for (word, _) in deleted {
        assert!(world.find(word).is_empty(), "{word}");
    }
    world.settle_erasure();
    for (word, _) in deleted {
        assert!(!holds(&world, word), "{word} is still in the file");
    }
    for (word, _) in kept {
        assert_eq!(world.find(word).len(), 1, "{word}");
    }
    assert_eq!(world.find("密").len(), kept.len());
}

#[test]
fn the_old_text_of_an_edited_message_is_gone() {
    let world = World::new();
    let secrets = secrets(&world, 30);
    world.settle();
    for (at, (_, message)) in secrets.iter().enumerate() {
        world.log(Change::Edited { message: *message, text: format!("nothing to see, edited {at}") });
    }
    world.settle_erasure();
    for (word, _) in &secrets {
        assert!(world.find(word).is_empty() && !holds(&world, word), "{word}");
    }
    assert_eq!(world.find("nothing to see is:edited").len(), secrets.len());
}

#[test]
fn what_is_said_edited_and_deleted_at_once_leaves_nothing() {
    let world = World::new();
    world.say("before");
    let message = world.say("zqfirstxw");
    world.log(Change::Edited { message, text: "zqsecondxw".into() });
    world.log(Change::Erased { message });
    world.log(Change::Reacted { message });
    world.log(Change::Erased { message });
    world.say("after");
    world.settle_erasure();
    for word in ["zqfirstxw", "zqsecondxw"] {
        assert!(world.find(word).is_empty() && !holds(&world, word), "{word}");
    }
    assert_eq!(world.find("before").len() + world.find("after").len(), 2);
}

#[test]
fn an_erasure_that_was_interrupted_is_finished_by_the_next_start() {
    let mut world = World::new();
    let secrets = secrets(&world, 40);
    world.settle();
    for (_, message) in &secrets {
        world.log(Change::Erased { message: *message });
    }
    world.settle();
    // Maybe before, maybe after the file is clean: both are right.
    world.restart(false, |_| {});
    world.settle_erasure();
    for (word, _) in &secrets {
        assert!(world.find(word).is_empty() && !holds(&world, word), "{word}");
    }
}
