/// How many may listen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Streams of one user on this node; one more ends the oldest.
    pub streams_per_user: usize,
    /// Parked polls of one user on this node; one more is refused.
    pub polls_per_user: usize,
    /// Streams and polls of everybody on this node; one more is refused.
    pub connections: usize,
}

/// The contract's §4.
impl Default for Limits {
    fn default() -> Self {
        Self { streams_per_user: 20, polls_per_user: 20, connections: 100_000 }
    }
}
