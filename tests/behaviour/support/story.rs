use super::{App, Device, PASSWORD, soon};
use afterclick::model::{TenantName, UserRef};
use serde_json::{Value, json};

/// A backend's word on a user's checks: publishes `kyc.updated`; the change.
#[track_caller]
pub fn kyc(backend: &Device, id: &str, data: Value) -> impl Future<Output = Value> {
    publish(backend, id, "kyc.updated", data)
}

/// Publishes a change of any kind; the change.
#[track_caller]
pub fn publish(backend: &Device, id: &str, kind: &str, data: Value) -> impl Future<Output = Value> {
    let (path, mut body) = (format!("/v1/users/{id}/events"), json!({ "type": kind }));
    body["data"] = data;
    async move { backend.post(&path, &body).await.expect(201).body }
}

/// Asks again until the answer is yes.
pub async fn until<F: Future<Output = bool>>(what: &'static str, mut ask: impl FnMut() -> F) {
    soon(what, async {
        while !ask().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

impl Device {
    /// An access token of a new session.
    pub async fn token(&self, email: &str) -> String {
        self.log_in(email, PASSWORD).await.body["access_token"].as_str().unwrap().to_owned()
    }

    /// The same device, cookies and all, at a service that came back on another port.
    pub fn moved_to(&self, app: &App) -> Self {
        let mut moved = self.clone();
        moved.base = app.url("");
        moved
    }

    /// The user's id.
    pub async fn id(&self) -> String {
        self.me().await["id"].as_str().unwrap().to_owned()
    }

    /// How many streams all of the user's sessions have open.
    pub async fn live_streams(&self) -> u64 {
        let sessions = self.get("/v1/sessions").await.expect(200).body;
        let sessions = sessions["sessions"].as_array().unwrap().clone();
        sessions.iter().map(|session| session["live_streams"].as_u64().unwrap()).sum()
    }

    /// Waits until so many of the user's streams are open.
    pub async fn has_streams(&self, count: u64) {
        until("that many streams", async || self.live_streams().await == count).await;
    }
}

impl App {
    /// Waits until so many of a built-in user's polls are parked.
    pub async fn parked(&self, device: &Device, count: usize) {
        let user =
            UserRef { tenant: TenantName::built_in(), id: device.id().await.parse().unwrap() };
        until("that many polls", async || self.connections(&user).polls == count).await;
    }

    /// Waits until every dependency answers.
    pub async fn is_ready(&self) {
        until("readiness", async || self.device().get("/readyz").await.status == 200).await;
    }

    /// What `/metrics` says of one name with its labels; 0 where it says nothing.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.device().get("/metrics").await.expect(200).text;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }
}
