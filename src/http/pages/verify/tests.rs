use super::*;
use crate::http::pages::{Page, headers};
use crate::model::TenantSetting;
use actix_web::body::to_bytes;
use std::time::Duration;

const HOSTILE: &str = "\"><script>alert('1')</script>&\u{2028}\r\nX: y";

async fn body(response: HttpResponse) -> String {
    for (name, value) in headers(Page::Link) {
        let all: Vec<_> = response.headers().get_all(&name).collect();
        assert_eq!(all, [value], "{name}");
    }
    assert_eq!(response.headers().get("content-type").unwrap(), "text/html; charset=utf-8");
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

fn usual() -> TenantSettings {
    TenantSettings::default()
}

fn tenant(product: &str) -> TenantSettings {
    let mut settings = usual();
    settings.apply(TenantSetting::Product(Some(product.to_owned())));
    settings.apply(TenantSetting::Accent(Some("#0b5fff".parse().unwrap())));
    settings
}

fn page(password: PasswordField) -> VerifyPage<'static> {
    let made_at = Micros(1_767_225_600_000_000);
    VerifyPage {
        token: "abc_-123",
        email: "ana@example.com",
        made_at,
        made_from: "Chrome on Windows",
        now: made_at.after(Duration::from_mins(3)),
        password,
    }
}

#[tokio::test]
async fn the_page_says_what_the_button_confirms_and_who_made_the_account() {
    let response = verify_page(&page(PasswordField::NotAsked), &usual());

    assert_eq!(response.status(), 200);
    let body = body(response).await;
    for words in
        ["ana@example.com", "3 minutes ago", "1 January 2026, 00:00 UTC", "Chrome on Windows"]
    {
        assert!(body.contains(words), "{words}");
    }
    assert!(body.contains("<form method=\"post\" action=\"/verify/abc_-123\""));
    assert!(body.contains("<form method=\"post\" action=\"/verify/abc_-123/deny\""));
    assert_eq!(body.matches("<form").count(), 2);
    assert!(!body.contains("password"));
}

#[tokio::test]
async fn nothing_on_a_page_behind_a_link_acts_by_itself() {
    for response in [
        verify_page(&page(PasswordField::Wrong), &usual()),
        verified_page(
            &VerifiedPage { email: "ana@example.com", already: false, continue_url: None },
            &usual(),
        ),
        expired_page(&usual()),
        unknown_page(&usual()),
        removed_page("ana@example.com", &usual()),
        left_alone_page("ana@example.com", None, &usual()),
    ] {
        let body = body(response).await;
        for active in ["<script", " onload", " onclick", "http-equiv", "style=", "<style"] {
            assert!(!body.contains(active), "{active}");
        }
        assert!(body.contains("<html lang=\"en\">"));
        assert_eq!(body.matches("<h1").count(), 1);
    }
}

#[tokio::test]
async fn with_rivals_the_page_asks_for_the_password_and_says_when_it_was_wrong() {
    let asked = body(verify_page(&page(PasswordField::Asked), &usual())).await;
    let wrong = verify_page(&page(PasswordField::Wrong), &usual());

    assert!(asked.contains("name=\"password\"") && !asked.contains("role=\"alert\""));
    assert_eq!(wrong.status(), 422);
    let wrong = body(wrong).await;
    assert!(wrong.contains("name=\"password\"") && wrong.contains("role=\"alert\""));
}

#[tokio::test]
async fn a_second_click_reads_as_success() {
    let first = verified_page(
        &VerifiedPage { email: "ana@example.com", already: false, continue_url: None },
        &usual(),
    );
    let second = verified_page(
        &VerifiedPage { email: "ana@example.com", already: true, continue_url: None },
        &usual(),
    );

    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    assert!(!body(first).await.contains("already"));
    assert!(body(second).await.contains("already"));
}

#[tokio::test]
async fn dead_links_say_so_and_what_to_do() {
    let (expired, unknown) = (expired_page(&usual()), unknown_page(&usual()));

    assert_eq!((expired.status().as_u16(), unknown.status().as_u16()), (410, 404));
    assert!(body(expired).await.contains("href=\"/\""));
    assert!(body(unknown).await.contains("whole link"));
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let view = VerifyPage {
        token: HOSTILE,
        email: HOSTILE,
        made_from: HOSTILE,
        ..page(PasswordField::Asked)
    };
    let tenant = tenant(HOSTILE);

    for response in [
        verify_page(&view, &tenant),
        verified_page(&VerifiedPage { email: HOSTILE, already: true, continue_url: None }, &tenant),
        removed_page(HOSTILE, &tenant),
        left_alone_page(HOSTILE, Some(HOSTILE), &tenant),
    ] {
        let body = body(response).await;
        assert!(!body.contains("<script"), "{body}");
        assert!(!body.contains("alert('"), "{body}");
        assert!(!body.contains("\"><script"), "{body}");
    }
}

#[tokio::test]
async fn a_tenants_page_has_its_name_and_its_colour_and_not_ours() {
    let own = body(verify_page(&page(PasswordField::NotAsked), &tenant("Acme"))).await;
    let usual = body(verify_page(&page(PasswordField::NotAsked), &usual())).await;

    assert!(own.contains("Acme</title>") && own.contains("href=\"/accent/0b5fff.css\""));
    assert!(!own.contains("Afterclick"));
    assert!(usual.contains("Afterclick</title>") && !usual.contains("/accent/"));
}
