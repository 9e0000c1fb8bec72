//! What NATS does by itself: publishing to a stream of three replicas, and asking somebody at another server.

use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream};
use async_nats::{Client, ServerAddr};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use super::Result;
use super::servers::Servers;
use crate::server::histogram::Histogram;

/// How long three servers may take to find a leader.
const PATIENCE: Duration = Duration::from_secs(60);
const STREAM: &str = "bare";

pub async fn connect(address: &str) -> Result<Client> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match async_nats::connect(address.parse::<ServerAddr>()?).await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Waits until the servers have a leader, and makes a stream.
pub async fn prepare(servers: &Servers) -> Result<()> {
    let context = jetstream::new(connect(&servers.address(0)).await?);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let config = stream::Config {
            name: STREAM.into(),
            subjects: vec![STREAM.into()],
            storage: stream::StorageType::File,
            num_replicas: 3,
            ..stream::Config::default()
        };
        match context.create_stream(config).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Acknowledged messages a second with so many under way, and how long each took.
pub async fn publish(
    servers: &Servers,
    payload: Bytes,
    in_flight: usize,
    duration: Duration,
) -> Result<(f64, Histogram)> {
    let context = jetstream::new(connect(&servers.address(0)).await?);
    let one = || {
        let (context, payload) = (context.clone(), payload.clone());
        async move {
            let asked = Instant::now();
            let acknowledgement = context.publish(STREAM, payload).await?.await;
            Result::Ok(acknowledgement.map(|_| asked.elapsed())?)
        }
    };
    let (start, mut count, mut latency) = (Instant::now(), 0_u64, Histogram::default());
    let mut under_way: FuturesUnordered<_> = (0..in_flight).map(|_| one()).collect();
    while let Some(took) = under_way.next().await {
        latency.add(took?);
        count += 1;
        if start.elapsed() < duration {
            under_way.push(one());
        }
    }
    Ok((count as f64 / start.elapsed().as_secs_f64(), latency))
}

/// How long an answer takes from somebody at another server, one question after another.
pub async fn ask(servers: &Servers, payload: Bytes, duration: Duration) -> Result<Histogram> {
    let (asks, answers) = (connect(&servers.address(0)).await?, connect(&servers.address(1)).await?);
    let mut questions = answers.subscribe("ask").await?;
    answers.flush().await?;
    let answering = tokio::spawn(async move {
        while let Some(question) = questions.next().await {
            if let Some(reply) = question.reply {
                // Who asked says that no answer came.
                let _ = answers.publish(reply, question.payload).await;
            }
        }
    });
    // The servers tell each other who listens.
    let first = async {
        while asks.request("ask", payload.clone()).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, first).await?;
    let (start, mut latency) = (Instant::now(), Histogram::default());
    while start.elapsed() < duration {
        let asked = Instant::now();
        asks.request("ask", payload.clone()).await?;
        latency.add(asked.elapsed());
    }
    answering.abort();
    Ok(latency)
}
