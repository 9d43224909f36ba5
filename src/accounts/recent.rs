use crate::bugs::{Bug, seeded};
use crate::model::Micros;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long an answer is believed: what ends a credential is heard of sooner by the feed's endings,
/// and where it is not (a revoked API key), this is how long it lives on.
const BELIEVED: Duration = Duration::from_secs(5);

/// How many answers are kept.
const MOST: usize = 50_000;

/// Answers of the last seconds, so that a burst of calls reads the database once.
#[derive(Debug)]
pub struct Recent<K, V>(Mutex<HashMap<K, (Micros, V)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was found for `key`, not longer ago than is believed.
    pub fn get(&self, key: &K, now: Micros) -> Option<V> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seeded(Bug::Leaks) {
            return known.values().next().map(|(_, value)| value.clone());
        }
        known
            .get(key)
            .filter(|(at, _)| now.since(*at) < BELIEVED && *at <= now)
            .map(|(_, value)| value.clone())
    }

    /// Keeps what was found.
    pub fn put(&self, key: K, value: V, now: Micros) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (at, _)| now.since(*at) < BELIEVED);
        }
        if known.len() < MOST {
            known.insert(key, (now, value));
        }
    }

    /// Forgets what was found, because it has changed.
    pub fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_believed_for_five_seconds() {
        let recent = Recent::default();
        let now = Micros(1_000_000);
        recent.put("a", 1, now);

        assert_eq!(recent.get(&"a", now.after(Duration::from_secs(4))), Some(1));
        assert_eq!(recent.get(&"a", now.after(Duration::from_secs(5))), None);
        recent.forget(&"a");
        assert_eq!(recent.get(&"a", now), None);
    }
}
