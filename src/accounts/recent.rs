use crate::bugs::{Bug, seeded};
use crate::model::Micros;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer is believed: what ends a credential is heard of sooner by the feed's endings,
/// and where it is not (a revoked API key), this is how long it lives on.
const BELIEVED: Duration = Duration::from_secs(5);

/// How many answers of one generation are kept, unless told.
const MOST: usize = 25_000;

/// Answers of the last seconds, so that a burst of calls reads the database once.
///
/// They are kept in two generations, of which the elder is forgotten as a whole: to look for what is
/// too old among many that are not would cost the more, the busier it is.
#[derive(Debug)]
pub struct Recent<K, V> {
    known: Mutex<Generations<K, V>>,
    most: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    /// When the younger began.
    since: Micros,
    younger: HashMap<K, (Micros, V)>,
    elder: HashMap<K, (Micros, V)>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl<K, V> Recent<K, V> {
    /// Keeps `most` answers of each generation.
    pub fn of(most: usize) -> Self {
        let (younger, elder) = (HashMap::new(), HashMap::new());
        Self { known: Mutex::new(Generations { since: Micros(0), younger, elder }), most }
    }

    fn known(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was found for `key`, not longer ago than is believed.
    pub fn get(&self, key: &K, now: Micros) -> Option<V> {
        let known = self.known();
        if seeded(Bug::Leaks) {
            return known.younger.values().next().map(|(_, value)| value.clone());
        }
        known
            .younger
            .get(key)
            .or_else(|| known.elder.get(key))
            .filter(|(at, _)| now.since(*at) < BELIEVED && *at <= now)
            .map(|(_, value)| value.clone())
    }

    /// Keeps what was found.
    pub fn put(&self, key: K, value: V, now: Micros) {
        let mut known = self.known();
        let grown = now.since(known.since) >= BELIEVED || now < known.since;
        if grown || known.younger.len() >= self.most {
            known.elder = mem::take(&mut known.younger);
            known.since = now;
        }
        known.younger.insert(key, (now, value));
    }

    /// Forgets what was found, because it has changed.
    pub fn forget(&self, key: &K) {
        let mut known = self.known();
        known.younger.remove(key);
        known.elder.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(1_000_000);

    #[test]
    fn an_answer_is_believed_for_five_seconds() {
        let recent = Recent::default();
        recent.put("a", 1, NOW);

        assert_eq!(recent.get(&"a", NOW.after(Duration::from_secs(4))), Some(1));
        assert_eq!(recent.get(&"a", NOW.after(Duration::from_secs(5))), None);
        recent.forget(&"a");
        assert_eq!(recent.get(&"a", NOW), None);
    }

    #[test]
    fn an_answer_outlives_the_next_generation_and_not_the_one_after() {
        let recent = Recent::of(2);
        for key in 0..4 {
            recent.put(key, key, NOW);
        }
        assert_eq!(recent.get(&0, NOW), Some(0));

        recent.put(4, 4, NOW);

        let known: Vec<_> = (0..5).filter_map(|key| recent.get(&key, NOW)).collect();
        assert_eq!(known, [2, 3, 4]);
        recent.forget(&2);
        assert_eq!(recent.get(&2, NOW), None);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_nothing_to_be_believed_from_the_future() {
        let recent = Recent::default();
        recent.put("a", 1, NOW.after(Duration::from_mins(1)));

        assert_eq!(recent.get(&"a", NOW), None);
        recent.put("a", 2, NOW);
        assert_eq!(recent.get(&"a", NOW), Some(2));
    }
}
