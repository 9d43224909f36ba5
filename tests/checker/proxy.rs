//! A way between two that can be slowed down, cut, and made to swallow everything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How a way treats what goes over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Passes it on.
    Open,
    /// Passes it on late.
    Slow(Duration),
    /// Takes it and keeps it: neither end is told. What was held goes on when the way is open again,
    /// as TCP sends again what a network lost.
    Hole,
    /// Hangs up on both, and on whoever comes.
    Cut,
}

/// A port that leads to another, in a mode.
pub struct Way {
    /// Where it listens.
    pub port: u16,
    mode: watch::Sender<Mode>,
    target: Arc<Mutex<SocketAddr>>,
}

impl Way {
    /// Opens a way; where it leads may be said later.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(Mutex::new(SocketAddr::from(([127, 0, 0, 1], 9))));
        let (mode, modes) = watch::channel(Mode::Open);
        let towards = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = *towards.lock().unwrap_or_else(PoisonError::into_inner);
                tokio::spawn(connect(near, target, modes.clone()));
            }
        });
        Self { port, mode, target }
    }

    /// Lets it lead to this port of the machine.
    pub fn lead_to(&self, port: u16) {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).set_port(port);
    }

    /// From now on it does as `mode` says.
    pub fn turn(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn connect(near: TcpStream, target: SocketAddr, mut modes: watch::Receiver<Mode>) {
    if !passable(&mut modes).await {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    // Whichever ends first takes the other along: HTTP, PostgreSQL, and NATS know no half ends.
    tokio::select! {
        () = carry(near_in, far_out, modes.clone()) => {}
        () = carry(far_in, near_out, modes) => {}
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = modes.wait_for(|mode| *mode == Mode::Cut) => return,
        };
        let Ok(count @ 1..) = read else { return };
        let mode = *modes.borrow();
        if let Mode::Slow(late) = mode {
            tokio::time::sleep(late).await;
        }
        if !passable(&mut modes).await || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Waits out a hole; false where the way is cut.
async fn passable(modes: &mut watch::Receiver<Mode>) -> bool {
    modes.wait_for(|mode| *mode != Mode::Hole).await.is_ok_and(|mode| *mode != Mode::Cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair(way: &Way, listener: &TcpListener) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect(("127.0.0.1", way.port)).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_hole_holds_what_is_sent_and_a_cut_hangs_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Way::open().await;
        way.lead_to(listener.local_addr().unwrap().port());
        let (mut near, mut far) = pair(&way, &listener).await;
        let mut letter = [0];

        way.turn(Mode::Hole);
        near.write_all(b"a").await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(100), far.read(&mut letter)).await;
        assert!(early.is_err(), "a hole lets nothing through");
        way.turn(Mode::Open);
        assert_eq!((far.read(&mut letter).await.unwrap(), letter), (1, *b"a"));

        way.turn(Mode::Cut);
        assert_eq!(near.read(&mut letter).await.unwrap_or(0), 0);
        assert_eq!(far.read(&mut letter).await.unwrap_or(0), 0);
    }
}
