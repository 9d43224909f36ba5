use super::*;
use crate::mail::{Claimed, LetterKind, Mail, OutboxUnavailable, Templates, Undelivered};
use crate::model::{EmailAddress, Languages, Micros, ServerSecret, TenantName};
use futures_util::FutureExt;
use futures_util::future::{pending, ready};
use std::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// Wall-clock time that goes with tokio's, so that pausing one pauses both.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Micros {
        Micros(1_767_225_600_000_000).after(self.0.elapsed())
    }
}

struct Row {
    letter: Letter,
    due: Micros,
}

#[derive(Default)]
struct Queue {
    rows: Vec<Row>,
    put_off: Vec<Duration>,
    given_up: usize,
    deaf: u32,
}

#[derive(Default)]
struct FakeOutbox(Mutex<Queue>);

impl Outbox for FakeOutbox {
    fn claim(
        &self,
        now: Micros,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'static, Result<Claimed, OutboxUnavailable>> {
        let mut queue = self.0.lock().unwrap();
        let due = queue.rows.iter_mut().filter(|row| row.due <= now).take(limit);
        let letters: Vec<_> = due
            .map(|row| {
                row.due = now.after(lease);
                row.letter.clone()
            })
            .collect();
        let more = letters.len() == limit;
        ready(Ok(Claimed { letters, more })).boxed()
    }

    fn sent(&self, id: Uuid) -> BoxFuture<'static, Result<(), OutboxUnavailable>> {
        let mut queue = self.0.lock().unwrap();
        if queue.deaf > 0 {
            queue.deaf -= 1;
            return ready(Err(OutboxUnavailable)).boxed();
        }
        queue.rows.retain(|row| row.letter.id != id);
        ready(Ok(())).boxed()
    }

    fn put_off(
        &self,
        id: Uuid,
        until: Micros,
        _: String,
    ) -> BoxFuture<'static, Result<(), OutboxUnavailable>> {
        let mut queue = self.0.lock().unwrap();
        let row = queue.rows.iter_mut().find(|row| row.letter.id == id).unwrap();
        let lease_end = std::mem::replace(&mut row.due, until);
        row.letter.attempts += 1;
        queue.put_off.push(until.since(lease_end.before(LEASE)));
        ready(Ok(())).boxed()
    }

    fn give_up(
        &self,
        id: Uuid,
        _: String,
        _: Micros,
    ) -> BoxFuture<'static, Result<(), OutboxUnavailable>> {
        let mut queue = self.0.lock().unwrap();
        queue.given_up += 1;
        queue.rows.retain(|row| row.letter.id != id);
        ready(Ok(())).boxed()
    }
}

/// Fails the first `failures` deliveries, or all, or hangs.
struct FakeTransport {
    failures: Mutex<usize>,
    how: fn() -> BoxFuture<'static, Result<(), Undelivered>>,
    delivered: Mutex<Vec<Arc<Mail>>>,
}

impl Transport for FakeTransport {
    fn deliver(&self, mail: Arc<Mail>) -> BoxFuture<'static, Result<(), Undelivered>> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return (self.how)();
        }
        self.delivered.lock().unwrap().push(mail);
        ready(Ok(())).boxed()
    }
}

fn later() -> BoxFuture<'static, Result<(), Undelivered>> {
    ready(Err(Undelivered::Later("451".into()))).boxed()
}

fn refused() -> BoxFuture<'static, Result<(), Undelivered>> {
    ready(Err(Undelivered::Refused("550".into()))).boxed()
}

struct Scene {
    outbox: Arc<FakeOutbox>,
    transport: Arc<FakeTransport>,
    wake: Arc<Notify>,
    worker: Option<Worker>,
    clock: Arc<TokioClock>,
}

impl Scene {
    fn new(failures: usize, how: fn() -> BoxFuture<'static, Result<(), Undelivered>>) -> Self {
        let outbox = Arc::new(FakeOutbox::default());
        let (failures, delivered) = (Mutex::new(failures), Mutex::default());
        let transport = Arc::new(FakeTransport { failures, how, delivered });
        let (clock, wake) = (Arc::new(TokioClock(Instant::now())), Arc::new(Notify::new()));
        let public_url = Url::parse("https://a.example").unwrap();
        let writer = Writer::new(
            ServerSecret::new(&[1; 32]),
            &public_url,
            None,
            Templates::load(None).unwrap(),
            Arc::new(|_| Arc::default()),
        );
        let worker = Worker::new(
            Arc::clone(&outbox) as _,
            Arc::clone(&transport) as _,
            writer,
            Arc::clone(&clock) as _,
            Arc::clone(&wake),
        );
        Self { outbox, transport, wake, worker: Some(worker), clock }
    }

