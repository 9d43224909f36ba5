use super::{Bus, Heard};
use crate::model::{Cursor, Ending, UserRef};
use futures_util::stream::{BoxStream, StreamExt, pending};

/// The bus of a node that is alone, or that hears of the others' changes from the database only.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalBus;

impl Bus for LocalBus {
    fn changed(&self, _user: &UserRef, _cursor: Cursor) {}

    fn ended(&self, _ending: &Ending) {}

    fn hear(&self) -> BoxStream<'static, Heard> {
        pending().boxed()
    }
}
