//! What memory is held for, by name.

/// Octets of heap that are held, by what they are held for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Messages that have not arrived whole, and input that was read and not looked at yet.
    pub unfinished: u64,
    /// The end of what was sent and received, on connections with compression.
    pub windows: u64,
    /// What waits to be written to one connection each. Of what was sent and its connection has not taken up yet,
    /// less than 4 KiB for a connection do not count.
    pub queues: u64,
    /// What was published and somebody has not been written yet.
    pub topics: u64,
    /// What all connections take turns to use: buffers to read into, which are the whole process's.
    pub buffers: u64,
}

impl Memory {
    /// What connections and topics hold: all but the buffers.
    pub fn retained(&self) -> u64 {
        self.unfinished + self.windows + self.queues + self.topics
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.retained() + self.buffers
    }
}

/// What is held by connections and topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Unfinished,
    Windows,
    Queues,
    Topics,
}

impl Use {
    pub(crate) const COUNT: usize = 4;
}
