//! Several nodes on one PostgreSQL, and what their users see of it: nothing.

use super::database::TestDatabase;
use super::nats::Nats;
use super::support::{DEADLINE, Nodes, PASSWORD, soon, until};
use afterclick::model::{TenantName, UserRef};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

const ANA: &str = "ana@example.com";

/// How late a change may be on another node (`trust.md`): with the bus, and without.
const BY_BUS: Duration = Duration::from_secs(2);
const BY_DATABASE: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_one_node_is_seen_on_the_other_by_nats() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::two(&database, &nats.url()).await;
    let laptop = nodes.signed_up(ANA).await.moved_to(&nodes.0[1]);
    let mut tab = laptop.listen().await;
    assert_eq!(tab.expect("snapshot").await.data["user"]["email_verified"], false);
    let poll = laptop.poll(&format!("after={}&wait=30", laptop.cursor().await));
    nodes.0[1].parked(&laptop, 1).await;
    let link = nodes.link(ANA).await;

    let began = Instant::now();
    nodes.0[0].device().press(&link).await.expect(200);

    let verified = tab.expect("email.verified").await;
    assert!(began.elapsed() < BY_BUS, "{:?}", began.elapsed());
    assert_eq!(verified.data["user"]["email_verified"], true);
    let answer = soon("the poll", poll).await.unwrap().expect(200);
    assert_eq!(answer.body["changes"], json!([verified.data]));
}
