use super::{Letter, Mail, Outbox, Transport, Undelivered, Writer};
use crate::clock::{Clock, back_off};
use crate::model::Micros;
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, info, warn};
use uuid::Uuid;

/// How long a transport may take over one mail; well within the lease.
const DELIVERY: Duration = Duration::from_secs(30);

/// After the first failure; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause between two tries: a mail server that is back is noticed within it.
const LONGEST_PAUSE: Duration = Duration::from_mins(30);

/// How long a letter is tried. A link lasts as long.
const GIVE_UP: Duration = Duration::from_hours(24);

/// Between two tries to record a delivery.
const RECORD_PAUSE: Duration = Duration::from_secs(1);

/// How often a delivery is tried to be recorded: some ten minutes, after which the mail may be sent
/// a second time.
const RECORD_TRIES: u32 = 600;

/// What a try needs besides the letter.
pub(super) struct Post {
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) writer: Writer,
    pub(super) clock: Arc<dyn Clock>,
}

impl Post {
    /// Tries to deliver one claimed letter, settles it in the outbox, and says which it was.
    pub(super) async fn attempt(self: Arc<Self>, letter: Letter) -> Uuid {
        let (id, to) = (letter.id, letter.to.hint());
        match self.writer.write(&letter, self.clock.now()) {
            Err(reason) => {
                warn!(mail.id = %id, mail.to = to, "mail to {to} given up: {reason}");
                count("given_up");
                self.give_up(id, reason.to_string()).await;
            }
            Ok(mail) => match self.deliver(mail).await {
                Ok(()) => {
                    info!(mail.id = %id, mail.to = to, "mail to {to} delivered");
                    count("delivered");
                    self.record_delivery(id).await;
                }
                Err(Undelivered::Refused(cause)) => {
                    let cause = cause.to_string();
                    warn!(mail.id = %id, mail.to = to, cause, "mail to {to} refused for good");
                    count("refused");
                    self.give_up(id, cause).await;
                }
                Err(Undelivered::Later(cause)) => self.put_off(&letter, cause.to_string()).await,
            },
        }
        id
    }

    async fn deliver(&self, mail: Mail) -> Result<(), Undelivered> {
        let delivery = self.transport.deliver(Arc::new(mail));
        let outcome = tokio::time::timeout(DELIVERY, delivery).await;
        outcome.unwrap_or_else(|late| Err(Undelivered::Later(late.into())))
    }

    /// Insists: a delivery that is not recorded is a second mail once the lease is over.
    async fn record_delivery(&self, id: Uuid) {
        for _ in 0..RECORD_TRIES {
            if self.outbox.sent(id).await.is_ok() {
                return;
            }
            tokio::time::sleep(RECORD_PAUSE).await;
        }
        warn!(mail.id = %id, "a delivered mail could not be recorded and may be sent again");
    }

    async fn put_off(&self, letter: &Letter, cause: String) {
        let (id, to) = (letter.id, letter.to.hint());
        let pause = back_off(letter.attempts.into(), FIRST_PAUSE, LONGEST_PAUSE);
        let until = self.clock.now().after(pause);
        if until >= deadline(letter) {
            warn!(mail.id = %id, mail.to = to, cause, "mail to {to} given up after a day");
            count("given_up");
            return self.give_up(id, cause).await;
        }
        warn!(mail.id = %id, mail.to = to, cause, "mail to {to} put off until {until}");
        count("put_off");
        if let Err(reason) = self.outbox.put_off(id, until, cause).await {
            debug!(mail.id = %id, "not recorded, so the end of the lease decides: {reason}");
        }
    }

    async fn give_up(&self, id: Uuid, cause: String) {
        if let Err(reason) = self.outbox.give_up(id, cause, self.clock.now()).await {
            debug!(mail.id = %id, "not recorded, so the end of the lease decides: {reason}");
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("afterclick_mails_total", "outcome" => outcome).increment(1);
}

fn deadline(letter: &Letter) -> Micros {
    letter.made_at.after(GIVE_UP)
}
