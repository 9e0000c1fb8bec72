//! `slow`: one of many stops reading, while much is said.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::crowd::Crowd;
use super::document::Report;
use super::frames;
use super::goals::{Bound, Goals};
use super::machine;
use super::measure::paced;
use super::options::Options;
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::Table;
use super::turns::Turns;

const SUBSCRIBERS: usize = 50;
const PAYLOAD_LEN: usize = 4096;
/// Messages a second.
const PACE: f64 = 1000.0;
const ROUNDS: usize = 5;
/// How much the server may grow by one who does not read: the queue's limit of 1 MiB, and what else is used by then.
const GROWTH: f64 = 4.0;
/// 1013, try again later.
const FELL_BEHIND: [u8; 2] = [0x03, 0xf5];

#[derive(Clone, Copy)]
struct Found {
    /// p99 of everybody while all read, and of the others while one does not, in milliseconds.
    before: f64,
    with: f64,
    /// Growth of the most memory that the server has had, in MiB.
    growth: f64,
    end: End,
    /// How many the server says it has closed for falling behind.
    counted: u64,
}

/// What the one that did not read finds when it does.
#[derive(Clone, Copy, PartialEq)]
enum End {
    FellBehind,
    OtherwiseClosed,
    StillOpen,
}

pub fn run(options: &Options) -> Report {
    let floors = [Peer::FloorEach];
    let mut turns =
        Turns::take(options.with_floors(&floors), options.rounds(ROUNDS), |peer| measure(peer, options));
    let mut table = Table::new(["", "p99 before, ms", "with it, ms", "ratio", "memory, MiB", "its end"]);
    let mut goals = Goals::default();
    let mut unclosed = Vec::new();
    for &peer in &turns.peers {
        let value = |value: fn(&Found) -> f64| turns.spread(peer, value);
        let ratio = value(|found| found.with / found.before);
        let (Some(before), Some(with), Some(growth), Some(ratio)) =
            (value(|found| found.before), value(|found| found.with), value(|found| found.growth), ratio)
        else {
            table.row([peer.name(), "–", "–", "–", "–", "–"]);
            continue;
        };
        let closed = value(|found| f64::from(u8::from(found.end == End::FellBehind && found.counted == 1)));
        let dropped = value(|found| f64::from(u8::from(found.end != End::StillOpen)));
        let end = match (closed, dropped) {
            (Some(closed), _) if closed.least > 0.0 => "closed with 1013, counted",
            (_, Some(dropped)) if dropped.least > 0.0 => "closed",
            _ => "still open",
        };
        let number = |value: f64| format!("{value:.2}");
        let (before, with, grown) = (number(before.median), number(with.median), number(growth.median));
        table.row([peer.to_string(), before, with, number(ratio.median), grown, end.to_owned()]);
        if peer.is_ours() {
            goals.ratio(format!("{peer}, p99 of the others, to before"), Bound::AtMost(1.2), Some(ratio));
            goals.ratio(format!("{peer}, growth in MiB"), Bound::AtMost(GROWTH), Some(growth));
            goals.number(format!("{peer}, closed with 1013 and counted"), Bound::AtLeast(1.0), closed);
            if closed.is_none_or(|closed| closed.least < 1.0) {
                unclosed.push((peer, "who did not read was not closed with 1013 and counted".to_owned()));
            }
        }
    }
    turns.problems.extend(unclosed);
    let markdown = format!(
        "{SUBSCRIBERS} subscribers, {PACE} messages of 4 KiB a second:\n\n{}\n{}Load average at the end: {}.\n\n{}",
        table.markdown(),
        turns.remarks(),
        machine::load_average(),
        goals.markdown(),
    );
    println!("{markdown}");
    Report { name: "slow", markdown, plots: Vec::new(), failures: turns.failures() }
}

fn measure(peer: Peer, options: &Options) -> io::Result<Found> {
    let how_long = Duration::from_secs(if options.quick { 3 } else { 5 });
    let mut server = Process::start(peer, Job::Room)?;
    let mut crowd = Crowd::connect(&server, SUBSCRIBERS, PAYLOAD_LEN)?;
    paced(&mut crowd, &server, PACE, how_long / 8)?;
    let before = paced(&mut crowd, &server, PACE, how_long)?.latency.quantile(0.99);
    let memory = server.peak() as f64;
    let silent = crowd.one_stops_listening()?;
    let with = paced(&mut crowd, &server, PACE, how_long)?.latency.quantile(0.99);
    let growth = (server.peak() as f64 - memory) / f64::from(1 << 20);
    let end = end(silent)?;
    Ok(Found { before, with, growth, end, counted: server.fell_behind()? })
}

/// Reads what still comes, and answers a close frame as a client does.
fn end(mut silent: TcpStream) -> io::Result<End> {
    silent.set_nonblocking(false)?;
    silent.set_read_timeout(Some(Duration::from_secs(1)))?;
    let (mut buffer, mut last, mut end) = (vec![0; 1 << 16], Vec::new(), End::StillOpen);
    loop {
        match silent.read(&mut buffer) {
            Ok(read) if read > 0 => {
                last.extend_from_slice(&buffer[..read]);
                // A close frame has at most 127 octets.
                last.drain(..last.len().saturating_sub(127));
                if end == End::StillOpen && is_told_to_come_back(&last) {
                    end = End::FellBehind;
                    silent.write_all(&frames::close(FELL_BEHIND))?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(end),
            _ if end == End::FellBehind => return Ok(end),
            _ => return Ok(End::OtherwiseClosed),
        }
    }
}

/// Whether this ends with a close frame of code 1013.
fn is_told_to_come_back(octets: &[u8]) -> bool {
    (0..octets.len().saturating_sub(3)).any(|at| {
        let length = usize::from(octets[at + 1]);
        octets[at] == 0x88 && at + 2 + length == octets.len() && octets[at + 2..].starts_with(&FELL_BEHIND)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_at_the_end_is_seen() {
        let close = [&b"text\x88\x07"[..], &FELL_BEHIND, b"later"].concat();
        assert!(is_told_to_come_back(&close));
        assert!(!is_told_to_come_back(&close[..close.len() - 1]));
        assert!(!is_told_to_come_back(b"text\x88\x02\x03\xe8"));
    }
}
