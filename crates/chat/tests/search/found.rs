//! What is found: a text, a query, and whether the query finds the text.

use super::world::World;

/// Says all texts, then asks each query and compares.
fn check(world: &World, table: &[(&str, &str, bool)]) {
    for (text, _, _) in table {
        if !world.chat.0.lock().unwrap().texts.values().any(|said| said == text) {
            world.say(text);
        }
    }
    world.settle();
    let mut wrong = Vec::new();
    for (text, query, expected) in table {
        let found = world.find(query).iter().any(|found| found == text);
        if found != *expected {
            wrong.push(format!("{query:?} in {text:?}: expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_are_found_whatever_their_case_and_marks() {
    check(
        &World::new(),
        &[
            ("Shall we meet at the café tomorrow?", "cafe ", true),
            ("Shall we meet at the café tomorrow?", "CAFÉ meet ", true),
            ("Shall we meet at the café tomorrow?", "caf ", false),
            ("Shall we meet at the café tomorrow?", "meet yesterday ", false),
            ("Die Straße nach Łódź", "strasse lodz ", true),
            ("Ｆｕｌｌ－ｗｉｄｔｈ ｔｅｘｔ", "full text ", true),
            ("Привет, Ёжик", "ежик ", true),
            ("ΟΔΥΣΣΕΎΣ", "οδυσσευς ", true),
            ("İstanbul'da", "istanbul ", true),
            ("مُحَمَّد هنا", "محمد ", true),
            ("नमस्ते दुनिया", "दुनिया ", true),
            ("let’s go", "let's ", true),
            ("let’s go", "let ", true),
        ],
    );
}

#[test]
fn the_last_word_may_still_be_growing() {
    check(
        &World::new(),
        &[
            ("deployment finished", "d", true),
            ("deployment finished", "de", true),
            ("deployment finished", "depl", true),
            ("deployment finished", "finished depl", true),
            ("deployment finished", "depl ", false),
            ("deployment finished", "depl finished", false),
            ("deployment finished", "depl* finished", true),
            ("deployment finished", "loyment", false),
            ("deployment finished", "\"deployment fin", true),
            ("deployment finished", "\"deployment fin\"", false),
            ("deployment finished", "deployments", false),
        ],
    );
}

#[test]
fn scripts_without_spaces_are_found_by_any_of_their_letters() {
    check(
        &World::new(),
        &[
            ("明天去東京塔嗎", "東", true),
            ("明天去東京塔嗎", "東京", true),
            ("明天去東京塔嗎", "東京塔 明天", true),
            ("明天去東京塔嗎", "京東", false),
            ("明天去東京塔嗎", "東塔", false),
            ("明天去東京塔嗎", "嗎 ", true),
            ("東京タワーへ行きました", "タワー", true),
            ("東京タワーへ行きました", "行き", true),
            ("ﾊﾝｶｸのｶﾞｷﾞ", "ハンカク", true),
            ("ﾊﾝｶｸのｶﾞｷﾞ", "ガギ", true),
            ("안녕하세요 세계", "안녕", true),
            ("안녕하세요 세계", "하세", true),
            ("안녕하세요 세계", "세계", true),
            ("สวัสดีครับ", "ดี", true),
            ("使用Rust编写的服务器", "Rust", true),
            ("使用Rust编写的服务器", "编写", true),
            ("使用Rust编写的服务器", "Rust编写", true),
            ("使用Rust编写的服务器", "使用rust编", true),
            ("使用Rust编写的服务器", "用编", false),
            ("𠮷野家", "𠮷", true),
            ("𠮷野家", "𠮷野", true),
        ],
    );
}

#[test]
fn code_is_found_as_written_and_by_its_parts() {
    check(
        &World::new(),
        &[
            ("call read_to_string here", "read_to_string ", true),
            ("call read_to_string here", "read_to_s", true),
            ("call read_to_string here", "string ", true),
            ("call read_to_string here", "read_string", false),
            ("call read to string there", "read_to_string", false),
            ("new XMLHttpRequest()", "xmlhttprequest ", true),
            ("new XMLHttpRequest()", "HttpRequest ", true),
            ("new XMLHttpRequest()", "http ", true),
            ("new XMLHttpRequest()", "requ", true),
            ("new XMLHttpRequest()", "ttp", false),
            ("use std::mem::swap;", "std::mem ", true),
            ("use std::mem::swap;", "mem::swap", true),
            ("use std::mem::swap;", "mem::sw", true),
            ("use std::mem::swap;", "std::swap", false),
            ("use std::mem::swap;", "swap ", true),
            ("I like C++ more than C#", "c++", true),
            ("I like C++ more than C#", "c# ", true),
            ("plain C is fine", "c++", false),
            ("plain C is fine", "c ", true),
            ("tagged #release here", "#release ", true),
            ("tagged #release here", "#rel", true),
            ("tagged #release here", "release ", true),
            ("a release without it", "#release", false),
            ("ask @anna about it", "@anna ", true),
            ("in /usr/local/bin/parlor", "/usr/local ", true),
            ("in /usr/local/bin/parlor", "local/bin", true),
            ("in /usr/local/bin/parlor", "usr/bin", false),
            ("run `cargo test --all`", "--all", true),
            ("utf8 and x86_64", "x86_64 ", true),
            ("utf8 and x86_64", "utf ", true),
        ],
    );
}

#[test]
fn addresses_dashes_and_versions_are_found_as_written_and_by_their_parts() {
    check(
        &World::new(),
        &[
            ("write to anna.smith@example.com", "anna.smith@example.com ", true),
            ("write to anna.smith@example.com", "anna.smith@ex", true),
            ("write to anna.smith@example.com", "example.com ", true),
            ("write to anna.smith@example.com", "smith ", true),
            ("write to anna.smith@example.com", "anna@example.com", false),
            ("see https://example.org/a-b/c?d=e#f now", "https://example.org/a-b/c?d=e#f ", true),
            ("see https://example.org/a-b/c?d=e#f now", "example.org/a-b ", true),
            ("see https://example.org/a-b/c?d=e#f now", "example.org ", true),
            ("a state-of-the-art thing", "state-of-the-art ", true),
            ("a state‑of–the—art thing", "state-of-the-art ", true),
            ("a state-of-the-art thing", "of-the ", true),
            ("a state-of-the-art thing", "art ", true),
            ("a state-of-the-art thing", "\"state of the art\"", true),
            ("a state of the art thing", "state-of-the-art", false),
            ("upgrade to v1.2.3 today", "1.2.3 ", true),
            ("upgrade to v1.2.3 today", "v1.2.3 ", true),
            ("upgrade to v1.2.3 today", "1.2 ", true),
            ("upgrade to v1.2.3 today", "1.3 ", false),
            ("upgrade to v1.2.30 today", "1.2.3 ", false),
            ("upgrade to v1.2.30 today", "1.2.3", true),
        ],
    );
}

#[test]
fn emoji_and_symbols_are_found() {
    check(
        &World::new(),
        &[
            ("well done 🎉🎉", "🎉", true),
            ("well done 🎉🎉", "done 🎉🎉", true),
            ("well done 🎉🎉", "🎊", false),
            ("thumbs 👍🏽 up", "👍", true),
            ("thumbs 👍 up", "👍🏿", true),
            ("we ❤️ it", "❤", true),
            ("flying to 🇩🇪", "🇩🇪", true),
            ("flying to 🇩🇪", "🇫🇷", false),
            ("a → b costs 5 €", "→", true),
            ("a → b costs 5 €", "€", true),
        ],
    );
}

#[test]
fn phrases_and_exclusions_are_kept() {
    check(
        &World::new(),
        &[
            ("the quick brown fox", "\"quick brown\"", true),
            ("the quick, brown fox", "\"quick brown\"", true),
            ("the brown quick fox", "\"quick brown\"", false),
            ("the quick red brown fox", "\"quick brown\"", false),
            ("the quick brown fox", "fox -brown", false),
            ("the quick red fox", "fox -brown", true),
            ("the quick red fox", "fox -bro", true),
            ("the quick brown fox", "fox -\"brown quick\"", true),
            ("the quick brown fox", "fox -\"quick brown\"", false),
            ("the quick brown fox", "-zebra", true),
            ("note: this is it", "note:this", false),
            ("note:this is it", "note:this", true),
        ],
    );
}

#[test]
fn the_inside_of_words_is_found_if_the_index_has_it() {
    let table: [(&str, &str, bool); 8] = [
        ("downloading now", "load", true),
        ("downloading now", "load ", true),
        ("downloading now", "ownloa now ", true),
        ("downloading now", "lo ", false),
        ("downloading now", "laod", false),
        ("Donaudampfschiffahrt", "dampfschiff", true),
        ("parseHttpRequest", "ttpreq", true),
        ("loading", "-load", true),
    ];
    check(&World::with_parts_of_words(true), &table);
    let without = table.map(|(text, query, found)| (text, query, found && query.starts_with('-')));
    check(&World::new(), &without);
}

#[test]
fn words_longer_than_the_index_keeps_are_found_by_the_text() {
    let long = "x".repeat(60) + "yz";
    let other = "x".repeat(60) + "ab";
    let whole = format!("{long} ");
    let start = "x".repeat(60) + "y";
    let table = [
        (&*long, &*whole, true),
        (&*other, &*whole, false),
        (&*long, &*start, true),
        (&*other, &*start, false),
        (&*other, &long[..50], true),
    ];
    check(&World::new(), &table);
}

#[test]
fn what_is_found_is_highlighted_in_the_text_and_in_the_snippet() {
    let world = World::new();
    let text = format!("{} Das Café 東京 {}", "vorher ".repeat(100), "nachher ".repeat(100));
    world.say(&text);
    world.settle();
    let readable = [(super::world::ROOM, parlor_chat::search::Bounds::ALL)].into();
    let hit = &world.find_in("cafe 京", &readable)[0];
    let shown: Vec<&str> = hit.ranges.iter().map(|range| &text[range.clone()]).collect();
    assert_eq!(shown, ["Café", "京"]);
    let snippet = &hit.snippet;
    let shown: Vec<&str> = snippet.ranges.iter().map(|range| &snippet.text[range.clone()]).collect();
    assert_eq!(shown, ["Café", "京"]);
    assert!(snippet.is_cut_before && snippet.is_cut_behind);
}

#[test]
fn a_query_that_asks_for_nothing_finds_nothing() {
    let world = World::new();
    world.say("something");
    world.settle();
    for query in ["", "  ", "?!"] {
        assert!(world.find(query).is_empty(), "{query:?}");
    }
}

#[test]
fn a_beginning_that_more_words_have_than_are_looked_up_is_found_by_the_texts() {
    let world = World::new();
    let many: Vec<String> = (0..21_000).map(|number| format!("abc{number}")).collect();
    world.say(&many.join(" "));
    world.say("abacus");
    world.say("an abcissa");
    world.settle();
    let found = world.find("abc");
    assert_eq!(found.len(), 2);
    assert!(found.contains(&"an abcissa".to_owned()));
}
