//! What goes wrong, and when: drawn from the seed.

use crate::dice::Dice;
use crate::history::{Fault, Millis, Record};
use crate::proxy::Mode;
use crate::world::{CLOCKED, NODES, World};
use rustix::process::Signal;
use std::time::Duration;

/// What can go wrong.
#[derive(Debug, Clone, Copy)]
enum Card {
    Kill,
    Pause,
    Restart,
    CutClients,
    LoseClients,
    CutDatabase,
    LoseDatabase,
    SlowDatabase,
    KillDatabase,
    KillBus,
    LoseBus,
    Clock(i64),
}

const DECK: [Card; 13] = [
    Card::Kill,
    Card::Pause,
    Card::Restart,
    Card::CutClients,
    Card::LoseClients,
    Card::CutDatabase,
    Card::LoseDatabase,
    Card::SlowDatabase,
    Card::KillDatabase,
    Card::KillBus,
    Card::LoseBus,
    Card::Clock(7_200),
    Card::Clock(-7_200),
];

/// Breaks one thing after the other until `end`, and mends each before the next.
pub async fn rage(world: &World, seed: u64, end: Millis) {
    let mut dice = Dice::new(seed, u64::MAX);
    let mut deck = Vec::new();
    while world.recorder.now() < end {
        if deck.is_empty() {
            deck = DECK.to_vec();
            if world.bus.is_none() {
                deck.retain(|card| !matches!(card, Card::KillBus | Card::LoseBus));
            }
            dice.shuffle(&mut deck);
        }
        let Some(card) = deck.pop() else { break };
        let (node, lasts) = (dice.index(NODES), Duration::from_millis(dice.between(800, 4_000)));
        tokio::time::sleep(Duration::from_millis(dice.between(200, 2_000))).await;
        let from = world.recorder.now();
        let (kind, target) = play(world, card, node, lasts).await;
        let until = world.recorder.now();
        println!("{from:>7} to {until:>6} ms: {kind}, {target}");
        let fault = Fault { kind: kind.to_owned(), target, from, until };
        world.recorder.note(Record::Fault(fault));
    }
}

async fn play(world: &World, card: Card, index: usize, lasts: Duration) -> (&'static str, String) {
    let node = &world.nodes[index];
    let on_node = format!("node {index}");
    let wait = || tokio::time::sleep(lasts);
    match card {
        Card::Kill => {
            node.end(Signal::KILL).await;
            wait().await;
            node.start().await;
            ("node killed", on_node)
        }
        Card::Restart => {
            node.end(Signal::TERM).await;
            node.start().await;
            ("node restarted", on_node)
        }
        Card::Pause => {
            node.send(Signal::STOP).await;
            wait().await;
            node.send(Signal::CONT).await;
            ("node paused", on_node)
        }
        Card::CutClients | Card::LoseClients => {
            let hole = matches!(card, Card::LoseClients);
            node.front.turn(if hole { Mode::Hole } else { Mode::Cut });
            wait().await;
            node.front.turn(Mode::Open);
            (if hole { "clients lost" } else { "clients cut off" }, on_node)
        }
        Card::CutDatabase | Card::LoseDatabase | Card::SlowDatabase => {
            let (kind, mode) = match card {
                Card::CutDatabase => ("database cut off", Mode::Cut),
                Card::LoseDatabase => ("database lost", Mode::Hole),
                _ => ("database slow", Mode::Slow(Duration::from_millis(30))),
            };
            node.database.turn(mode);
            wait().await;
            node.database.turn(Mode::Open);
            (kind, on_node)
        }
        Card::KillDatabase => {
            world.database.kill().await;
            wait().await;
            world.database.start_again().await;
            ("database killed", "all nodes".to_owned())
        }
        Card::KillBus => {
            if let Some(bus) = &world.bus {
                bus.kill().await;
                wait().await;
                bus.revive().await;
            }
            ("bus", "killed".to_owned())
        }
        Card::LoseBus => {
            node.bus.turn(Mode::Hole);
            wait().await;
            node.bus.turn(Mode::Open);
            ("bus", format!("lost to {on_node}"))
        }
        Card::Clock(seconds) => {
            world.nodes[CLOCKED].set_clock(seconds);
            wait().await;
            world.nodes[CLOCKED].set_clock(0);
            ("clock set", format!("node {CLOCKED} by {seconds} s"))
        }
    }
}
