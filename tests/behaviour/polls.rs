//! The long poll, rule by rule.

use super::support::{Answer, App, Device, PASSWORD, kyc, soon};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A poll with these headers, on its way.
fn poll_with(device: &Device, query: &str, headers: &[(&str, &str)]) -> JoinHandle<Answer> {
    let mut request = device.request(Method::GET, &format!("/v1/poll?{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let device = device.clone();
    tokio::spawn(async move { device.send(request).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_cursor_a_poll_shows_the_present_at_once() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let me = device.me().await;

    let answer = device.get("/v1/poll?wait=30").await.expect(200);

    let body = json!({ "cursor": me["cursor"], "user": me, "changes": Value::Null });
    assert_eq!(answer.body, body);
    assert_eq!(answer.header("etag"), format!("\"{}\"", me["cursor"].as_str().unwrap()));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    for after in ["zzzzzzzz.1", "zzzzzzzz.99"] {
        let answer = device.get(&format!("/v1/poll?after={after}&wait=30")).await.expect(200);
        assert_eq!(answer.body, body, "another epoch's");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_cursor_is_shown_what_it_missed() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, from) = (device.id().await, device.cursor().await);
    let first = kyc(&backend, &id, json!({ "step": 1 })).await;
    let second = kyc(&backend, &id, json!({ "step": 2 })).await;

    let answer = device.get(&format!("/v1/poll?wait=30&after={from}")).await.expect(200);

    let news =
        json!({ "cursor": second["cursor"], "user": second["user"], "changes": [first, second] });
    assert_eq!(answer.body, news);
    let tag = format!("\"{from}\"");
    let answer =
        soon("the poll", poll_with(&device, "", &[("if-none-match", &tag)])).await.unwrap();
    assert_eq!(answer.expect(200).body, news);
    for step in 3..=101 {
        kyc(&backend, &id, json!({ "step": step })).await;
    }
    let many = device.get(&format!("/v1/poll?after={}", first["cursor"].as_str().unwrap())).await;
    assert_eq!(many.body["changes"].as_array().unwrap().len(), 100);
    let more = device.get(&format!("/v1/poll?after={from}")).await.expect(200);
    assert_eq!(
        (&more.body["changes"], &more.body["user"]["kyc"]["step"]),
        (&Value::Null, &json!(101))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_poll_waits_and_says_that_nothing_is_new() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let cursor = device.cursor().await;
    let tag = format!("\"{cursor}\"");
    let weak = format!("\"zzzzzzzz.9\" , W/{tag}");
    let garbage = "\"x\"";

    let after = format!("after={cursor}");
    for (query, headers, status) in [
        (format!("{after}&wait=0"), vec![], 204),
        (format!("{after}&wait=1"), vec![], 204),
        (format!("{after}&wait=0"), vec![("if-none-match", garbage)], 204),
        (format!("{after}&wait=0"), vec![("if-none-match", "\"zzzzzzzz.9\"")], 204),
        (format!("{after}&wait=0&unknown=1"), vec![], 204),
        ("wait=0".into(), vec![("if-none-match", tag.as_str())], 304),
        ("wait=1".into(), vec![("if-none-match", tag.as_str())], 304),
        ("wait=0".into(), vec![("if-none-match", weak.as_str())], 304),
        ("wait=0".into(), vec![("if-none-match", garbage)], 200),
        ("wait=0".into(), vec![("if-none-match", "*")], 200),
        (after.clone(), vec![("prefer", "wait=0")], 204),
        (String::new(), vec![("prefer", "wait=0"), ("if-none-match", tag.as_str())], 304),
        (format!("{after}&wait=0"), vec![("prefer", "wait=30")], 204),
    ] {
        let answer = soon("the poll", poll_with(&device, &query, &headers)).await.unwrap();
        let answer = answer.expect(status);
        assert_eq!(answer.header("etag"), tag, "{query} {headers:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.text.is_empty(), status != 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_poll_cannot_mean_is_refused() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;

    for wait in ["31", "-1", "1.5", "ten", ""] {
        let answer = device.get(&format!("/v1/poll?wait={wait}")).await;
        answer.expect_problem(400, "bad_parameter");
    }
    for after in ["7", "x.1", "", "aaaaaaaa.0", "aaaaaaaa.1%0A"] {
        let answer = device.get(&format!("/v1/poll?after={after}")).await;
        answer.expect_problem(400, "bad_cursor");
    }
    app.device().get("/v1/poll").await.expect_problem(401, "unauthenticated");
    app.backend("default").get("/v1/poll").await.expect_problem(403, "wrong_caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_change_wakes_every_parked_poll() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, cursor) = (device.id().await, device.cursor().await);
    let tag = format!("\"{cursor}\"");
    let polls = [
        device.poll(&format!("after={cursor}&wait=30")),
        poll_with(&device, "wait=30", &[("if-none-match", &tag)]),
        poll_with(&device, "", &[("if-none-match", &tag), ("prefer", "wait=30")]),
    ];
    app.parked(&device, 3).await;

    let change = kyc(&backend, &id, json!({ "step": 1 })).await;

    for poll in polls {
        let answer = soon("the poll", poll).await.unwrap().expect(200);
        let news =
            json!({ "cursor": change["cursor"], "user": change["user"], "changes": [change] });
        assert_eq!(answer.body, news);
        assert_eq!(answer.header("etag"), format!("\"{}\"", change["cursor"].as_str().unwrap()));
    }
    app.parked(&device, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_parked_poll_too_many_is_told_to_come_later() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let query = format!("after={}&wait=30", device.cursor().await);
    let parked: Vec<_> = (0..20).map(|_| device.poll(&query)).collect();
    app.parked(&device, 20).await;

    let refused = device.get(&format!("/v1/poll?{query}")).await;

    let refused = refused.expect_problem(429, "too_many_polls");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    device.get("/v1/poll").await.expect(200);
    parked[0].abort();
    app.parked(&device, 19).await;
    let again = device.poll(&query);
    app.parked(&device, 20).await;
    device.delete("/v1/sessions/current").await.expect(204);
    for poll in parked.into_iter().skip(1).chain([again]) {
        let answer = soon("the poll", poll).await.unwrap();
        answer.expect_problem(401, "invalid_token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_out_on_one_device_leaves_the_polls_of_another() {
    let app = App::start().await;
    let (laptop, phone) = (app.signed_up("ana@example.com").await, app.device());
    phone.log_in("ana@example.com", PASSWORD).await;
    let query = format!("after={}&wait=30", laptop.cursor().await);
    let (on_laptop, on_phone) = (laptop.poll(&query), phone.poll(&query));
    app.parked(&laptop, 2).await;

    laptop.delete("/v1/sessions/current").await.expect(204);

    soon("the poll", on_laptop).await.unwrap().expect_problem(401, "invalid_token");
    kyc(&app.backend("default"), &phone.id().await, json!({ "step": 1 })).await;
    soon("the poll", on_phone).await.unwrap().expect(200);
}

/// Each poll is sent in the same moment as the commit it must not miss.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_a_change_between_two_polls_is_never_missed() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, mut cursor) = (device.id().await, device.cursor().await);
    for step in 0..200 {
        let poll = device.poll(&format!("after={cursor}&wait=30"));

        let change = kyc(&backend, &id, json!({ "step": step })).await;

        let answer = soon("the poll", poll).await.unwrap().expect(200);
        assert_eq!(answer.body["changes"], json!([change]), "round {step}");
        change["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_polls_after_a_publish_was_answered_is_shown_what_was_published() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), device.id().await);
    let mut seen = device.cursor().await;

    for step in 0..20 {
        // What the first of these has read, the next ones are told without.
        for _ in 0..2 {
            assert_eq!(
                device.get("/v1/poll?wait=0").await.expect(200).body["cursor"],
                seen.as_str()
            );
            let current = device.get(&format!("/v1/poll?wait=0&after={seen}")).await;
            assert_eq!(current.expect(204).text, "");
        }

        let change = kyc(&backend, &id, json!({ "step": step })).await;

        let whole = device.get("/v1/poll?wait=0").await.expect(200);
        assert_eq!(whole.body["cursor"], change["cursor"]);
        let news = device.get(&format!("/v1/poll?wait=0&after={seen}")).await.expect(200);
        assert_eq!(news.body["changes"], json!([change]));
        seen = change["cursor"].as_str().unwrap().to_owned();
    }
}
