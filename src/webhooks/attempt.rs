use super::secret::signature;
use super::{Answer, Messages, Sender, Signed, SigningSecret};
use crate::clock::{Clock, back_off};
use crate::model::{Delivery, MessageId, Micros, ServerSecret, Settled, WebhookId};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, warn};

/// After the first failure; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause of a message that is refused, and with it of its user's later ones.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The longest pause of a webhook that does not answer: one that is back is noticed within it.
const LONGEST_SILENCE: Duration = Duration::from_mins(10);

/// The longest pause that a receiver is given for the asking; more would end a message's time.
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// How long a message is tried.
const GIVE_UP: Duration = Duration::from_hours(3 * 24);

/// Between two tries to record what became of a message.
const RECORD_PAUSE: Duration = Duration::from_secs(1);

/// How often that is tried: some ten minutes, after which a delivered message may be sent a second
/// time.
const RECORD_TRIES: u32 = 600;

/// What a try needs besides the message.
pub(super) struct Post {
    pub(super) messages: Arc<dyn Messages>,
    pub(super) sender: Sender,
    pub(super) secret: ServerSecret,
    pub(super) clock: Arc<dyn Clock>,
}

impl Post {
    /// Tries to deliver one leased message, settles it in the queue, and says which it was.
    pub(super) async fn attempt(self: Arc<Self>, delivery: Delivery) -> (MessageId, WebhookId) {
        let (id, webhook, at) = (delivery.id, delivery.webhook.id.clone(), self.clock.now());
        let secrets = SigningSecret::current(&self.secret, &delivery.webhook, at);
        let signature = signature(&secrets, id, at, &delivery.body);
        let message = Signed { id: id.to_string(), at, signature, body: delivery.body.clone() };
        let began = Instant::now();
        let answer = self.sender.send(&delivery.webhook.url, message).await;
        metrics::histogram!("afterclick_webhook_answer_seconds").record(began.elapsed());
        let settled = settle(&delivery, answer, self.clock.now());
        tell(&delivery, &settled);
        self.record(delivery, settled).await;
        (id, webhook)
    }

    /// Insists: a delivery that is not recorded is a second one once the lease is over.
    async fn record(&self, delivery: Delivery, settled: Settled) {
        let id = delivery.id;
        for _ in 0..RECORD_TRIES {
            let now = self.clock.now();
            match self.messages.settle(delivery.clone(), settled.clone(), now).await {
                Ok(()) => return,
                Err(_) if settled == Settled::Delivered => tokio::time::sleep(RECORD_PAUSE).await,
                Err(error) => {
                    debug!(message.id = %id, "not recorded, so the end of the lease decides: {error}");
                    return;
                }
            }
        }
        warn!(message.id = %id, "a delivered message could not be recorded and may be sent again");
    }
}

/// What an answer means for the message and its webhook.
fn settle(delivery: &Delivery, answer: Answer, now: Micros) -> Settled {
    // What is asked for is a floor.
    let until = |pause: Duration, wait: Option<Duration>| {
        now.after(pause.max(wait.unwrap_or_default().min(LONGEST_WISH)))
    };
    let deadline = delivery.made_at.after(GIVE_UP);
    match answer {
        Answer::Taken => Settled::Delivered,
        Answer::Gone => Settled::Gone { cause: "it answered 410, and wants no more".to_owned() },
        Answer::Refused { cause, wait } => {
            let until = until(back_off(delivery.attempts, FIRST_PAUSE, LONGEST_PAUSE), wait);
            if until >= deadline {
                return Settled::GivenUp { cause };
            }
            Settled::PutOff { until, cause }
        }
        Answer::Away { cause, wait } => {
            let failures = delivery.webhook.failures;
            let until = until(back_off(failures, FIRST_PAUSE, LONGEST_SILENCE), wait);
            if until >= deadline {
                return Settled::GivenUp { cause };
            }
            Settled::Paused { until, cause }
        }
    }
}

