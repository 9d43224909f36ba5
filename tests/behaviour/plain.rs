//! A stream or a poll is answered alike, whether it is asked for plainly or in a way that only the
//! whole application understands.

use super::support::{Answer, App, Device, Listening, PASSWORD};
use reqwest::Method;
use std::collections::BTreeMap;
use std::time::Duration;

/// What makes a request another than a plain one, and changes nothing of its meaning.
const ODD: (&str, &str) = ("content-length", "0");

/// How many polls were answered with something.
const COUNT: &str = r#"afterclick_requests_total{route="/v1/poll",status="200"}"#;

/// A request as a new client sends it, plainly or not.
fn asked(
    device: &Device,
    odd: bool,
    path: &str,
    headers: &[(&str, &str)],
) -> reqwest::RequestBuilder {
    let odd = odd.then_some(&ODD);
    let request = device.request(Method::GET, path).header("x-request-id", "mine");
    headers.iter().chain(odd).fold(request, |request, (name, value)| request.header(*name, *value))
}

/// All of an answer but its date; of origins the application says more.
fn shown(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date" && *name != "vary");
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    (answer.status.as_u16(), headers, answer.text.clone())
}

/// The answer to a request, which must be the same either way.
async fn both(device: impl Fn() -> Device, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut answers = Vec::new();
    for odd in [false, true] {
        let device = device();
        answers.push(device.send(asked(&device, odd, path, headers)).await);
    }
    assert_eq!(shown(&answers[0]), shown(&answers[1]), "{path} {headers:?}");
    let vary = |answer: &Answer| answer.header("vary").split(',').next().map(str::to_owned);
    assert_eq!(vary(&answers[0]), vary(&answers[1]), "{path}");
    // Only the application names the headers of a preflight: it did answer the odd one.
    assert_eq!(answers[1].header("vary").contains(','), answers[1].headers.contains_key("vary"));
    answers.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_is_answered_alike() {
    for (flags, varies) in [(&[][..], ""), (&["--client-url=https://app.example"], "Origin")] {
        let app = App::with(flags).await;
        let token = app.signed_up("ana@example.com").await.token("ana@example.com").await;
        let ana = || app.device().with_bearer(&token);
        let (nobody, stranger) = (|| app.device(), || app.device().with_bearer("x"));
        let cursor = ana().cursor().await;
        let tag = format!("\"{cursor}\"");

        let first = both(ana, "/v1/poll", &[]).await.expect(200);
        assert_eq!((first.header("etag"), first.header("vary")), (&*tag, varies));
        assert_eq!(first.header("x-request-id"), "mine");
        assert_eq!(first.header("x-content-type-options"), "nosniff");
        both(ana, "/v1/poll?wait=0", &[("if-none-match", &tag)]).await.expect(304);
        both(ana, &format!("/v1/poll?wait=0&after={cursor}"), &[]).await.expect(204);
        both(ana, "/v1/poll?after=x", &[]).await.expect_problem(400, "bad_cursor");
        both(ana, "/v1/poll?wait=31", &[]).await.expect_problem(400, "bad_parameter");
        both(ana, "/v1/poll?access_token=x", &[]).await.expect_problem(400, "token_in_query");
        both(ana, "/v1/stream?jwt=x", &[]).await.expect_problem(400, "token_in_query");
        both(nobody, "/v1/poll", &[]).await.expect_problem(401, "unauthenticated");
        both(nobody, "/v1/poll?ticket=x", &[]).await.expect_problem(401, "invalid_token");
        both(stranger, "/v1/poll", &[]).await.expect_problem(401, "invalid_token");
        both(stranger, "/v1/stream", &[]).await.expect_problem(401, "invalid_token");
        both(|| app.backend("default"), "/v1/poll", &[]).await.expect_problem(403, "wrong_caller");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_opened_alike() {
    let app = App::start().await;
    let token = app.signed_up("ana@example.com").await.token("ana@example.com").await;
    let mut opened = Vec::new();
    for odd in [false, true] {
        let device = app.device().with_bearer(&token);
        let mut stream = Listening::open(asked(&device, odd, "/v1/stream", &[])).await;
        let snapshot = stream.expect("snapshot").await;
        stream.headers.remove("date");
        opened.push((stream.headers, snapshot.id, snapshot.data));
    }

    assert_eq!(opened[0], opened[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_renewed_and_a_request_counted_either_way() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up("ana@example.com").await;
    let cookie = ana.log_in("ana@example.com", PASSWORD).await.header("set-cookie").to_owned();
    let session = cookie.split(';').next().unwrap().to_owned();
    for odd in [false, true] {
        app.advance(Duration::from_hours(2));
        let device = app.device();
        let before = app.metric(COUNT).await;

        let answer = device.send(asked(&device, odd, "/v1/poll", &[("cookie", &session)])).await;

        assert_eq!(answer.expect(200).header("set-cookie"), cookie);
        assert!(app.metric(COUNT).await > before);
    }
}
