//! The same handlers in somebody else's server: axum, hyper, actix-web. Each example is run and talked to.

use websocket_client::{CloseCode, ConnectError, Connector, WebSocket};

use crate::program::Program;
use crate::text;

const EXAMPLES: [&str; 3] = ["mounted_axum", "mounted_hyper", "mounted_actix"];

async fn open(program: &Program) -> WebSocket {
    websocket_client::connect(&format!("ws://{}/chat", program.address())).await.unwrap()
}

#[tokio::test]
async fn everybody_in_the_room_hears_everybody() {
    for example in EXAMPLES {
        let program = Program::start(example, &["127.0.0.1:0"]);
        let (mut alice, mut bob) = (open(&program).await, open(&program).await);
        // Heard by both: from here on both are in the room.
        bob.send("here").await.unwrap();
        assert_eq!(text(&mut bob).await, "here", "{example}");
        for said in ["hello", "grüezi", &"long ".repeat(100_000)] {
            alice.send(said).await.unwrap();
            while text(&mut alice).await != said {}
            assert!(text(&mut bob).await == said, "{example}: {said:.20}");
        }
        let closed = alice.close(CloseCode::NORMAL, "bye").await.unwrap();
        assert_eq!(closed.code, CloseCode::NORMAL, "{example}");
        bob.send("alone").await.unwrap();
        assert_eq!(text(&mut bob).await, "alone", "{example}");
    }
}

#[tokio::test]
async fn who_may_not_connect_is_told_so() {
    for example in EXAMPLES {
        let program = Program::start(example, &["127.0.0.1:0"]);
        let elsewhere = http::HeaderValue::from_static("https://elsewhere.example");
        let connector = Connector::new().header(http::header::ORIGIN, elsewhere);
        let refused = connector.connect(&format!("ws://{}/chat", program.address())).await.unwrap_err();
        let ConnectError::Refused(refusal) = refused else { panic!("{example}: {refused}") };
        assert_eq!(refusal.status, 403, "{example}");
        assert!(refusal.body.contains("origin may not connect"), "{example}: {}", refusal.body);
    }
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_waits_for_the_answers() {
    for example in EXAMPLES {
        let mut program = Program::start(example, &["127.0.0.1:0"]);
        let mut guests = [open(&program).await, open(&program).await];
        guests[0].send("here").await.unwrap();
        assert_eq!(text(&mut guests[0]).await, "here", "{example}");
        program.interrupt();
        for guest in &mut guests {
            while guest.recv().await.is_some() {}
            let closed = guest.closed().unwrap();
            assert_eq!(closed.code, CloseCode::RESTART, "{example}: {closed:?}");
            assert!(closed.reason.contains("retry-after="), "{example}: {closed:?}");
        }
        assert_eq!(program.last_words(), "stopped; 0 connections had to be cut off", "{example}");
    }
}
