//! What a stream begins with, where it resumes, and what it never shows.

use super::support::{App, Listening, kyc, soon};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_begins_with_the_present_state_and_when_to_come_back() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;

    let mut stream = device.listen().await;

    assert_head(&stream.headers);
    assert_eq!(header(&stream.headers, "transfer-encoding"), "chunked");
    let first = stream.expect("snapshot").await;
    let me = device.me().await;
    assert_eq!(first.id.as_deref(), me["cursor"].as_str());
    let data = json!({ "cursor": me["cursor"], "reason": "connected", "user": me });
    assert_eq!(first.data, data);
    assert!((1000..=4000).contains(&first.retry.unwrap()), "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_of_a_stream_shows_its_headers_and_opens_nothing() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;

    let head = device.send(device.request(Method::HEAD, "/v1/stream")).await.expect(200);

    assert_head(&head.headers);
    assert_eq!((head.text.as_str(), device.live_streams().await), ("", 0));
    let nobody = app.device();
    nobody.send(nobody.request(Method::HEAD, "/v1/stream")).await.expect(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_bad_credential_is_refused_a_stream() {
    let app = App::start().await;
    let nobody = app.device();

    let answer = nobody.get("/v1/stream").await.expect_problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let forged = nobody.with_bearer("a.b.c").get("/v1/stream").await;
    let forged = forged.expect_problem(401, "invalid_token");
    assert_eq!(forged.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    let cookie = nobody.request(Method::GET, "/v1/stream").header("cookie", "afterclick_session=x");
    nobody.send(cookie).await.expect_problem(401, "invalid_token");
    app.backend("default").get("/v1/stream").await.expect_problem(403, "wrong_caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resumes_from_the_present_gets_a_heartbeat_first() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let cursor = device.cursor().await;

    let mut stream = device.listen_from(Some(&cursor)).await;

    let first = stream.expect("heartbeat").await;
    assert_eq!((first.id, first.data["cursor"].as_str()), (None, Some(cursor.as_str())));
    assert!(first.data["now"].as_str().unwrap().ends_with('Z'), "{:?}", first.data);
    assert!((1000..=4000).contains(&first.retry.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_stream_beats_with_the_newest_cursor() {
    let app = App::with(&["--heartbeat", "200ms"]).await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let mut stream = device.listen().await;
    let first = stream.expect("snapshot").await;

    let beat = stream.expect("heartbeat").await;
    assert_eq!(beat.data["cursor"].as_str(), first.id.as_deref());
    assert_eq!((beat.id, beat.retry), (None, None));
    let change = kyc(&backend, &device.id().await, json!({ "step": 1 })).await;
    let news = stream.news().await.unwrap();

    assert_eq!((&news.data, news.name.as_str()), (&change, "kyc.updated"));
    assert_eq!(stream.expect("heartbeat").await.data["cursor"], change["cursor"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_comes_first_and_in_order_wherever_the_cursor_stands() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, from) = (device.id().await, device.cursor().await);
    let mut changes = Vec::new();
    for step in 0..5 {
        changes.push(kyc(&backend, &id, json!({ "step": step })).await);
    }
    let newest = changes[4]["cursor"].as_str().unwrap();

    for (query, header) in [
        (String::new(), Some(from.as_str())),
        (format!("?last_event_id={from}"), None),
        (format!("?lastEventId={from}"), None),
        (format!("?unknown=1&lastEventId={from}"), Some("")),
        (format!("?last_event_id={newest}"), Some(from.as_str())),
        (format!("?lastEventId={newest}"), Some(from.as_str())),
    ] {
        let mut request = device.request(Method::GET, &format!("/v1/stream{query}"));
        if let Some(header) = header {
            request = request.header("last-event-id", header);
        }
        let mut stream = Listening::open(request).await;
        for (number, change) in changes.iter().enumerate() {
            let event = stream.expect("kyc.updated").await;
            assert_eq!((&event.data, event.retry.is_some()), (change, number == 0), "{query}");
            assert_eq!(event.id.as_deref(), change["cursor"].as_str());
        }
    }
    let mut page = device.get(&format!("/v1/me/changes?after={from}")).await.expect(200).body;
    assert_eq!(page["changes"].take(), Value::Array(changes));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_seen_like_a_click() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let mut stream = device.listen().await;
    stream.expect("snapshot").await;

    let code = json!({ "code": app.code("ana@example.com").await });
    device.post("/v1/verifications/confirm", &code).await.expect(200);

    let event = stream.expect("email.verified").await;
    assert_eq!(event.data["data"], json!({ "method": "code" }));
    assert_eq!(event.data["user"], device.me().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_is_none_counts_as_none() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;

    for garbage in ["7", "x.y", "aaaaaaaa.07", "aaaaaaaa.-1", "aaaaaaaa.99999999999999999999", "*"]
    {
        let mut stream = device.listen_from(Some(garbage)).await;
        assert_eq!(stream.expect("snapshot").await.data["reason"], "connected", "{garbage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_changes_than_the_log_keeps_are_a_gap() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, from) = (device.id().await, device.cursor().await);
    let first = kyc(&backend, &id, json!({ "step": 0 })).await;
    for step in 1..=100 {
        kyc(&backend, &id, json!({ "step": step })).await;
    }

    let mut far = device.listen_from(Some(&from)).await;
    let mut near = device.listen_from(first["cursor"].as_str()).await;

    let gap = far.expect("snapshot").await;
    assert_eq!(
        (&gap.data["reason"], &gap.data["user"]["kyc"]["step"]),
        (&json!("gap"), &json!(100))
    );
    for step in 1..=100 {
        assert_eq!(near.expect("kyc.updated").await.data["data"]["step"], step);
    }
    device.get(&format!("/v1/me/changes?after={from}")).await.expect_problem(410, "cursor_gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_256_kib_of_changes_are_a_gap() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, from) = (device.id().await, device.cursor().await);
    let mut changes = Vec::new();
    for letter in 0..20_u8 {
        let filling = char::from(b'a' + letter).to_string().repeat(15_000);
        changes.push(kyc(&backend, &id, json!({ "filling": filling })).await);
    }

    let mut far = device.listen_from(Some(&from)).await;
    let mut near = device.listen_from(changes[14]["cursor"].as_str()).await;

    let gap = far.expect("snapshot").await;
    assert_eq!((&gap.data["reason"], &gap.data["user"]), (&json!("gap"), &changes[19]["user"]));
    for change in &changes[15..] {
        assert_eq!(&near.expect("kyc.updated").await.data, change);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_another_epoch_gets_a_snapshot() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let cursor = device.cursor().await;

    let mut stream = device.listen_from(Some("zzzzzzzz.1")).await;

    let snapshot = stream.expect("snapshot").await;
    assert_eq!(snapshot.data["reason"], "epoch");
    assert_eq!(snapshot.id.as_deref(), Some(cursor.as_str()), "nothing is redrawn for it");
    device.get("/v1/me/changes?after=zzzzzzzz.1").await.expect_problem(410, "cursor_gone");
}

/// A backup was restored: the device has seen versions that will be given out again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_never_compared_again_once_somebody_was_ahead() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let before = device.cursor().await;
    let (epoch, version) = before.split_once('.').unwrap();
    let ahead = format!("{epoch}.{}", version.parse::<i64>().unwrap() + 2);
    let mut other = device.listen().await;
    other.expect("snapshot").await;

    let mut stream = device.listen_from(Some(&ahead)).await;

    let snapshot = stream.expect("snapshot").await;
    assert_eq!(snapshot.data["reason"], "epoch");
    let (redrawn, same_version) = snapshot.id.as_deref().unwrap().split_once('.').unwrap();
    assert!(redrawn != epoch && same_version == version, "{:?}", snapshot.id);
    assert_eq!(other.expect("snapshot").await.data["reason"], "epoch", "the others are told too");
    let id = device.id().await;
    for step in 0..3 {
        let change = kyc(&backend, &id, json!({ "step": step })).await;
        assert_eq!(stream.expect("kyc.updated").await.data, change);
        assert_eq!(other.expect("kyc.updated").await.data, change);
    }
    let mut again = device.listen_from(Some(&ahead)).await;
    assert_eq!(again.expect("snapshot").await.data["reason"], "epoch", "the old epoch is history");
    let query = format!("after={ahead}&wait=30");
    let answer = soon("the poll", device.poll(&query)).await.unwrap().expect(200);
    assert_eq!(answer.body["changes"], Value::Null);
}

#[track_caller]
fn assert_head(headers: &HeaderMap) {
    assert_eq!(header(headers, "content-type"), "text/event-stream");
    assert_eq!(header(headers, "cache-control"), "no-store");
    assert_eq!(header(headers, "x-accel-buffering"), "no");
    assert!(["", "identity"].contains(&header(headers, "content-encoding")));
    assert!(!header(headers, "x-request-id").is_empty());
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}
