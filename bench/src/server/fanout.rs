//! `fanout`: one message in, all subscribers out.

use std::io;
use std::time::Duration;

use websocket_hub::Backend;

use super::chart::{self, Panel};
use super::crowd::Crowd;
use super::document::Report;
use super::goals::{Bound, Goals};
use super::machine;
use super::measure::{Figures, paced, saturated};
use super::options::Options;
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::{Table, rate, thousands};
use super::turns::Turns;

const SIZES: [usize; 3] = [100, 1000, 10_000];
/// How many publications are under way at a time.
const UNDER_WAY: [usize; 3] = [1, 16, 64];
/// Where 16 and 64 stand in it.
const SIXTEEN: usize = 1;
const SIXTY_FOUR: usize = 2;
const PAYLOAD_LEN: usize = 64;
const ROUNDS: usize = 5;

/// What one peer did in one round.
struct Outcome {
    saturated: Vec<Figures>,
    paced: Figures,
}

pub fn run(options: &Options) -> Report {
    let mut report =
        Report { name: "fanout", markdown: String::new(), plots: Vec::new(), failures: Vec::new() };
    let mut goals = Goals::default();
    let sizes = if options.quick { &SIZES[..1] } else { &SIZES[..] };
    let sizes = options.subscribers.as_ref().map_or(sizes, std::slice::from_ref);
    let mut latencies = Vec::new();
    for &size in sizes {
        match measure(size, options) {
            Ok((turns, pace)) => {
                let text = describe(&turns, size, pace);
                println!("{text}");
                report.markdown += &text;
                report.plots.push((format!("fanout-{size}"), plot(&turns, size)));
                judge(&mut goals, &turns, size);
                report.failures.extend(turns.failures());
                latencies.push((size, pace, turns));
            }
            Err(error) => report.failures.push(format!("the floor with {size} subscribers: {error}")),
        }
    }
    report.plots.push(("fanout-latency".to_owned(), plot_latency(&latencies, options)));
    let goals = goals.markdown();
    println!("{goals}");
    report.markdown += &goals;
    report
}

/// All peers in turns, and the pace in publications a second: half of what the floor *each* does at most with one
/// under way.
fn measure(size: usize, options: &Options) -> io::Result<(Turns<Outcome>, f64)> {
    let how_long = Duration::from_millis(match size {
        _ if options.quick => 60,
        0..1000 => 500,
        1000..10_000 => 700,
        _ => 1500,
    });
    let server = Process::start(Peer::FloorEach, Job::Room)?;
    let mut crowd = Crowd::connect(&server, size, PAYLOAD_LEN)?;
    let most = saturated(&mut crowd, &server, 1, how_long)?.per_second / size as f64;
    drop((crowd, server));
    let pace = round(most / 2.0);
    let peers = options.with_floors(&[Peer::FloorEach, Peer::FloorBatch]);
    let turns = Turns::take(peers, options.rounds(ROUNDS), |peer| -> io::Result<Outcome> {
        let server = Process::start(peer, Job::Room)?;
        let mut crowd = Crowd::connect(&server, size, PAYLOAD_LEN)?;
        let saturated = UNDER_WAY
            .iter()
            .map(|under_way| saturated(&mut crowd, &server, *under_way, how_long))
            .collect::<io::Result<_>>()?;
        Ok(Outcome { saturated, paced: paced(&mut crowd, &server, pace, how_long * 2)? })
    });
    Ok((turns, pace))
}

/// Two digits are enough.
fn round(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    (value / unit).round() * unit
}

fn describe(turns: &Turns<Outcome>, size: usize, pace: f64) -> String {
    let pace = format!("{} a second", rate(pace));
    let mut rates = Table::new(["", "1 in flight", "16 in flight", "64 in flight", &pace]);
    let mut latencies = Table::new(["", "1 in flight", "16 in flight", "64 in flight", &pace]);
    let mut together = Table::new(["", "1 in flight", "16 in flight", "64 in flight", &pace]);
    for &peer in &turns.peers {
        let [mut rate_cells, mut latency_cells, mut together_cells] =
            [(); 3].map(|()| vec![peer.to_string()]);
        for at in 0..=UNDER_WAY.len() {
            // With little under way the floors are alike; with much, only the one that batches is a limit.
            let base = if at == 0 || at == UNDER_WAY.len() { Peer::FloorEach } else { Peer::FloorBatch };
            let value = |outcome: &Outcome| figures(outcome, at).per_cpu_second;
            rate_cells.push(match (turns.spread(peer, value), turns.ratio(peer, base, value)) {
                (Some(found), Some(ratio)) => format!("{} ({:.2})", rate(found.median), ratio.median),
                (Some(found), None) => rate(found.median),
                (None, _) => "–".to_owned(),
            });
            let quantile = |share| turns.spread(peer, |outcome| figures(outcome, at).latency.quantile(share));
            latency_cells.push(match (quantile(0.5), quantile(0.99)) {
                (Some(half), Some(most)) => format!("{} / {}", short(half.median), short(most.median)),
                _ => "–".to_owned(),
            });
            let per_read = turns.spread(peer, |outcome| figures(outcome, at).per_read);
            together_cells.push(per_read.map_or("–".to_owned(), |found| format!("{:.1}", found.median)));
        }
        rates.row(rate_cells);
        latencies.row(latency_cells);
        together.row(together_cells);
    }
    let text = format!(
        "### {} subscribers\n\nDeliveries per server CPU-second; in brackets as a multiple of a floor in the same \
         round, *each* with one in flight and paced, *batch* with 16 and 64:\n\n{}\n\
         Latency of a delivery, p50 / p99 in ms:\n\n{}\n\
         Deliveries that arrive in one piece:\n\n{}\n",
        thousands(size),
        rates.markdown(),
        latencies.markdown(),
        together.markdown(),
    );
    format!("{text}{}Load average at the end: {}.\n\n", turns.remarks(), machine::load_average())
}

