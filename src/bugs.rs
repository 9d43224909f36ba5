//! Bugs sown on purpose, one at a time, to see that `tests/checker` finds them.
//!
//! There are none unless the feature `seeded-bugs` is on, which no release build takes: without it
//! [`seeded`] is a constant, and what hangs on it is compiled away.

#[cfg(all(feature = "seeded-bugs", not(debug_assertions)))]
compile_error!("the feature seeded-bugs is for the checker, and a release must not have it");

/// What is wrong.
#[derive(Debug, Clone, Copy)]
pub enum Bug {
    /// A commit is told to nobody on the node that made it, nor to the bus.
    SkipsPublish,
    /// A spent link verifies again.
    SpendsTwice,
    /// What a backend changes does not count in the version, and takes the place of the change that
    /// did.
    VersionStands,
    /// What a backend changes counts twice in the version.
    VersionJumps,
    /// A cookie's owner is whoever was looked up before.
    Leaks,
    /// Now and then a node dies, so to speak, between its answer and the COMMIT.
    AnswersBeforeCommit,
    /// The row is read first and the hub joined later.
    SubscribesLate,
    /// Whoever comes back is not told what it missed.
    DropsOnReconnect,
    /// What a slow reader finds in its channel is shown although it is older than the row it read.
    GoesBack,
    /// A reader too slow for its channel goes on with what comes next.
    LagsSilently,
    /// Of what a backend says of a user, the attributes are left out.
    ForgetsHalf,
    /// Streams of a session that has ended go on, and so does its token.
    ForgetsRevocation,
    /// The epoch is another on every node.
    WrongEpoch,
}

/// Whether the program has this bug.
#[cfg(not(feature = "seeded-bugs"))]
pub const fn seeded(_: Bug) -> bool {
    false
}

/// Whether the program has this bug: its name is in `AFTERCLICK_BUG`.
#[cfg(feature = "seeded-bugs")]
#[expect(
    clippy::disallowed_methods,
    reason = "no setting of the service, which has no bugs to set"
)]
pub fn seeded(bug: Bug) -> bool {
    std::env::var("AFTERCLICK_BUG").is_ok_and(|name| name == format!("{bug:?}"))
}

/// By how much what a backend changes raises the version.
pub fn version_step() -> i64 {
    match (seeded(Bug::VersionStands), seeded(Bug::VersionJumps)) {
        (true, _) => 0,
        (_, true) => 2,
        _ => 1,
    }
}
