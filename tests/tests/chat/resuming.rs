//! Coming back: nothing is missed, nothing comes twice, whatever happened in between.

use serde_json::{Value, json};

use super::server::{LOBBY, Server};

fn sequences(events: &Value) -> Vec<u64> {
    let place = |event: &Value| event["sequence"].as_u64().expect("it has a place");
    events.as_array().expect("a list").iter().map(place).collect()
}

#[tokio::test]
async fn a_client_that_comes_back_is_told_what_it_missed_and_then_goes_on() {
    let mut server = Server::start("back");
    let (ann, mut bob) = (server.client().await, server.client().await);
    let token = ann.vanish();
    for number in 1..=10 {
        bob.ok(json!({"type": "post", "text": number.to_string()})).await;
    }
    let bob = bob.vanish();
    server.kill_and_start();
    let (mut ann, mut bob) = (server.back(&token).await, server.back(&bob).await);
    assert!(ann.welcome["token"].is_null(), "who comes back has a token");
    let missed = ann.ok(json!({"type": "subscribe", "room": LOBBY, "after": 4})).await;
    assert_eq!(sequences(&missed["events"]), [5, 6, 7, 8, 9, 10]);
    assert_eq!(
        (&missed["events"][0]["text"], &missed["events"][0]["by_name"]),
        (&json!("5"), &json!(bob.name()))
    );
    bob.ok(json!({"type": "post", "text": "11"})).await;
    assert_eq!(ann.event_of("posted").await["sequence"], 11);
}

#[tokio::test]
async fn subscribing_while_others_talk_leaves_no_gap_and_repeats_nothing() {
    let server = Server::start("seam");
    let mut talker = server.client().await;
    let talking = tokio::spawn(async move {
        for number in 0..3_000 {
            talker.send(json!({"type": "post", "text": number.to_string()})).await;
            if number % 100 == 99 {
                talker.answer(number + 1).await;
            }
        }
        talker
    });
    let mut joining = Vec::new();
    for _ in 0..20 {
        let mut client = server.client().await;
        joining.push(tokio::spawn(async move {
            let (mut after, mut seen) = (0, Vec::new());
            loop {
                let part = client.ok(json!({"type": "subscribe", "room": LOBBY, "after": after})).await;
                seen.extend(sequences(&part["events"]));
                after = part["up_to"].as_u64().unwrap();
                if part["more"] == false {
                    break;
                }
            }
            while seen.last() != Some(&3_000) {
                seen.push(client.event_of("posted").await["sequence"].as_u64().unwrap());
            }
            seen
        }));
    }
    for joined in joining {
        let seen = joined.await.unwrap();
        let broken = seen.iter().zip(1..).find(|(one, expected)| *one != expected);
        assert_eq!((seen.len(), broken), (3_000, None));
    }
    talking.await.unwrap();
}

#[tokio::test]
async fn who_missed_much_is_told_in_parts_and_who_missed_too_much_of_a_gap() {
    let server = Server::start("behind");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    let text = "x".repeat(1_000);
    let mut last = 0;
    for _ in 0..1_500 {
        last = bob.send(json!({"type": "post", "text": text})).await;
    }
    let answer = bob.answer(last).await;
    assert_eq!(answer["sequence"], 1_500, "{answer}");
    let (mut after, mut seen, mut parts) = (0, Vec::new(), 0);
    loop {
        let part = ann.ok(json!({"type": "subscribe", "room": LOBBY, "after": after})).await;
        assert!(part.to_string().len() < 512 * 1024);
        seen.extend(sequences(&part["events"]));
        after = part["up_to"].as_u64().unwrap();
        parts += 1;
        if part["more"] == false {
            break;
        }
    }
    assert!(parts > 3, "{parts}");
    assert_eq!(seen, (1..=1_500).collect::<Vec<u64>>());

    for _ in 0..9_000 {
        last = bob.send(json!({"type": "post", "text": "y"})).await;
    }
    let answer = bob.answer(last).await;
    assert_eq!(answer["sequence"], 10_500, "{answer}");
    let gap = ann.ok(json!({"type": "subscribe", "room": LOBBY, "after": 499})).await;
    assert_eq!((&gap["gap"], &gap["last"]), (&json!(true), &json!(10_500)));
    let ahead = ann.ok(json!({"type": "subscribe", "room": LOBBY, "after": 10_501})).await;
    assert_eq!((&ahead["gap"], &ahead["last"]), (&json!(true), &json!(10_500)), "of another past");
}

#[tokio::test]
async fn history_is_read_in_both_directions_and_around_a_message() {
    let server = Server::start("history");
    let mut ann = server.client().await;
    for number in 1..=30 {
        ann.ok(json!({"type": "post", "text": number.to_string()})).await;
    }
    for (place, expected, before, after) in [
        (json!({}), 21..=30, true, false),
        (json!({"before": 21}), 11..=20, true, true),
        (json!({"before": 5}), 1..=4, false, true),
        (json!({"after": 25}), 26..=30, true, false),
        (json!({"around": 15}), 10..=20, true, true),
    ] {
        let mut request = json!({"type": "history", "room": LOBBY, "limit": 10});
        request.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        let page = ann.ok(request).await;
        assert_eq!(sequences(&page["messages"]), expected.collect::<Vec<u64>>(), "{place}");
        assert_eq!((&page["before"], &page["after"]), (&json!(before), &json!(after)), "{place}");
    }
    let both = json!({"type": "history", "room": LOBBY, "before": 1, "after": 1});
    assert_eq!(ann.refused(both).await, "bad-request");
}

#[tokio::test]
async fn search_finds_what_was_said_and_only_what_the_asker_may_read() {
    let server = Server::start("search");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    let secret = ann.ok(json!({"type": "create_room", "visibility": "private", "name": "plans"})).await;
    ann.ok(json!({"type": "post", "text": "Dinner at eight, Grüße 東京都"})).await;
    ann.ok(json!({"type": "post", "room": secret["room"], "text": "a dinner in secret"})).await;
    let found = loop {
        let found = ann.ok(json!({"type": "search", "query": "dinn"})).await;
        if found["results"].as_array().unwrap().len() == 2 {
            break found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(found["people"][ann.id()], json!(ann.name()));
    let results = bob.ok(json!({"type": "search", "query": "dinn"})).await["results"].clone();
    assert_eq!((results.as_array().unwrap().len(), &results[0]["sequence"]), (1, &json!(1)));
    assert_eq!(results[0]["highlights"], json!([[0, 4]]));
    assert_eq!(bob.refused(json!({"type": "search", "query": "in:plans dinner"})).await, "query-invalid");
    let from = format!("from:{} 東京", ann.name());
    assert_eq!(
        bob.ok(json!({"type": "search", "query": from})).await["results"].as_array().unwrap().len(),
        1
    );
}
