//! The store's contract, which both databases keep: each test runs on SQLite and on PostgreSQL.

mod backend;
mod changes;
mod idempotency;
mod links;
#[expect(dead_code, reason = "a test elsewhere stops and kills servers")]
#[path = "../support/postgres.rs"]
mod postgres;
mod robust;
mod sessions;
mod tenants;
mod webhooks;

use afterclick::model::{
    Effect, EmailAddress, Languages, Micros, OpaqueToken, TenantName, UserRef,
};
use afterclick::store::{Kept, NewLink, SignUp, Store};
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use postgres::TestDatabase;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// When each test begins: 2026-11-22, in the afternoon.
const NOW: Micros = Micros(1_795_000_000_000_000);

/// What is kept unless a test says otherwise.
const KEPT: Kept = Kept { changes: 100, age: Duration::from_hours(7 * 24) };

/// How many there are.
#[derive(diesel::QueryableByName)]
struct Rows {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

/// A store with a database of its own, and what it told of its commits.
struct Bed {
    store: Store,
    effects: Arc<Mutex<Vec<Effect>>>,
    folder: Option<TempDir>,
    server: Option<TestDatabase>,
}

impl Bed {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let effects = Arc::<Mutex<Vec<Effect>>>::default();
        let told = Arc::clone(&effects);
        let hook = Arc::new(move |new: Vec<Effect>| told.lock().unwrap().extend(new));
        let store = Store::sqlite(&folder.path().join("a.db"), 2, true, KEPT, hook).unwrap();
        Self { store, effects, folder: Some(folder), server: None }
    }

    async fn postgres() -> Self {
        let server = TestDatabase::new().await;
        let effects = Arc::<Mutex<Vec<Effect>>>::default();
        let told = Arc::clone(&effects);
        let hook = Arc::new(move |new: Vec<Effect>| told.lock().unwrap().extend(new));
        let store = Store::postgres(server.url(), KEPT, hook, Arc::new(|_| {})).unwrap();
        store.prepare().await.unwrap();
        Self { store, effects, folder: None, server: Some(server) }
    }

    /// Each database in turn.
    async fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres().await]
    }

    /// Takes what was told since the last time.
    fn told(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.effects.lock().unwrap())
    }

    /// Signs somebody up; the user and the link that was mailed.
    async fn sign_up(
        &self,
        email: &str,
        password: u8,
        client: &str,
        now: Micros,
    ) -> (UserRef, NewLink) {
        let link = new_link(now);
        let new = SignUp {
            tenant: TenantName::built_in(),
            email: EmailAddress::parse(email).unwrap(),
            salt: [1; 16],
            password: [password; 32],
            client: client.to_owned(),
            device: "a test".to_owned(),
            languages: Languages::default(),
            link,
            now,
        };
        (self.store.sign_up(new).await.unwrap(), link)
    }

    /// How many rows a table has of which `condition` is true.
    async fn count(&self, table: &str, condition: &str) -> i64 {
        let query = format!("SELECT count(*) AS rows FROM {table} WHERE {condition}");
        if let Some(server) = &self.server {
            let (client, connection) = tokio_postgres::connect(server.url(), NoTls).await.unwrap();
            tokio::spawn(connection);
            return client.query_one(&query, &[]).await.unwrap().get(0);
        }
        let path = self.folder.as_ref().unwrap().path().join("a.db");
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        diesel::sql_query(query).get_result::<Rows>(&mut connection).unwrap().rows
    }

    async fn version(&self, user: &UserRef) -> i64 {
        self.store.user(user.clone()).await.unwrap().unwrap().cursor.version.0
    }
}

fn new_link(now: Micros) -> NewLink {
    let digest = OpaqueToken::draw().digest();
    NewLink { id: Uuid::now_v7(), digest, expires_at: now.after(Duration::from_hours(24)) }
}

fn later(seconds: u64) -> Micros {
    NOW.after(Duration::from_secs(seconds))
}
