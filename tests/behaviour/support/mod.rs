//! A service of its own for each test, and the people and devices that use it.

mod app;
mod device;
mod listening;
mod mail_server;
mod nodes;
mod receiver;
mod story;

pub use app::App;
pub use device::{Answer, Device};
pub use listening::Listening;
pub use mail_server::{Certificate, MailServer};
pub use nodes::{Nodes, Process};
pub use receiver::{Message, OK, Receiver, Reply};
pub use story::{kyc, publish, until};

use std::time::Duration;

/// How long anything may take before the test has failed.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A password that is good enough.
pub const PASSWORD: &str = "blue kettle sings";

/// Waits for `future`, and fails the test where that takes too long.
#[track_caller]
pub fn soon<F: Future>(what: &'static str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let done = tokio::time::timeout(DEADLINE, future).await;
        done.unwrap_or_else(|_| panic!("{what} took too long (asked at {caller})"))
    }
}
