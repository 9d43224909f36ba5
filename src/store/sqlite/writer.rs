use super::super::retention::Retention;
use super::super::{Hook, StoreError};
use super::line::{Task, Turn};
use super::queries::Tx;
use super::{Conn, execute};
use crate::model::Effect;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many queued transactions share one COMMIT, and with it one `fdatasync`.
const GROUP: usize = 64;

/// Whether the hook has been told of all that can be read: not from a COMMIT until it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<AtomicBool>);

impl Told {
    pub(super) fn is_all(&self) -> bool {
        !self.0.load(Ordering::SeqCst)
    }

    fn lacks(&self, lacks: bool) {
        self.0.store(lacks, Ordering::SeqCst);
    }
}

/// What alone writes.
pub(super) struct Writer {
    pub(super) connection: Conn,
    pub(super) epoch: Arc<str>,
    pub(super) kept: Retention,
    pub(super) hook: Hook,
    pub(super) told: Told,
}

impl Writer {
    /// Starts its thread.
    pub(super) fn spawn(mut self, line: Turn) -> std::io::Result<()> {
        std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || {
            while let Some(group) = line.wait(GROUP) {
                self.commit(group);
            }
        })?;
        Ok(())
    }

    /// Runs a group in one transaction, and answers all of it after the COMMIT. A task that fails or
    /// panics is undone alone; a COMMIT that fails fails them all and leaves the connection ready for
    /// the next group.
    fn commit(&mut self, mut group: Vec<Box<dyn Task>>) {
        let mut effects = Vec::new();
        let failed = self.attempt(&mut group, &mut effects).err();
        if let Some(error) = failed {
            let _ = self.execute("ROLLBACK");
            self.told.lacks(false);
            tracing::error!(error = ?error, tasks = group.len(), "a group of writes could not be committed");
            let reason = error.to_string();
            for task in group {
                task.answer(Some(StoreError::unavailable(reason.clone())));
            }
            return;
        }
        if !effects.is_empty() {
            (self.hook)(effects);
        }
        self.told.lacks(false);
        for task in group {
            task.answer(None);
        }
    }

    fn attempt(
        &mut self,
        group: &mut [Box<dyn Task>],
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        // Savepoints cost an eighth of the thread's time, and most groups need none.
        let failed = group.iter_mut().any(|task| !self.run(task, effects));
        if failed {
            // SQLite may have done so by itself, as it does upon a full disk.
            let _ = self.execute("ROLLBACK");
            effects.clear();
            if group.len() == 1 {
                return Ok(());
            }
            self.execute("BEGIN IMMEDIATE")?;
            for task in group {
                self.execute("SAVEPOINT task")?;
                if !self.run(task, effects) {
                    self.execute("ROLLBACK TO task")?;
                }
                self.execute("RELEASE task")?;
            }
        }
        self.told.lacks(!effects.is_empty());
        self.execute("COMMIT")
    }

    /// Runs a task, for the second time where another of its group failed; whether it is to be kept.
    fn run(&mut self, task: &mut Box<dyn Task>, effects: &mut Vec<Effect>) -> bool {
        let mut tx = Tx::new(&mut self.connection, Arc::clone(&self.epoch), self.kept.clone());
        let kept = task.run(&mut tx);
        if kept {
            effects.append(&mut tx.effects);
        }
        kept
    }

    fn execute(&mut self, statement: &str) -> Result<(), StoreError> {
        execute(&mut self.connection, statement)
    }
}
