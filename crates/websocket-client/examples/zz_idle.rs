//! Scratch.
use websocket_client::*;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let rss = || {
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|l| l.starts_with("VmRSS"))
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    let c = Connector::new();
    let mut all = vec![];
    for _ in 0..50 {
        all.push(c.connect(&url).await.unwrap());
    }
    let before = rss();
    for _ in 0..n {
        all.push(c.connect(&url).await.unwrap());
    }
    println!("held: {} B each, size {}", (rss() - before) * 1024 / n, size_of::<WebSocket>());
    let mut tasks = tokio::task::JoinSet::new();
    for mut ws in all {
        tasks.spawn(async move { while ws.recv().await.is_some() {} });
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    println!("reading in tasks: {} B each", (rss() - before) * 1024 / n);
}
