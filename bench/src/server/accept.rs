//! `accept`: opening handshakes.

use std::io;

use super::chart::{self, Panel};
use super::document::Report;
use super::goals::{Bound, Goals};
use super::options::Options;
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::{Table, rate, thousands};
use super::turns::Turns;
use super::{handshake, machine};

/// Connections opened in one turn. They stay open until it is over, so that closing is not measured.
const CONNECTIONS: usize = 5000;
/// What is made once is made before measuring.
const WARM: usize = 100;
const ROUNDS: usize = 7;

pub fn run(options: &Options) -> Report {
    let count = if options.quick { 200 } else { CONNECTIONS };
    let floor = Peer::FloorEach;
    let turns =
        Turns::take(options.with_floors(&[floor]), options.rounds(ROUNDS), |peer| -> io::Result<f64> {
            let server = Process::start(peer, Job::Room)?;
            let _warm = handshake::connect(server.address, WARM)?;
            let before = server.cpu_time();
            let _open = handshake::connect(server.address, count)?;
            Ok(count as f64 / (server.cpu_time() - before).as_secs_f64())
        });
    let mut table = Table::new(["", "handshakes per server CPU-second", "to the floor"]);
    let mut goals = Goals::default();
    let mut bars = Vec::new();
    for &peer in &turns.peers {
        let (found, ratio) = (turns.spread(peer, |rate| *rate), turns.ratio(peer, floor, |rate| *rate));
        let (Some(found), Some(ratio)) = (found, ratio) else {
            table.row([peer.name(), "–", "–"]);
            bars.push(None);
            continue;
        };
        table.row([peer.to_string(), rate(found.median), format!("{:.2}", ratio.median)]);
        bars.push(Some((found.median, rate(found.median))));
        if peer.is_ours() {
            goals.ratio(format!("{peer}, to the floor"), Bound::AtLeast(0.75), Some(ratio));
        }
    }
    let mut markdown = format!(
        "{} connections, 64 handshakes under way at a time:\n\n{}\n",
        thousands(count),
        table.markdown()
    );
    markdown += &turns.remarks();
    markdown += &format!("Load average at the end: {}.\n\n{}", machine::load_average(), goals.markdown());
    println!("{markdown}");
    let panel = Panel { title: String::new(), bars };
    let plot = chart::bars("Handshakes per server CPU-second", &turns.peers, &[panel]);
    Report { name: "accept", markdown, plots: vec![("accept".to_owned(), plot)], failures: turns.failures() }
}