fn figures(outcome: &Outcome, at: usize) -> &Figures {
    outcome.saturated.get(at).unwrap_or(&outcome.paced)
}

/// Milliseconds in about three digits.
fn short(milliseconds: f64) -> String {
    let digits = match milliseconds {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{milliseconds:.digits$}")
}

fn judge(goals: &mut Goals, turns: &Turns<Outcome>, size: usize) {
    for &peer in turns.peers.iter().filter(|peer| peer.is_ours()) {
        let (each, batch) = bounds(peer);
        let name = format!("{peer}, {}", thousands(size));
        let ratio = |base, at| turns.ratio(peer, base, |outcome| figures(outcome, at).per_cpu_second);
        if let Some(each) = each {
            goals.ratio(
                format!("{name}, 1 in flight, to *each*"),
                Bound::AtLeast(each),
                ratio(Peer::FloorEach, 0),
            );
        }
        if size >= 1000 {
            for (at, bound) in [SIXTEEN, SIXTY_FOUR].into_iter().zip(batch) {
                let what = format!("{name}, {} in flight, to *batch*", UNDER_WAY[at]);
                goals.ratio(what, Bound::AtLeast(bound), ratio(Peer::FloorBatch, at));
            }
        }
        if size >= 1000 {
            goals.ratio(
                format!("{name}, 16 in flight, to axum"),
                Bound::AtLeast(8.0),
                ratio(Peer::Axum, SIXTEEN),
            );
        }
        let p99 = turns.ratio(peer, Peer::FloorBatch, |outcome| outcome.paced.latency.quantile(0.99));
        goals.ratio(format!("{name}, paced, p99 to *batch*"), Bound::AtMost(1.2), p99);
        let kept = turns.spread(peer, |outcome| {
            outcome.saturated[SIXTY_FOUR].per_cpu_second / outcome.saturated[SIXTEEN].per_cpu_second
        });
        goals.ratio(format!("{name}, 64 in flight, to its 16"), Bound::AtLeast(1.0), kept);
    }
}

/// What is asked of a backend: with one in flight to *each*, if anything; with 16 and 64 to *batch*.
fn bounds(peer: Peer) -> (Option<f64>, [f64; 2]) {
    match peer {
        Peer::Ours(Backend::Tokio) => (Some(0.95), [1.3, 1.2]),
        peer if peer.name() == "uring" => (Some(1.15), [1.4, 1.4]),
        _ => (None, [0.5, 0.5]),
    }
}

fn plot(turns: &Turns<Outcome>, size: usize) -> String {
    let panels = UNDER_WAY.iter().enumerate().map(|(at, under_way)| Panel {
        title: format!("{under_way} in flight"),
        bars: bars(turns, |outcome| outcome.saturated[at].per_cpu_second, rate),
    });
    let title = format!("Deliveries per server CPU-second, {} subscribers, 64 B text", thousands(size));
    chart::bars(&title, &turns.peers, &panels.collect::<Vec<_>>())
}

fn plot_latency(measured: &[(usize, f64, Turns<Outcome>)], options: &Options) -> String {
    let panels = measured.iter().map(|(size, pace, turns)| Panel {
        title: format!("{} subscribers, {} a second", thousands(*size), rate(*pace)),
        bars: bars(
            turns,
            |outcome| outcome.paced.latency.quantile(0.99),
            |value| format!("{} ms", short(value)),
        ),
    });
    let peers = options.with_floors(&[Peer::FloorEach, Peer::FloorBatch]);
    chart::bars("p99 latency of a delivery, paced; shorter is better", &peers, &panels.collect::<Vec<_>>())
}

fn bars(
    turns: &Turns<Outcome>,
    value: impl Fn(&Outcome) -> f64,
    label: impl Fn(f64) -> String,
) -> Vec<Option<(f64, String)>> {
    let bar = |peer: &Peer| turns.spread(*peer, &value).map(|found| (found.median, label(found.median)));
    turns.peers.iter().map(bar).collect()
}
