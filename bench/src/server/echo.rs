//! `echo`: what is sent comes back.

use std::io;
use std::time::Duration;

use super::chart::{self, Panel};
use super::document::Report;
use super::echoes::{Echoes, Shape};
use super::goals::{Bound, Goals};
use super::machine;
use super::options::Options;
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::{Table, rate};
use super::turns::Turns;

/// The four questions, and how they are called.
const SHAPES: [(&str, Shape); 4] = [
    ("20 B, one at a time", Shape { size: 20, connections: 64, depth: 1 }),
    ("20 B, sixteen in flight", Shape { size: 20, connections: 64, depth: 16 }),
    ("16 KiB", Shape { size: 16 << 10, connections: 16, depth: 1 }),
    ("1 MiB", Shape { size: 1 << 20, connections: 4, depth: 1 }),
];
const ROUNDS: usize = 7;
const FLOOR: Peer = Peer::FloorEach;

/// For one shape: messages for each second of the server's processor time, p50 and p99 in milliseconds.
#[derive(Clone, Copy)]
struct Found {
    per_cpu_second: f64,
    half: f64,
    most: f64,
}

pub fn run(options: &Options) -> Report {
    let how_long = Duration::from_millis(if options.quick { 60 } else { 600 });
    let turns = Turns::take(options.with_floors(&[FLOOR]), options.rounds(ROUNDS), |peer| {
        let server = Process::start(peer, Job::Echo)?;
        SHAPES.iter().map(|(_, shape)| measure(&server, *shape, how_long)).collect::<io::Result<Vec<_>>>()
    });
    let mut rates = Table::new([""].into_iter().chain(SHAPES.map(|(name, _)| name)));
    let mut latencies = Table::new([""].into_iter().chain(SHAPES.map(|(name, _)| name)));
    for &peer in &turns.peers {
        let (mut rate_cells, mut latency_cells) = (vec![peer.to_string()], vec![peer.to_string()]);
        for at in 0..SHAPES.len() {
            let value = |found: &Vec<Found>| found[at].per_cpu_second;
            let cells = match (turns.spread(peer, value), turns.ratio(peer, FLOOR, value)) {
                (Some(found), Some(ratio)) => format!("{} ({:.2})", rate(found.median), ratio.median),
                _ => "–".to_owned(),
            };
            rate_cells.push(cells);
            let half = turns.spread(peer, |found| found[at].half);
            let most = turns.spread(peer, |found| found[at].most);
            latency_cells.push(match (half, most) {
                (Some(half), Some(most)) => format!("{:.2} / {:.2}", half.median, most.median),
                _ => "–".to_owned(),
            });
        }
        rates.row(rate_cells);
        latencies.row(latency_cells);
    }
    let mut goals = Goals::default();
    judge(&mut goals, &turns);
    let markdown = format!(
        "Messages per server CPU-second; in brackets as a multiple of the floor in the same round:\n\n{}\n\
         Time to the answer, p50 / p99 in ms:\n\n{}\n{}Load average at the end: {}.\n\n{}",
        rates.markdown(),
        latencies.markdown(),
        turns.remarks(),
        machine::load_average(),
        goals.markdown(),
    );
    println!("{markdown}");
    let plots = vec![("echo".to_owned(), plot(&turns))];
    Report { name: "echo", markdown, plots, failures: turns.failures() }
}

fn measure(server: &Process, shape: Shape, how_long: Duration) -> io::Result<Found> {
    let mut echoes = Echoes::connect(server.address, shape)?;
    echoes.run(how_long / 8)?;
    echoes.latency = Default::default();
    let (answered, cpu) = (echoes.answered, server.cpu_time());
    echoes.run(how_long)?;
    let per_cpu_second = (echoes.answered - answered) as f64 / (server.cpu_time() - cpu).as_secs_f64();
    Ok(Found { per_cpu_second, half: echoes.latency.quantile(0.5), most: echoes.latency.quantile(0.99) })
}

fn judge(goals: &mut Goals, turns: &Turns<Vec<Found>>) {
    for &peer in turns.peers.iter().filter(|peer| peer.is_ours()) {
        // With sixteen in flight nothing is asked of the others.
        let sixteen = match peer.name() {
            "tokio" => Some(0.8),
            "uring" => Some(0.9),
            _ => None,
        };
        for (at, bound) in [Some(0.95), sixteen].into_iter().enumerate() {
            let Some(bound) = bound else { continue };
            let ratio = turns.ratio(peer, FLOOR, |found| found[at].per_cpu_second);
            goals.ratio(format!("{peer}, {}, to the floor", SHAPES[at].0), Bound::AtLeast(bound), ratio);
        }
        for (at, (name, _)) in SHAPES.iter().enumerate().skip(2) {
            let value = |found: &Vec<Found>| found[at].per_cpu_second;
            let crates = turns.peers.iter().copied().filter(|peer| !peer.is_ours() && !peer.is_floor());
            let medians = crates.filter_map(|peer| Some((peer, turns.spread(peer, value)?.median)));
            if let Some((best, _)) = medians.max_by(|one, other| one.1.total_cmp(&other.1)) {
                let what = format!("{peer}, {name}, to the best crate ({best})");
                goals.ratio(what, Bound::AtLeast(1.0), turns.ratio(peer, best, value));
            }
        }
    }
}

fn plot(turns: &Turns<Vec<Found>>) -> String {
    let panels = SHAPES.iter().enumerate().map(|(at, (name, _))| {
        let bar = |peer: &Peer| {
            let found = turns.spread(*peer, |found| found[at].per_cpu_second)?;
            Some((found.median, rate(found.median)))
        };
        Panel { title: (*name).to_owned(), bars: turns.peers.iter().map(bar).collect() }
    });
    chart::bars("Echoes per server CPU-second", &turns.peers, &panels.collect::<Vec<_>>())
}
