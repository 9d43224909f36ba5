//! Which other nodes there are, and what they were asked.

use super::message::NodeId;
use crate::clock::random_bytes;
use crate::feed::{Connections, Elsewhere};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};

/// Between two signs of life of a node.
pub(super) const BEAT: Duration = Duration::from_secs(3);

/// How long a node counts as there after its last one.
const GONE: Duration = Duration::from_secs(10);

/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_millis(300);

type Answer = (NodeId, Connections);

/// The other nodes, as far as this one has heard.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    heard: HashMap<NodeId, Instant>,
    /// When this node last heard itself.
    echo: Option<Instant>,
    questions: HashMap<u64, UnboundedSender<Answer>>,
}

/// What this node asked, until everybody has answered or the time is up.
pub(super) struct Asking {
    pub question: u64,
    waiting: HashSet<NodeId>,
    answers: UnboundedReceiver<Answer>,
}

impl Peers {
    /// Takes note of a node's sign of life; whether it is a new one.
    pub fn heard_of(&self, node: NodeId) -> bool {
        self.lock().heard.insert(node, Instant::now()).is_none()
    }

    /// Takes note that this node heard itself, or may begin to expect it.
    pub fn echoed(&self) {
        self.lock().echo = Some(Instant::now());
    }

    /// For how long it has not.
    pub fn silence(&self) -> Duration {
        self.lock().echo.map(|at| at.elapsed()).unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let mut known = self.lock();
        known.heard.retain(|_, at| at.elapsed() < GONE);
        known.heard.len()
    }

    /// Opens a question to all that are there.
    pub fn ask(&self) -> Asking {
        self.count();
        let (sender, answers) = unbounded_channel();
        let question = u64::from_be_bytes(random_bytes());
        let mut known = self.lock();
        // Those that nobody waits for any more.
        known.questions.retain(|_, sender| !sender.is_closed());
        known.questions.insert(question, sender);
        Asking { question, waiting: known.heard.keys().copied().collect(), answers }
    }

    /// Takes an answer, where this node asked.
    pub fn answered(&self, question: u64, answer: Answer) {
        if let Some(asker) = self.lock().questions.get(&question) {
            // Fails where it is no longer waited for.
            let _ = asker.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking {
    /// What was answered. Each node is heard once.
    pub async fn all(mut self) -> Elsewhere {
        let mut connections = Vec::new();
        let collect = async {
            while !self.waiting.is_empty() {
                let Some((node, of_node)) = self.answers.recv().await else { break };
                if self.waiting.remove(&node) {
                    connections.push(of_node);
                }
            }
        };
        let _ = timeout(ANSWER, collect).await;
        Elsewhere { connections, partial: !self.waiting.is_empty() }
    }
}
