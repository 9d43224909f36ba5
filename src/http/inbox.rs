//! The development inbox: the mails that would have been sent.

use super::problem::Problem;
use super::services::Services;
use super::{pages, query};
use crate::http::pages::InboxMail;
use crate::model::EmailAddress;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The longest `wait`, in seconds, as a poll's.
const LONGEST_WAIT: u64 = 30;

/// Between two looks for the mail that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// `GET /dev/inbox`: the mails as a page.
pub(super) async fn page(
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (mails, to) = mails(&services, &request)?;
    Ok(pages::inbox_page(&mails, to.as_deref()))
}

/// `GET /dev/inbox.json`: the mails for programs, `wait` seconds later where there is none before. A
/// mail is made after the answer to whoever caused it, so a script that asks at once is too early.
pub(super) async fn list(
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let wait = query::number(request.head(), "wait", &(0..=LONGEST_WAIT))?.unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(wait);
    loop {
        let (mails, _) = mails(&services, &request)?;
        let over = Instant::now() >= until || services.feed.draining().is_some();
        if over || !mails.is_empty() {
            return Ok(pages::inbox_json(&mails));
        }
        sleep(LOOK).await;
    }
}

fn mails(
    services: &Services,
    request: &HttpRequest,
) -> Result<(Vec<InboxMail>, Option<String>), Problem> {
    let inbox = services.inbox.as_ref();
    let inbox = inbox.ok_or_else(|| Problem::not_found("mails are sent, and not kept here"))?;
    let to = query::value(request.head(), "to").filter(|to| !to.is_empty());
    let mails = match to.as_deref().map(EmailAddress::parse) {
        None => inbox(None),
        Some(Ok(address)) => inbox(Some(&address)),
        Some(Err(_)) => Vec::new(),
    };
    Ok((mails, to))
}
