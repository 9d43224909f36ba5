use super::super::StoreError;
use super::queries::Tx;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// A bounded line of work before one or more threads.
pub(super) struct Line {
    sender: SyncSender<Box<dyn Task>>,
    receiver: Turn,
}

/// The threads' end of a [`Line`]: whoever holds the lock waits for the next task.
#[derive(Clone)]
pub(super) struct Turn(Arc<Mutex<Receiver<Box<dyn Task>>>>);

impl Line {
    pub(super) fn new(waiting: usize) -> Self {
        let (sender, receiver) = sync_channel(waiting);
        Self { sender, receiver: Turn(Arc::new(Mutex::new(receiver))) }
    }

    pub(super) fn receiver(&self) -> Turn {
        self.receiver.clone()
    }

    /// Puts a task at the end of the line.
    ///
    /// # Errors
    ///
    /// `Busy` where the line is full; the task is dropped, unrun.
    pub(super) fn push(&self, task: Box<dyn Task>) -> Result<(), StoreError> {
        self.sender.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Panicked,
        })
    }
}

impl Turn {
    /// Waits for a task, and takes those that wait behind it, `most` in all; `None` when the line is
    /// gone and empty.
    pub(super) fn wait(&self, most: usize) -> Option<Vec<Box<dyn Task>>> {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut group = vec![line.recv().ok()?];
        group.extend(line.try_iter().take(most - 1));
        Some(group)
    }
}

/// Work whose answer waits for the COMMIT.
pub(super) trait Task: Send {
    /// Runs the work and keeps its outcome; whether it is to be kept in the database. May be called
    /// again after the transaction it ran in was rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Sends the outcome, or the failure of the transaction it was part of.
    fn answer(self: Box<Self>, failed: Option<StoreError>);
}

/// A [`Task`] made of a closure and the caller who waits for it.
pub(super) struct Job<T, W> {
    work: W,
    outcome: Result<T, StoreError>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job<T, W>
where
    T: Send + 'static,
    W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
{
    #[expect(clippy::new_ret_no_self, reason = "a job is met only as a task")]
    pub(super) fn new(work: W) -> (Box<dyn Task>, oneshot::Receiver<Result<T, StoreError>>) {
        let (caller, answer) = oneshot::channel();
        (Box::new(Self { work, outcome: Err(StoreError::Panicked), caller }), answer)
    }
}

impl<T, W> Task for Job<T, W>
where
    T: Send + 'static,
    W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.outcome = outcome(&self.work, tx);
        self.outcome.is_ok() && !tx.undone
    }

    fn answer(self: Box<Self>, failed: Option<StoreError>) {
        // A caller that has gone is no reason to fail.
        let _ = self.caller.send(failed.map_or(self.outcome, Err));
    }
}

/// What comes of `work`, even if it panics.
pub(super) fn outcome<T, W>(work: &W, tx: &mut Tx<'_>) -> Result<T, StoreError>
where
    W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>,
{
    // Every query runs in place, so the future is done at its first poll.
    let ran = catch_unwind(AssertUnwindSafe(|| work(tx).now_or_never()));
    ran.ok().flatten().unwrap_or(Err(StoreError::Panicked))
}
