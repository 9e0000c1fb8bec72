//! What is found is what a scan of all texts with the same analysis finds, however the messages came and went.

use proptest::prelude::*;

use parlor_chat::search::Change;

use super::world::World;

/// Few letters and few words, so that queries hit.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,4}",
        1 => "[ab]{1,2}[AB][ab]{1,2}",
        1 => "[ab]{1,2}[1-2]",
        2 => "[東京都]{1,4}",
        1 => "[ab][東京]{1,2}",
        1 => "[äß👍é]{1,2}",
        1 => "[ab]{47,50}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let between =
        prop_oneof![4 => Just(" "), 1 => Just("-"), 1 => Just("::"), 1 => Just(", "), 1 => Just(" #")];
    proptest::collection::vec((word(), between), 0..8)
        .prop_map(|words| words.into_iter().flat_map(|(word, between)| [word, between.to_owned()]).collect())
}

fn query() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => word(),
        1 => word().prop_map(|word| format!("-{word}")),
        1 => (word(), word()).prop_map(|(one, two)| format!("\"{one} {two}\"")),
        1 => (word(), word()).prop_map(|(one, two)| format!("{one}-{two}")),
        1 => word().prop_map(|word| format!("#{word}")),
        1 => word().prop_map(|word| format!("{word}*")),
    ];
    (proptest::collection::vec(piece, 1..4), any::<bool>())
        .prop_map(|(pieces, ended)| pieces.join(" ") + if ended { " " } else { "" })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        texts in proptest::collection::vec(text(), 1..300),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), proptest::option::of(text())), 0..60),
        queries in proptest::collection::vec(query(), 40),
        parts in any::<bool>(),
        batches in 1..4usize,
    ) {
        let world = World::with_parts_of_words(parts);
        let mut places = Vec::new();
        for batch in texts.chunks(texts.len().div_ceil(batches)) {
            places.extend(batch.iter().map(|text| world.say(text)));
            world.settle();
        }
        for (at, text) in changes {
            let message = *at.get(&places);
            if world.chat.0.lock().unwrap().texts.contains_key(&message) {
                world.log(match text {
                    Some(text) => Change::Edited { message, text },
                    None => Change::Erased { message },
                });
            }
        }
        world.settle();
        for query in queries {
            let parsed = world.parse(&query);
            let mut expected: Vec<String> =
                world.chat.0.lock().unwrap().texts.values().filter(|text| parsed.is_in(text, parts)).cloned().collect();
            if parsed.is_empty() {
                expected.clear();
            }
            let mut found = world.find(&query);
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected, "{}", query);
        }
    }
}
