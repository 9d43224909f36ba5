//! The development inbox, as a script reads it.

use super::support::{App, PASSWORD, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_asks_for_its_mail_at_once_waits_for_it() {
    let app = App::start().await;
    let device = app.device();
    let path = "/dev/inbox.json?to=ana%40example.com&wait=30";

    // Nobody has signed up when the first asks, and the mail is not made when the second does.
    let early = soon("the mail", async { device.get(path).await.expect(200).body });
    let sign_up = async {
        device.sign_up("ana@example.com", PASSWORD).await;
        soon("the mail", async { device.get(path).await.expect(200).body }).await
    };
    let (early, prompt) = futures_util::join!(early, sign_up);

    assert_eq!(early[0]["to"], "ana@example.com");
    assert_eq!(early, prompt);
    let others = device.get("/dev/inbox.json?to=ben%40example.com&wait=0").await.expect(200);
    assert_eq!(others.text, "[]");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbox_refuses_a_wait_that_is_none() {
    let app = App::start().await;

    for wait in ["31", "-1", "soon", ""] {
        let answer = app.device().get(&format!("/dev/inbox.json?wait={wait}")).await;
        answer.expect_problem(400, "bad_parameter");
    }
}
