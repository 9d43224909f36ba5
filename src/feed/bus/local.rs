use super::{Bus, BusState, Elsewhere, Heard};
use crate::model::{Cursor, Ending, UserRef};
use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{BoxStream, StreamExt, pending};

/// The bus of a node that is alone, or that hears of the others' changes from the database only.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalBus {
    /// Whether there may be others, who cannot be asked.
    pub others: bool,
}

impl Bus for LocalBus {
    fn changed(&self, _user: &UserRef, _cursor: Cursor) {}

    fn ended(&self, _ending: &Ending) {}

    fn hear(&self) -> BoxStream<'static, Heard> {
        pending().boxed()
    }

    fn state(&self) -> BusState {
        if self.others { BusState::Local } else { BusState::Alone }
    }

    fn ask(&self, _user: &UserRef) -> BoxFuture<'static, Elsewhere> {
        ready(Elsewhere { connections: Vec::new(), partial: self.others }).boxed()
    }
}
