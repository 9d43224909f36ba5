use crate::clock::Clock;
use crate::store::{Queue, Store};
use std::sync::Arc;
use std::time::Duration;

/// Between two rounds of pruning.
const ROUND: Duration = Duration::from_mins(10);

/// Between two steps of a round, so that others get at the writer.
const STEP: Duration = Duration::from_millis(50);

/// Between two tries to reach a database that did not answer at start.
const AGAIN: Duration = Duration::from_secs(1);

/// Between two looks at the queues.
const MEASURE: Duration = Duration::from_secs(5);

/// Brings the database up to date as soon as it answers.
pub(super) async fn prepare(store: &Store) {
    while store.prepare().await.is_err() {
        tokio::time::sleep(AGAIN).await;
    }
    tracing::info!("the database answers");
}

/// Tells the metrics how the queues of mails and of messages to webhooks stand.
pub(super) async fn measure(store: Store, clock: Arc<dyn Clock>) {
    loop {
        // A database that does not answer leaves the figures as they were; /readyz tells of it.
        if let Ok(queue) = store.letter_queue().await {
            metrics::gauge!("afterclick_mail_oldest_seconds").set(age(&queue, &*clock));
            for (state, letters) in states(&queue) {
                metrics::gauge!("afterclick_mail_queue", "state" => state).set(letters);
            }
        }
        if let Ok(queue) = store.message_queue().await {
            metrics::gauge!("afterclick_webhook_oldest_seconds").set(age(&queue, &*clock));
            for (state, messages) in states(&queue) {
                metrics::gauge!("afterclick_webhook_queue", "state" => state).set(messages);
            }
        }
        tokio::time::sleep(MEASURE).await;
    }
}

/// How long the oldest has waited, in seconds.
fn age(queue: &Queue, clock: &dyn Clock) -> f64 {
    queue.oldest.map_or(Duration::ZERO, |oldest| clock.now().since(oldest)).as_secs_f64()
}

fn states(queue: &Queue) -> [(&'static str, u32); 2] {
    [("waiting", queue.waiting), ("given_up", queue.given_up)]
        .map(|(state, count)| (state, u32::try_from(count).unwrap_or(u32::MAX)))
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
