//! Asking whether the server is there.

use std::future::{Future, poll_fn};
use std::task::Poll;

use websocket_client::{CloseCode, Message, UsageError, connect};

use crate::server::{Ws, echo, serve, soon};

#[tokio::test]
async fn an_answer_comes_and_messages_before_it_are_kept() {
    let address = serve(|_, stream| echo(stream)).await;
    let mut ws = connect(&format!("ws://{address}/")).await.unwrap();
    ws.send("before").await.unwrap();
    for _ in 0..3 {
        assert!(soon(ws.ping()).await.unwrap().is_some());
    }
    ws.send("behind").await.unwrap();
    assert_eq!(soon(ws.recv()).await, Some(Message::text("before")));
    assert_eq!(soon(ws.recv()).await, Some(Message::text("behind")));
}

#[tokio::test]
async fn a_question_that_is_given_up_disturbs_no_other() {
    let address = serve(|_, stream| echo(stream)).await;
    let mut ws = connect(&format!("ws://{address}/")).await.unwrap();
    // Polled once, so that the ping is on its way, and dropped.
    let mut ping = Box::pin(ws.ping());
    assert!(poll_fn(|cx| Poll::Ready(ping.as_mut().poll(cx).is_pending())).await);
    drop(ping);
    assert!(soon(ws.ping()).await.unwrap().is_some());
    ws.send("still here").await.unwrap();
    assert_eq!(soon(ws.recv()).await, Some(Message::text("still here")));
}

#[tokio::test]
async fn a_server_that_closes_instead_gives_no_answer() {
    let address = serve(|_, stream| async {
        if let Some(mut ws) = Ws::accept(stream).await {
            ws.close(CloseCode::NORMAL, "bye").await;
        }
    })
    .await;
    let mut ws = connect(&format!("ws://{address}/")).await.unwrap();
    while soon(ws.ping()).await.is_ok_and(|answer| answer.is_some()) {}
    assert_eq!(soon(ws.recv()).await, None);
    assert_eq!(ws.closed().unwrap().code, CloseCode::NORMAL);
    assert_eq!(soon(ws.ping()).await, Err(UsageError::Closed));
}
