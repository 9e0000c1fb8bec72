//! Something that can be timed.

/// Handles at least as many messages as it is told and says how many it was.
pub type Run = Box<dyn FnMut(usize) -> usize>;
