use super::super::retention::Retention;
use super::Conn;
use super::line::{Task, Turn};
use super::queries::Tx;
use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;
use std::sync::Arc;

/// Starts a thread that reads, each task in one transaction, so that its answers are of one moment.
pub(super) fn spawn(
    line: Turn,
    mut connection: Conn,
    epoch: Arc<str>,
    kept: Retention,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("sqlite-reader".into()).spawn(move || {
        while let Some(task) = line.wait() {
            read(&mut connection, Arc::clone(&epoch), kept.clone(), task);
        }
    })?;
    Ok(())
}

fn read(connection: &mut Conn, epoch: Arc<str>, kept: Retention, mut task: Box<dyn Task>) {
    let begun = connection.batch_execute("BEGIN").now_or_never();
    if let Some(Err(error)) = begun {
        task.answer(Some(error.into()));
        return;
    }
    task.run(&mut Tx::new(connection, epoch, kept));
    let _ = connection.batch_execute("COMMIT").now_or_never();
    task.answer(None);
}
