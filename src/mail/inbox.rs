use super::{Mail, Transport, Undelivered};
use crate::model::EmailAddress;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many mails are kept; beyond it the oldest goes.
const CAPACITY: usize = 1_000;

/// The development transport: keeps the latest thousand mails in memory, for `/dev/inbox`.
///
/// In memory on purpose: links and codes are written to no file, and are gone with the process.
#[derive(Debug, Default)]
pub struct Inbox {
    mails: Mutex<VecDeque<Arc<Mail>>>,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The mails to `to`, or to anybody, newest first. Addresses are compared by their key.
    pub fn list(&self, to: Option<&EmailAddress>) -> Vec<Arc<Mail>> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |mail: &&Arc<Mail>| to.is_none_or(|to| mail.to.key() == to.key());
        mails.iter().rev().filter(wanted).cloned().collect()
    }

    fn keep(&self, mail: Arc<Mail>) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() == CAPACITY {
            mails.pop_front();
        }
        mails.push_back(mail);
    }
}

impl Transport for Inbox {
    fn deliver(&self, mail: Arc<Mail>) -> BoxFuture<'static, Result<(), Undelivered>> {
        self.keep(mail);
        ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Micros;
    use uuid::Uuid;

    fn mail(to: &str, at: i64) -> Arc<Mail> {
        Arc::new(Mail {
            id: Uuid::now_v7(),
            to: EmailAddress::parse(to).unwrap(),
            from: None,
            subject: "Hello".into(),
            text: String::new(),
            html: String::new(),
            link: None,
            code: None,
            at: Micros(at),
        })
    }

    #[test]
    fn the_newest_mail_comes_first_and_the_oldest_goes() {
        let inbox = Inbox::new();

        for at in 0..1_003 {
            inbox.keep(mail("ana@example.com", at));
        }

        let kept = inbox.list(None);
        assert_eq!(kept.len(), CAPACITY);
        assert_eq!((kept[0].at, kept[999].at), (Micros(1_002), Micros(3)));
    }

    #[test]
    fn a_mail_is_found_by_any_spelling_of_its_address() {
        let inbox = Inbox::new();

        inbox.keep(mail("Ana@Example.COM", 1));
        inbox.keep(mail("ben@example.com", 2));

        let ana = EmailAddress::parse("ana@example.com").unwrap();
        let found = inbox.list(Some(&ana));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].at, Micros(1));
    }
}