    fn queue(&self, count: usize) {
        let made_at = self.clock.now();
        let letters = (0..count).map(|_| Letter {
            id: Uuid::now_v7(),
            kind: LetterKind::Verify,
            tenant: TenantName::built_in(),
            to: EmailAddress::parse("ana@example.com").unwrap(),
            token_id: Some(Uuid::now_v7()),
            languages: Languages::default(),
            made_at,
            expires_at: None,
            attempts: 0,
        });
        let rows = letters.map(|letter| Row { letter, due: made_at });
        self.outbox.0.lock().unwrap().rows.extend(rows);
    }

    async fn work(&mut self, span: Duration) {
        self.worker.take().unwrap().run(tokio::time::sleep(span)).await;
    }

    fn delivered(&self) -> usize {
        self.transport.delivered.lock().unwrap().len()
    }

    fn left(&self) -> usize {
        self.outbox.0.lock().unwrap().rows.len()
    }
}

#[tokio::test(start_paused = true)]
async fn a_letter_goes_out_once_and_leaves_the_queue() {
    let mut scene = Scene::new(0, later);
    scene.queue(40);

    scene.work(Duration::from_mins(5)).await;

    assert_eq!((scene.delivered(), scene.left()), (40, 0));
}

#[tokio::test(start_paused = true)]
async fn a_commit_wakes_the_worker_when_its_answer_has_gone() {
    let mut scene = Scene::new(0, later);
    let running = tokio::spawn(scene.worker.take().unwrap().run(pending()));
    tokio::time::sleep(Duration::from_millis(100)).await;

    scene.queue(1);
    scene.wake.notify_one();
    tokio::time::sleep(Duration::from_millis(REST.0 - 1)).await;
    assert_eq!(scene.delivered(), 0);
    tokio::time::sleep(Duration::from_millis(REST.1)).await;

    assert_eq!(scene.delivered(), 1);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_tried_again_with_growing_pauses() {
    let mut scene = Scene::new(5, later);
    scene.queue(1);

    scene.work(Duration::from_hours(1)).await;

    let pauses = scene.outbox.0.lock().unwrap().put_off.clone();
    assert_eq!((scene.delivered(), scene.left(), pauses.len()), (1, 0, 5));
    for (pause, whole) in pauses.iter().zip([5, 10, 20, 40, 80]) {
        let whole = Duration::from_secs(whole);
        assert!(*pause >= whole / 2 && *pause <= whole, "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_day_a_letter_is_given_up() {
    let mut scene = Scene::new(usize::MAX, later);
    scene.queue(1);

    scene.work(Duration::from_hours(25)).await;

    assert_eq!((scene.delivered(), scene.left()), (0, 0));
    let queue = scene.outbox.0.lock().unwrap();
    assert_eq!(queue.given_up, 1);
    assert!(queue.put_off.iter().sum::<Duration>() > Duration::from_hours(23));
}

#[tokio::test(start_paused = true)]
async fn a_refused_mail_is_not_tried_again() {
    let mut scene = Scene::new(1, refused);
    scene.queue(1);

    scene.work(Duration::from_hours(1)).await;

    assert_eq!((scene.delivered(), scene.left()), (0, 0));
    assert_eq!(scene.outbox.0.lock().unwrap().given_up, 1);
}

#[tokio::test(start_paused = true)]
async fn a_mail_server_that_hangs_is_left_and_others_are_not_held_up() {
    let mut scene = Scene::new(1, || pending().boxed());
    scene.queue(3);

    scene.work(Duration::from_secs(1)).await;

    assert_eq!(scene.delivered(), 2);
    assert_eq!(scene.outbox.0.lock().unwrap().put_off.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_cannot_be_recorded_for_minutes_is_not_repeated() {
    let mut scene = Scene::new(0, later);
    scene.queue(1);
    scene.outbox.0.lock().unwrap().deaf = 300;

    scene.work(Duration::from_mins(10)).await;

    assert_eq!((scene.delivered(), scene.left()), (1, 0));
}
