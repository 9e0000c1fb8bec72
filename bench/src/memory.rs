//! The heap that one connection holds once it has talked a little and all is quiet.

use crate::heap;
use crate::library::{Deflate, Library, Resting};
use crate::sample::MANY;

/// How many connections share the blame for what one of them holds.
const CONNECTIONS: usize = 64;

/// What a connection weighs.
pub struct Weight {
    /// Bytes of heap.
    pub heap: f64,
    /// The size of the value itself.
    pub value: usize,
}

pub struct Row {
    pub name: String,
    /// One for each library; `None` where it cannot.
    pub weights: Vec<Option<Weight>>,
}

/// First the plain connection, then each sort of compression.
pub fn rows(libraries: &[Box<dyn Library>]) -> Vec<Row> {
    let plain = Row { name: "plain".to_owned(), weights: weigh(libraries, |library| library.resting()) };
    let after = [(1, "one message"), (MANY, "a thousand")];
    let deflated = Deflate::ALL.into_iter().flat_map(|deflate| {
        after.map(|(messages, after)| Row {
            name: format!("{}, {after}", deflate.name()),
            weights: weigh(libraries, |library| library.resting_deflated(deflate, messages)),
        })
    });
    std::iter::once(plain).chain(deflated).collect()
}

fn weigh(
    libraries: &[Box<dyn Library>],
    resting: impl Fn(&dyn Library) -> Option<Resting>,
) -> Vec<Option<Weight>> {
    let weigh = |library: &dyn Library| {
        // What is made once for all is made before counting.
        resting(library)?;
        let mut kept = Vec::with_capacity(CONNECTIONS);
        let (value, held) = heap::held_by(|| {
            let mut size = 0;
            for _ in 0..CONNECTIONS {
                let (connection, value) = resting(library).expect("it could before");
                size = value;
                kept.push(connection);
            }
            size
        });
        let boxes: usize = kept.iter().map(|connection| size_of_val(connection.as_ref())).sum();
        let heap = (held as f64 - boxes as f64) / CONNECTIONS as f64;
        Some(Weight { heap, value })
    };
    libraries.iter().map(|library| weigh(library.as_ref())).collect()
}
