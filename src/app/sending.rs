use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// A worker that sends what is queued, from when the database is ready until it is told to stop.
pub(super) struct Sending {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Sending {
    /// Has `work` done once `prepared` says so. It is given what ends when it is to stop.
    pub fn begin<F>(
        mut prepared: watch::Receiver<bool>,
        work: impl FnOnce(BoxFuture<'static, ()>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let stop = Arc::new(Notify::new());
        let told = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = prepared.wait_for(|prepared| *prepared) => {}
                () = told.notified() => return,
            }
            work(async move { told.notified().await }.boxed()).await;
        });
        Self { stop, task }
    }

    /// Has it begin nothing more, and waits for what it has begun, `patience` at most.
    pub async fn end(&mut self, patience: Duration) {
        self.stop.notify_one();
        let _ = tokio::time::timeout(patience, &mut self.task).await;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}
