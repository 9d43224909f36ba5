use crate::model::{Cursor, Ending, UserRef};
use futures_util::stream::{BoxStream, StreamExt, pending};

/// What another node had to tell.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A user is at this cursor now; what changed is in the log.
    Changed(UserRef, Cursor),
    /// Connections and credentials of a user ended.
    Ended(Ending),
    /// Messages may have been lost: the bus was away, or its reader was too slow.
    Missed,
}

/// Carries hints between nodes: at most once, in no promised order, perhaps twice, never to the
/// node that told.
///
/// That is enough, because a hint is never the truth. `Changed` makes a node read the log from where
/// it stands, so a lost, repeated, reordered, or even forged hint shows nobody a wrong state; at worst
/// the reconciler finds the change up to 3 s later. `Ended` must come from a node of the same
/// installation, since it ends connections by itself; a lost one is found by the reconciler too.
///
/// What is carried is a user's name and a version, or an ending: nothing that a reader of the bus
/// could use.
pub trait Bus: Send + Sync + 'static {
    /// Tells the other nodes that `user` is at `cursor` now. Called from any thread, perhaps without
    /// a runtime; must not wait, and drops the hint where it cannot be sent now.
    fn changed(&self, user: &UserRef, cursor: Cursor);

    /// Tells the other nodes of an ending, under the same rules.
    fn ended(&self, ending: &Ending);

    /// What the other nodes tell from now on. The stream lives as long as the process: a bus that
    /// was away says [`Heard::Missed`] when it is back, rather than ending.
    fn hear(&self) -> BoxStream<'static, Heard>;
}

/// The bus of a node that is alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalBus;

impl Bus for LocalBus {
    fn changed(&self, _user: &UserRef, _cursor: Cursor) {}

    fn ended(&self, _ending: &Ending) {}

    fn hear(&self) -> BoxStream<'static, Heard> {
        pending().boxed()
    }
}
