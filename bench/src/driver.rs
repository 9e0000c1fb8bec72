//! The comparison: its rows, what is asked of each, and the verdicts.

use std::hint::black_box;
use std::time::Duration;

use websocket_driver::mask;

use crate::library::{self, Deflate, Library, Side};
use crate::load::{Kind, Load};
use crate::memory;
use crate::report::{Report, Throughput};
use crate::rounds::{Patience, Spread, measure};
use crate::run::Run;

pub const SIZES: [usize; 4] = [20, 1 << 10, 64 << 10, 1 << 20];

/// Ours against the best peer, in messages a second: at least this for the smallest messages, 1 for all others.
const SMALL_RATIO: f64 = 1.5;
/// Receiving 1 MiB against one pass of unmasking over it: at most this.
const UNMASK_RATIO: f64 = 1.3;
const PLAIN_HEAP: f64 = 512.0;
const WINDOW12_HEAP: f64 = 8192.0;
const BROADCAST_TO: usize = 1000;

pub fn compare(quick: bool) -> Report {
    let patience = if quick {
        Patience { rounds: 5, turn: Duration::from_millis(3) }
    } else {
        Patience { rounds: 21, turn: Duration::from_millis(10) }
    };
    let libraries = library::all();
    let mut report = Report::new(&libraries);

    report.section("Receive, server's side: masked frames, from reading to the message in hand");
    for load in receive_loads() {
        let runs = runs(&libraries, |library| Some(library.receiver(load)));
        throughput(&mut report, format!("receive {load}"), load.size, runs, patience);
    }
    for (title, side) in
        [("Send, server's side: unmasked", Side::Server), ("Send, client's side: masked", Side::Client)]
    {
        report.section(title);
        for load in send_loads() {
            let name = if side == Side::Server { "send" } else { "client sends" };
            let runs = runs(&libraries, |library| Some(library.sender(load, side)));
            throughput(&mut report, format!("{name} {load}"), load.size, runs, patience);
        }
    }

    report.section("Compressed broadcast, server's side: one message to 1,000 connections");
    for deflate in Deflate::ALL {
        let runs = runs(&libraries, |library| library.deflated_broadcast(BROADCAST_TO, deflate));
        throughput(
            &mut report,
            format!("broadcast, {}", deflate.name()),
            crate::sample::JSON.len(),
            runs,
            patience,
        );
    }

    unmasking(&mut report, patience);
    heap(&mut report, &libraries);
    report
}

pub fn receive_loads() -> Vec<Load> {
    let mut loads = Vec::new();
    for kind in [Kind::Binary, Kind::Ascii, Kind::Mixed] {
        loads.extend(SIZES.map(|size| Load::new(kind, size)));
    }
    for kind in [Kind::Binary, Kind::Ascii] {
        loads.push(Load { whole: true, ..Load::new(kind, 1 << 20) });
    }
    loads
}

pub fn send_loads() -> Vec<Load> {
    [Kind::Binary, Kind::Ascii].into_iter().flat_map(|kind| SIZES.map(|size| Load::new(kind, size))).collect()
}

fn runs(libraries: &[Box<dyn Library>], make: impl Fn(&dyn Library) -> Option<Run>) -> Vec<Option<Run>> {
    libraries.iter().map(|library| make(library.as_ref())).collect()
}

fn throughput(
    report: &mut Report,
    name: String,
    size: usize,
    mut runs: Vec<Option<Run>>,
    patience: Patience,
) {
    let times = measure(&mut runs, patience);
    let goal = if size == SIZES[0] { SMALL_RATIO } else { 1.0 };
    report.throughput(Throughput { name, size, times, goal });
}

/// Receiving where the bytes lie, against nothing but unmasking them.
fn unmasking(report: &mut Report, patience: Patience) {
    let load = Load { whole: true, ..Load::new(Kind::Binary, 1 << 20) };
    let mut frame = load.frames().to_vec();
    // Behind the header, as the driver finds it: where a stretch begins matters to vector instructions.
    let payload_at = frame.len() - load.size;
    let pass: Run = Box::new(move |count| {
        for _ in 0..count {
            mask::apply(black_box(&mut frame[payload_at..]), [0x37, 0xfa, 0x21, 0x3d], 0);
        }
        count
    });
    let mut runs = [Some(library::ours::in_place(load)), Some(pass)];
    let times = measure(&mut runs, patience);
    let (Some(receive), Some(pass)) = (&times[0], &times[1]) else { unreachable!("both ran") };
    let ratio = Spread::of(receive.iter().zip(pass).map(|(receive, pass)| receive / pass));
    report.section("Receive 1 MiB of binary where it lies, in passes of unmasking");
    report.at_most("passes", ratio, UNMASK_RATIO);
}

fn heap(report: &mut Report, libraries: &[Box<dyn Library>]) {
    report.section("Heap of a connection at rest; in brackets the size of the value itself, in bytes");
    for row in memory::rows(libraries) {
        let limit = match row.name.as_str() {
            "plain" => Some(PLAIN_HEAP),
            name if name.starts_with(Deflate::Window12.name()) => Some(WINDOW12_HEAP),
            _ => None,
        };
        report.heap(row, limit);
    }
}
