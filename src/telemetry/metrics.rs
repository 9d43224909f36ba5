use super::catalogue;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Upper bounds of every `…_seconds` histogram: from a change shown on one node (below a
/// millisecond) to one that waited for a dead bus (6 s), and beyond.
const SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 6.0, 15.0];

/// How often observations are folded into their histograms; until then each takes memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// The one recorder that the `metrics` crate allows a process.
///
/// A static, against the rule of the house, because the recorder is one whether we keep its handle
/// or not; a test that starts several servers in one process would else have metrics in one only.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// What was counted and measured in this process since it started.
#[derive(Debug, Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// Starts recording, or joins what an earlier call started: servers of one process share their
    /// metrics.
    pub fn start() -> Self {
        Self(RECORDER.get_or_init(install).clone())
    }

    /// Everything, in Prometheus's text format 0.0.4
    /// (`Content-Type: text/plain; version=0.0.4; charset=utf-8`).
    pub fn text(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }
}

/// `None` where other code of the process has a recorder of its own, which is then the one.
fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new();
    let buckets = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
    let recorder = buckets.ok()?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).ok()?;
    catalogue::begin();
    let upkeep = handle.clone();
    let keep = move || {
        loop {
            thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    };
    // Without the thread the histograms are folded whenever they are read; nothing else is lost.
    let _thread = thread::Builder::new().name("metrics".to_owned()).spawn(keep);
    Some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_of_one_process_share_their_metrics() {
        let (first, second) = (Metrics::start(), Metrics::start());

        ::metrics::counter!("afterclick_test_total").increment(1);
        ::metrics::histogram!("afterclick_test_seconds").record(0.002);

        for text in [first.text(), second.text()] {
            assert!(text.contains("afterclick_test_total 1"), "{text}");
            assert!(text.contains("afterclick_test_seconds_bucket{le=\"0.0025\"} 1"), "{text}");
        }
    }
}