fn tell(delivery: &Delivery, settled: &Settled) {
    let (webhook, id) = (&delivery.webhook.id, delivery.id);
    let outcome = match settled {
        Settled::Delivered => {
            debug!(webhook.id = %webhook, message.id = %id, "{webhook} has taken a message");
            "delivered"
        }
        Settled::PutOff { until, cause } => {
            warn!(webhook.id = %webhook, message.id = %id, cause, "a message to {webhook} is put off until {until}");
            "put_off"
        }
        Settled::Paused { until, cause } => {
            warn!(webhook.id = %webhook, message.id = %id, cause, "nothing is sent to {webhook} until {until}");
            "put_off"
        }
        Settled::GivenUp { cause } => {
            warn!(webhook.id = %webhook, message.id = %id, cause, "a message to {webhook} is given up after three days");
            "given_up"
        }
        Settled::Gone { cause } => {
            warn!(webhook.id = %webhook, message.id = %id, cause, "{webhook} is disabled");
            "gone"
        }
    };
    metrics::counter!("afterclick_webhook_tries_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TenantName, Webhook};
    use uuid::Uuid;

    const NOW: Micros = Micros(1_767_225_600_000_000);

    fn delivery(attempts: i64, age: Duration, failures: i64) -> Delivery {
        let webhook = Webhook {
            id: WebhookId::draw(),
            tenant: TenantName::built_in(),
            url: String::new(),
            types: Vec::new(),
            generation: 1,
            former_until: Micros(0),
            created_at: Micros(0),
            disabled_at: None,
            cause: None,
            paused_until: Micros(0),
            failures,
        };
        Delivery {
            id: MessageId(Uuid::now_v7()),
            webhook: Arc::new(webhook),
            user: "ana".to_owned(),
            body: String::new(),
            made_at: NOW.before(age),
            attempts,
            lease: NOW,
        }
    }

    fn pause(delivery: &Delivery, answer: Answer) -> Option<Duration> {
        match settle(delivery, answer, NOW) {
            Settled::PutOff { until, .. } | Settled::Paused { until, .. } => Some(until.since(NOW)),
            Settled::GivenUp { .. } => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refused_message_comes_back_ever_later_for_three_days() {
        for (attempts, whole) in [(0, 5), (3, 40), (9, 2_560), (10, 3_600), (90, 3_600)] {
            let (whole, fresh) =
                (Duration::from_secs(whole), delivery(attempts, Duration::ZERO, 0));
            let pause = pause(&fresh, Answer::of(500, None)).unwrap();
            assert!((whole / 2..=whole).contains(&pause), "{attempts}: {pause:?}");
        }
        let old = delivery(80, Duration::from_mins(72 * 60 - 20), 0);
        assert_eq!(pause(&old, Answer::of(500, None)), None);
    }

    #[test]
    fn a_silent_webhook_is_left_alone_ever_longer() {
        for (failures, whole) in [(0, 5), (3, 40), (7, 600), (90, 600)] {
            let whole = Duration::from_secs(whole);
            let answer = Answer::Away { cause: String::new(), wait: None };
            let pause = pause(&delivery(0, Duration::ZERO, failures), answer).unwrap();
            assert!((whole / 2..=whole).contains(&pause), "{failures}: {pause:?}");
        }
    }

    #[test]
    fn what_the_receiver_asks_for_is_a_floor() {
        let fresh = delivery(0, Duration::ZERO, 0);
        let hour = Duration::from_hours(1);

        for status in [429, 500, 503] {
            assert_eq!(pause(&fresh, Answer::of(status, Some(hour))), Some(hour));
            let none = pause(&fresh, Answer::of(status, Some(Duration::ZERO))).unwrap();
            assert!(none >= FIRST_PAUSE / 2);
        }
        let ever = Some(Duration::MAX);
        assert_eq!(pause(&fresh, Answer::of(503, ever)), Some(LONGEST_WISH));
    }

    #[test]
    fn s25_no_status_is_taken_for_another() {
        for (status, taken) in
            [(200, true), (204, true), (299, true), (101, false), (300, false), (400, false)]
        {
            assert_eq!(Answer::of(status, None) == Answer::Taken, taken, "{status}");
        }
        assert_eq!(Answer::of(410, None), Answer::Gone);
        assert!(matches!(Answer::of(999, None), Answer::Refused { .. }));
    }
}
