use super::Mail;
use crate::model::{EmailAddress, Micros};
use lettre::Message;
use lettre::address::AddressError;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The text is not a sender such as `Afterclick <no-reply@example.com>`.
#[derive(Debug, thiserror::Error)]
#[error("a sender looks like Name <name@example.com>")]
pub struct BadSender(#[source] AddressError);

/// Whom our mails come from: a name and an address.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads `Name <name@example.com>`, or an address alone.
    ///
    /// # Errors
    ///
    /// [`BadSender`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, BadSender> {
        text.parse().map(Self).map_err(BadSender)
    }
}

/// A mail in MIME: plain text and HTML as alternatives, one recipient, no header from outside.
///
/// Every header value is encoded by lettre, and the only one that comes from a person is the
/// address, which [`EmailAddress`] has checked; so no line break can get into the head.
///
/// # Errors
///
/// Where lettre refuses the recipient, which no later try changes.
pub(super) fn compose(
    mail: &Mail,
    sender: &Sender,
) -> Result<Message, Box<dyn Error + Send + Sync>> {
    // Checked when it was set; mail that nobody sends is worse than mail from the service's own.
    let own = mail.from.as_deref().and_then(|text| Sender::parse(text).ok());
    let sender = own.as_ref().unwrap_or(sender);
    let message = Message::builder()
        .from(sender.0.clone())
        .to(recipient(&mail.to)?)
        .subject(mail.subject.as_str())
        .message_id(Some(format!("<{}@{}>", mail.id, sender.0.email.domain())))
        .date(system_time(mail.at))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
    Ok(message)
}

/// The local part as typed, and the domain in punycode, which every mail server understands.
fn recipient(to: &EmailAddress) -> Result<Mailbox, AddressError> {
    let local = to.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let domain = to.key().rsplit_once('@').map_or("", |(_, domain)| domain);
    Ok(Mailbox::new(None, lettre::Address::new(local, domain)?))
}

fn system_time(at: Micros) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0))
}

/// Keeps holiday notices and other robots from answering (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn composed(to: &str, sender: &str) -> String {
        composed_from(to, sender, None)
    }

    fn composed_from(to: &str, sender: &str, from: Option<&str>) -> String {
        let mail = Mail {
            id: Uuid::from_u128(7),
            to: EmailAddress::parse(to).unwrap(),
            from: from.map(str::to_owned),
            subject: "Confirm your e-mail address".into(),
            text: "Grüße\r\n.\r\nBcc: x@example.com".into(),
            html: "<p>Grüße</p>".into(),
            link: None,
            code: None,
            at: Micros(1_767_225_600_000_000),
        };
        let message = compose(&mail, &Sender::parse(sender).unwrap()).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn names(eml: &str) -> Vec<&str> {
        let (head, _) = eml.split_once("\r\n\r\n").unwrap();
        let own = |line: &&str| !line.starts_with([' ', '\t']);
        head.split("\r\n").filter(own).filter_map(|line| Some(line.split_once(':')?.0)).collect()
    }

    #[test]
    fn a_mail_has_our_headers_and_no_other() {
        let eml = composed("ana@example.com", "Afterclick <no-reply@localhost>");

        assert_eq!(
            names(&eml),
            [
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Date",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type"
            ]
        );
        assert!(eml.contains("\r\nTo: ana@example.com\r\n"), "{eml}");
        assert!(
            eml.contains("\r\nMessage-ID: <00000000-0000-0000-0000-000000000007@localhost>\r\n")
        );
        assert!(eml.contains("\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"));
        assert!(eml.contains("Content-Type: multipart/alternative;"));
    }

    #[test]
    fn odd_addresses_and_senders_stay_in_their_headers() {
        for to in
            ["o'brien+a&b@example.com", "ana@BÜCHER.example", "用户@例え.jp", "a=?utf-8?q?@b.cd"]
        {
            for sender in
                ["\"A, B; <C>\" <no-reply@localhost>", "Größe <a@b.example>", "a@b.example"]
            {
                let eml = composed(to, sender);
                assert_eq!(names(&eml).len(), 8, "{eml}");
                assert_eq!(eml.matches("\r\nTo: ").count(), 1, "{eml}");
            }
        }
        assert!(
            composed("ana@BÜCHER.example", "a@b.example").contains("ana@xn--bcher-kva.example")
        );
    }

    proptest! {
        #[test]
        fn an_address_that_is_taken_can_be_mailed(local in "\\PC{1,8}") {
            if let Ok(address) = EmailAddress::parse(&format!("{local}@example.com")) {
                prop_assert!(recipient(&address).is_ok(), "{local:?}");
            }
        }
    }

    #[test]
    fn a_tenants_mail_comes_from_its_own_sender_or_where_that_is_broken_from_ours() {
        let ours = "Afterclick <no-reply@localhost>";
        let own = composed_from("ana@example.com", ours, Some("\"Acme\" <a@acme.example>"));
        assert!(own.contains("From: Acme <a@acme.example>\r\n"), "{own}");
        assert!(own.contains("@acme.example>\r\nDate: "), "{own}");

        for broken in ["", "Acme", "A\r\nBcc: x <a@b.example>"] {
            let usual = composed_from("ana@example.com", ours, Some(broken));
            assert!(usual.contains("From: Afterclick <no-reply@localhost>\r\n"), "{usual}");
        }
    }

    #[test]
    fn what_is_not_a_sender_is_refused() {
        for bad in ["", "Afterclick", "a@b\r\nBcc: c@d.example", "A\r\nBcc: x <a@b.example>"] {
            assert!(Sender::parse(bad).is_err(), "{bad:?}");
        }
    }
}
