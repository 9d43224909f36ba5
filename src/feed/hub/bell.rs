use super::member::Members;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, ThreadId};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Below this many it is as well to wake each member from where one is.
const FEW: usize = 8;

/// Wakes many members at once.
///
/// To wake a task of another thread takes a lock and a system call, ten times what it takes on its
/// own. So a thread with many listeners is told once, and wakes them itself.
#[derive(Default)]
pub(in crate::feed) struct Bells(RwLock<Vec<(ThreadId, UnboundedSender<Members>)>>);

impl Bells {
    /// Hangs a bell for the members that were made on this thread. The future answers it, on this
    /// thread too; once it is dropped, members are woken one by one again.
    pub fn hang(&self) -> impl Future<Output = ()> + use<> {
        let (bell, mut rung) = unbounded_channel::<Members>();
        let here = thread::current().id();
        let mut bells = self.0.write().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|(_, bell)| !bell.is_closed());
        bells.push((here, bell));
        async move {
            while let Some(members) = rung.recv().await {
                members.iter().filter(|member| member.home == here).for_each(|one| one.wake());
            }
        }
    }

    /// Wakes all of them, soon.
    pub fn ring(&self, members: &Members) {
        let mut told = Vec::new();
        if members.len() >= FEW {
            let bells = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let heard = |bell: &UnboundedSender<Members>| bell.send(Arc::clone(members)).is_ok();
            told.extend(bells.iter().filter(|(_, bell)| heard(bell)).map(|(home, _)| *home));
        }
        members.iter().filter(|member| !told.contains(&member.home)).for_each(|one| one.wake());
    }
}
