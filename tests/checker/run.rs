//! A whole run, from the first sign-up to the last look at the database.

use crate::Settings;
use crate::history::{History, Left, Record, Recorder, Run};
use crate::invariants::canaries;
use crate::nemesis;
use crate::pace;
use crate::people::{Person, Phase, Session, client};
use crate::world::{Node, World};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// For how long nobody writes after the storm: as long as a fault may be felt.
const SETTLES: Duration = Duration::from_secs(15);

/// How long a node that fails no more may take to say that all it needs answers.
const BECOMES_READY: Duration = Duration::from_secs(30);

/// For how long everybody writes while nothing fails.
const CALM: Duration = Duration::from_secs(8);

/// After the last write, so that even the slowest way is over.
const RESTS: Duration = Duration::from_secs(7);

/// How long a mail may take whose node was killed while it sent it: the lease of a minute, and the
/// next look into the queue.
const MAIL_COMES: Duration = Duration::from_secs(75);

/// How long a node may take to let everything go.
const LETS_GO: Duration = Duration::from_secs(20);

/// Runs it: all that happened.
pub async fn run(settings: &Settings, folder: &Path) -> History {
    let recorder = Arc::new(Recorder::create(&folder.join("history.jsonl")));
    recorder.note(Record::Run(Run { seed: settings.seed, bus: settings.bus }));
    let world = Arc::new(World::start(settings, folder, Arc::clone(&recorder)).await);
    let watched = Arc::clone(&world);
    let machine = tokio::spawn(async move { pace::watch(&watched).await });
    let (phases, phase) = watch::channel(Phase::Storm);
    let storm = Duration::from_secs(settings.seconds);
    let people = (0..settings.users).map(|index| {
        let (world, phase) = (Arc::clone(&world), phase.clone());
        let person = Person::new(world, phase, settings.seed, index, settings.listeners);
        tokio::spawn(person.live(storm.mul_f64(0.7)))
    });
    let people: Vec<_> = people.collect();

    let end = recorder.now() + settings.seconds * 1_000;
    nemesis::rage(&world, settings.seed, end).await;
    let reached = |what: &str| println!("{:>7} ms: {what}", recorder.now());
    phases.send_replace(Phase::Settling);
    for node in &world.nodes {
        timeout(BECOMES_READY, node.is_ready())
            .await
            .unwrap_or_else(|_| panic!("node {} is not ready", node.index));
    }
    reached("every node is ready, and nobody writes");
    tokio::time::sleep(SETTLES).await;
    phases.send_replace(Phase::Calm);
    tokio::time::sleep(CALM).await;
    phases.send_replace(Phase::Settling);
    tokio::time::sleep(RESTS).await;
    reached("everybody leaves");
    phases.send_replace(Phase::Over);
    let mut sessions = Vec::new();
    for person in people {
        sessions.extend(person.await.unwrap());
    }
    machine.abort();
    let _some_never_come = timeout(MAIL_COMES, async {
        for address in recorder.signed_up() {
            world.sink.mail(&address).await;
        }
    })
    .await;
    reached("mails are there");

    let epochs = epochs(&world, &sessions).await;
    for node in &world.nodes {
        let left = left(node).await;
        recorder.note(Record::Left(left));
    }
    reached("nodes let everything go");
    world.database.dump(&epochs, &recorder).await;
    world.stop().await;
    for node in &world.nodes {
        let lines = node.logged();
        for line in lines.lines().filter(|line| canaries(line).next().is_some()).take(5) {
            recorder.note(Record::Logged { node: node.index, line: line.to_owned() });
        }
    }
    recorder.history()
}

/// The epoch of each user, as the first node has it.
async fn epochs(world: &World, sessions: &[Arc<Session>]) -> HashMap<String, String> {
    let mut epochs = HashMap::new();
    for session in sessions {
        let request = client().get(world.nodes[0].url("/v1/me")).bearer_auth(&session.token);
        let me: Value = request.send().await.unwrap().json().await.unwrap();
        let epoch = me["cursor"].as_str().and_then(|cursor| cursor.split('.').next());
        epochs.insert(session.user.clone(), epoch.unwrap_or_default().to_owned());
    }
    epochs
}

/// What a node holds when everybody has left, as soon as that is nothing.
async fn left(node: &Node) -> Left {
    let began = Instant::now();
    loop {
        let metrics =
            client().get(node.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let gauge = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.map_or(0, |value| value.parse().unwrap())
        };
        let (streams, polls) = (gauge("afterclick_streams_open"), gauge("afterclick_polls_open"));
        if streams + polls == 0 || began.elapsed() > LETS_GO {
            let (files, memory) = node.held().await;
            return Left { node: node.index, streams, polls, files, memory };
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
