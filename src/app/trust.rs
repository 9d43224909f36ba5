use super::StartError;
use super::watched::{LOOK, Seen, hung_up};
use crate::accounts::issuers::{self, Issuer, Issuers, RemoteKeys};
use crate::accounts::tokens::{OwnIssuer, OwnKey, Tokens};
use crate::config::Config;
use crate::feed::Feed;
use crate::model::ServerSecret;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// The files that say whose access tokens are believed.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    issuers: Option<PathBuf>,
    signing_keys: Vec<PathBuf>,
    iss: String,
    secret: ServerSecret,
    insecure_dev: bool,
}

impl Trust {
    /// What `config` names; `iss` is what our own tokens say.
    pub fn new(config: &Config, iss: String, secret: ServerSecret) -> Self {
        Self {
            issuers: config.issuers.clone(),
            signing_keys: config.signing_keys.clone(),
            iss,
            secret,
            insecure_dev: config.insecure_dev,
        }
    }

    /// Reads all of them: ourselves, the others, and what was read for it.
    ///
    /// # Errors
    ///
    /// [`StartError::Setting`]; no part of it is to be used then.
    pub fn read(&self) -> Result<(OwnIssuer, Vec<Issuer>, Seen), StartError> {
        let key = OwnKey::read(&self.signing_keys, self.insecure_dev)?;
        let key = key.unwrap_or_else(|| OwnKey::derived(&self.secret));
        let mut read = match &self.issuers {
            Some(file) => issuers::read(file, &self.iss, self.insecure_dev)?,
            None => Issuers::default(),
        };
        read.files.extend(self.signing_keys.iter().cloned());
        let own = OwnIssuer { aud: self.iss.clone(), iss: self.iss.clone(), key };
        Ok((own, read.issuers, Seen::now(read.files)))
    }

    /// Keeps `tokens` as the files and the issuers' URLs have it: looks every few seconds, and at
    /// once upon SIGHUP. What cannot be read changes nothing, and is said once.
    ///
    /// Streams and polls that a key let in end when it is gone: whoever took it back wants them to.
    pub async fn keep(self, mut seen: Seen, tokens: Arc<Tokens>, feed: Arc<Feed>) {
        let mut hangup = seen.hangup();
        let changed = Arc::new(Notify::new());
        let mut fetches = Fetches { tasks: JoinSet::new(), running: Vec::new() };
        let mut failed: Option<String> = None;
        // A token may have been believed just before its key went, and its stream open just after.
        let mut looks_left = 0;
        loop {
            fetches.follow(&tokens, &changed);
            let asked = tokio::select! {
                () = tokio::time::sleep(LOOK) => false,
                () = changed.notified() => {
                    feed.trust_only(&tokens.digests());
                    looks_left = 2;
                    continue;
                }
                asked = hung_up(&mut hangup) => asked,
            };
            if seen.look() || asked || failed.is_some() {
                match self.read() {
                    Ok((own, issuers, read)) => {
                        tokens.replace(own, issuers);
                        seen = read;
                        failed = None;
                        count("taken");
                        looks_left = 2;
                        tracing::info!("the keys of access tokens were read again");
                    }
                    Err(error) => {
                        count("refused");
                        let said = error.to_string();
                        if failed.as_ref() != Some(&said) {
                            tracing::error!("the keys of access tokens stay as they were: {said}");
                        }
                        failed = Some(said);
                    }
                }
            }
            if looks_left > 0 {
                looks_left -= 1;
                feed.trust_only(&tokens.digests());
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("afterclick_key_reads_total", "outcome" => outcome).increment(1);
}

/// The fetches of keys from issuers' URLs, which end with this.
struct Fetches {
    tasks: JoinSet<()>,
    running: Vec<(Arc<RemoteKeys>, AbortHandle)>,
}

impl Fetches {
    /// Fetches from the URLs that there are now, and from no others any more.
    fn follow(&mut self, tokens: &Tokens, changed: &Arc<Notify>) {
        let wanted = tokens.remotes();
        let is_wanted =
            |remote: &Arc<RemoteKeys>| wanted.iter().any(|one| Arc::ptr_eq(one, remote));
        self.running.retain(|(remote, task)| {
            let stays = is_wanted(remote);
            if !stays {
                task.abort();
            }
            stays
        });
        for remote in &wanted {
            if self.running.iter().any(|(one, _)| Arc::ptr_eq(one, remote)) {
                continue;
            }
            let (fetched, changed) = (Arc::clone(remote), Arc::clone(changed));
            let task = self.tasks.spawn(async move { fetched.run(|| changed.notify_one()).await });
            self.running.push((Arc::clone(remote), task));
        }
        while self.tasks.try_join_next().is_some() {}
    }
}
