use super::frame::{Page, headers, html};
use crate::model::Micros;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Serialize;
use uuid::Uuid;

/// How many mails the page shows; `inbox_json` gives all.
const SHOWN: usize = 50;

/// A mail of the development inbox, as `/dev/inbox.json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct InboxMail {
    /// Tells the page's script which mails it shows already.
    #[serde(skip)]
    pub id: Uuid,
    /// The recipient's whole address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The link in it, if there is one.
    pub link: Option<String>,
    /// The code in it, if there is one.
    pub code: Option<String>,
    /// When it was queued.
    pub at: Micros,
}

/// `GET /dev/inbox?to=`: the mails given, newest first; `to` is the filter as it was typed.
///
/// Complete without a script; with one it updates by itself.
pub fn inbox_page(mails: &[InboxMail], to: Option<&str>) -> HttpResponse {
    let shown = mails.get(..SHOWN).unwrap_or(mails);
    let to = to.unwrap_or_default();
    let (total, more) = (mails.len(), mails.len() > shown.len());
    html(StatusCode::OK, Page::Inbox, &Inbox { shown, total, more, to })
}

/// `GET /dev/inbox.json?to=`: the mails given, newest first.
pub fn inbox_json(mails: &[InboxMail]) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in headers(Page::Inbox) {
        response.insert_header(header);
    }
    response.json(mails)
}

#[derive(Template)]
#[template(path = "inbox.html", config = "src/http/pages/askama.toml")]
struct Inbox<'a> {
    shown: &'a [InboxMail],
    total: usize,
    more: bool,
    to: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    const HOSTILE: &str = "\"></iframe></pre><script>alert('1')</script>\u{2028}";

    fn mail(words: &str) -> InboxMail {
        InboxMail {
            id: Uuid::from_u128(1),
            to: words.into(),
            subject: words.into(),
            text: words.into(),
            html: words.into(),
            link: Some(words.into()),
            code: Some(words.into()),
            at: Micros(1_767_225_600_000_000),
        }
    }

    async fn body(response: HttpResponse) -> String {
        for (name, value) in headers(Page::Inbox) {
            assert_eq!(response.headers().get(&name).unwrap(), value);
        }
        String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn whatever_a_mail_holds_is_shown_and_not_run() {
        let page = body(inbox_page(&[mail(HOSTILE)], Some(HOSTILE))).await;

        assert!(!page.contains("<script>"), "{page}");
        assert!(!page.contains("</iframe></pre>"), "{page}");
        assert!(page.contains("sandbox=\"\""));
    }

    #[tokio::test]
    async fn the_json_is_as_the_contract_has_it() {
        let json: Value = serde_json::from_str(&body(inbox_json(&[mail("x")])).await).unwrap();

        let at = "2026-01-01T00:00:00.000Z";
        assert_eq!(
            json,
            json!([{"to": "x", "subject": "x", "text": "x", "html": "x", "link": "x", "code": "x", "at": at}])
        );
    }

    #[tokio::test]
    async fn an_empty_inbox_says_what_to_do() {
        let page = body(inbox_page(&[], None)).await;

        assert!(page.contains("No mail yet"));
    }

    #[tokio::test]
    async fn a_full_inbox_shows_the_newest_and_says_how_many_there_are() {
        let page = body(inbox_page(&vec![mail("x"); 51], None)).await;

        assert_eq!(page.matches("<article").count(), 50);
        assert!(page.contains("50 of 51"));
    }
}
