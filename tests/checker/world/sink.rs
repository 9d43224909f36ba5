use super::ends_with_input;
use crate::history::{Mail, Record, Recorder};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;

/// A real mail server that keeps what it is given.
pub struct Sink {
    pub port: u16,
    texts: watch::Receiver<HashMap<String, String>>,
    _held: ChildStdin,
    _script: Child,
}

impl Sink {
    /// Starts one.
    pub async fn start(recorder: Arc<Recorder>) -> Self {
        let mut child = ends_with_input("/usr/bin/python3")
            .arg("tests/support/smtp.py")
            .env("PYTHONPATH", "target/debs/usr/lib/python3/dist-packages")
            .spawn()
            .unwrap();
        let held = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the mail server did not start");
        let told: Value = serde_json::from_str(&line).unwrap();
        let port = told["port"].as_u64().unwrap().try_into().unwrap();
        let (sender, texts) = watch::channel(HashMap::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let told: Value = serde_json::from_str(&line).unwrap();
                let Some(id) = told["mail"].as_str() else { continue };
                let to = told["to"][0].as_str().unwrap().to_owned();
                let text = told["text"].as_str().unwrap().to_owned();
                recorder.note(Record::Mail(Mail {
                    at: recorder.now(),
                    to: to.clone(),
                    id: id.to_owned(),
                    raw: line,
                }));
                sender.send_modify(|texts| {
                    texts.insert(to, text);
                });
            }
        });
        Self { port, texts, _held: held, _script: child }
    }

    /// Waits for the mail to this address: its text.
    pub async fn mail(&self, to: &str) -> String {
        let mut texts = self.texts.clone();
        let texts = texts.wait_for(|texts| texts.contains_key(to)).await.unwrap();
        texts[to].clone()
    }
}
