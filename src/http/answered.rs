use arc_swap::ArcSwap;
use metrics::Counter;
use std::collections::HashMap;

/// A route's counters by status.
type Counters = Vec<(u16, Counter)>;

/// How many requests were answered, by route and status: of few routes, as what none of them takes counts as
/// one. To look a counter up by its names takes a tenth of a poll, so each is looked up once.
#[derive(Default)]
pub struct Answered(ArcSwap<HashMap<String, Counters>>);

impl Answered {
    /// Counts one more.
    pub(super) fn count(&self, route: &str, status: u16) {
        let known = self.0.load();
        let mut counters = known.get(route).into_iter().flatten();
        if let Some((_, counter)) = counters.find(|(of, _)| *of == status) {
            return counter.increment(1);
        }
        let counter = metrics::counter!("afterclick_requests_total",
            "route" => route.to_owned(), "status" => status.to_string());
        counter.increment(1);
        self.0.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.entry(route.to_owned()).or_default().push((status, counter.clone()));
            known
        });
    }
}
