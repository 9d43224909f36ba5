use super::super::retention::Retention;
use super::line::{Task, Turn};
use super::queries::Tx;
use super::{Conn, execute};
use std::sync::Arc;

/// How many queued reads share a transaction. A few, since those behind a slow one wait for it though
/// another reader may be free.
const GROUP: usize = 16;

/// Starts a thread that reads, each task in one transaction, so that its answers are of one moment:
/// after the task was queued, and so after every commit that was told of before.
pub(super) fn spawn(
    line: Turn,
    mut connection: Conn,
    epoch: Arc<str>,
    kept: Retention,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("sqlite-reader".into()).spawn(move || {
        while let Some(group) = line.wait(GROUP) {
            read(&mut connection, &epoch, &kept, group);
        }
    })?;
    Ok(())
}

fn read(connection: &mut Conn, epoch: &Arc<str>, kept: &Retention, group: Vec<Box<dyn Task>>) {
    let mut begun = false;
    for mut task in group {
        if !begun && let Err(error) = execute(connection, "BEGIN") {
            task.answer(Some(error));
            continue;
        }
        // What has failed may have ended the transaction too.
        begun = task.run(&mut Tx::new(connection, Arc::clone(epoch), kept.clone()));
        if !begun {
            let _ = execute(connection, "ROLLBACK");
        }
        task.answer(None);
    }
    if begun {
        let _ = execute(connection, "COMMIT");
    }
}
