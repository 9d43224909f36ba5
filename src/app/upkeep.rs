use crate::clock::Clock;
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// Between two rounds of pruning.
const ROUND: Duration = Duration::from_mins(10);

/// Between two steps of a round, so that others get at the writer.
const STEP: Duration = Duration::from_millis(50);

/// Between two tries to reach a database that did not answer at start.
const AGAIN: Duration = Duration::from_secs(1);

/// Brings the database up to date as soon as it answers.
pub(super) async fn prepare(store: &Store) {
    while store.prepare().await.is_err() {
        tokio::time::sleep(AGAIN).await;
    }
    tracing::info!("the database answers");
}

/// Prunes what has had its time, in small steps.
pub(super) async fn keep(store: Store, clock: Arc<dyn Clock>) {
    loop {
        let pause = match store.prune(clock.now()).await {
            Ok(true) => STEP,
            Ok(false) => ROUND,
            Err(error) => {
                tracing::warn!(error = ?error, "what has had its time could not be pruned");
                ROUND
            }
        };
        tokio::time::sleep(pause).await;
    }
}
