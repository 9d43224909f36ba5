//! The main job: one click, and every device knows.

use super::support::{App, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_reaches_two_streams_and_a_parked_poll() {
    let app = App::start().await;
    let laptop = app.signed_up("ana@example.com").await;
    let (mut first_tab, mut second_tab) = (laptop.listen().await, laptop.listen().await);
    for tab in [&mut first_tab, &mut second_tab] {
        assert_eq!(tab.expect("snapshot").await.data["user"]["email_verified"], false);
    }
    let before = laptop.cursor().await;
    let poll = laptop.poll(&format!("after={before}&wait=30"));

    let phone = app.device();
    let page = phone.get(&app.link("ana@example.com").await).await.expect(200);
    assert!(page.text.contains("ana@example.com"));
    phone.press(&app.link("ana@example.com").await).await.expect(200);

    for tab in [&mut first_tab, &mut second_tab] {
        let event = tab.expect("email.verified").await;
        assert_eq!(event.id.as_deref(), event.data["cursor"].as_str());
        assert_eq!(event.data["user"]["email_verified"], true);
    }
    let answer = soon("the poll", poll).await.unwrap().expect(200);
    assert_eq!(answer.body["user"]["email_verified"], true);
    assert_eq!(answer.body["changes"][0]["type"], "email.verified");
    assert_eq!(phone.get("/v1/me").await.status, 401, "a click signs nobody in");
}
