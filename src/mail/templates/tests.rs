use super::*;
use crate::model::TenantName;

const NOON: Micros = Micros(1_767_268_800_000_000);
const DAY: Duration = Duration::from_hours(24);

fn writer() -> Writer {
    let public_url = Url::parse("https://id.example.com/").unwrap();
    Writer::new(ServerSecret::new(&[7; 32]), &public_url)
}

fn letter(kind: LetterKind, to: &str) -> Letter {
    let verify = kind == LetterKind::Verify;
    Letter {
        id: Uuid::from_u128(1),
        kind,
        tenant: TenantName::built_in(),
        to: EmailAddress::parse(to).unwrap(),
        verification: verify.then(|| Uuid::from_u128(2)),
        made_at: NOON,
        expires_at: verify.then(|| NOON.after(DAY)),
        attempts: 0,
    }
}

#[test]
fn a_verification_mail_holds_the_link_alone_on_a_line_and_the_code() {
    let mail = writer().write(&letter(LetterKind::Verify, "ana@example.com"), NOON).unwrap();

    let secret = ServerSecret::new(&[7; 32]);
    let id = Uuid::from_u128(2);
    let link = format!("https://id.example.com/verify/{}", secret.link(id.as_bytes()).reveal());
    let code = secret.code(id.as_bytes()).reveal().to_owned();
    assert!(mail.text.lines().any(|line| line == link), "{}", mail.text);
    assert!(mail.text.lines().any(|line| line.trim() == code), "{}", mail.text);
    assert!(mail.text.contains("2 January 2026, 12:00 UTC"));
    assert!(mail.text.contains("1 January 2026, 12:15 UTC"));
    assert!(mail.html.contains(&format!("href=\"{link}\"")));
    assert!(mail.html.contains(&code));
    assert_eq!((mail.link, mail.code), (Some(link), Some(code)));
}

#[test]
fn links_begin_with_the_configured_url_with_or_without_a_slash_or_a_path() {
    for (public_url, begins) in [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/verify/"),
        ("https://a.example/", "https://a.example/verify/"),
        ("https://a.example/id/", "https://a.example/id/verify/"),
    ] {
        let public_url = Url::parse(public_url).unwrap();
        let writer = Writer::new(ServerSecret::new(&[7; 32]), &public_url);
        assert!(writer.link(Uuid::from_u128(2)).starts_with(begins), "{begins}");
    }
}

#[test]
fn a_code_that_expired_while_the_letter_waited_is_left_out() {
    let late = NOON.after(CODE_LIFETIME);

    let mail = writer().write(&letter(LetterKind::Verify, "ana@example.com"), late).unwrap();

    let id = Uuid::from_u128(2);
    let code = ServerSecret::new(&[7; 32]).code(id.as_bytes());
    assert_eq!(mail.code, None);
    assert!(!mail.text.contains(code.reveal()) && !mail.html.contains(code.reveal()));
    assert!(mail.link.is_some_and(|link| mail.text.contains(&link)));
}

#[test]
fn a_letter_whose_link_expired_in_the_queue_is_not_written() {
    let written = writer().write(&letter(LetterKind::Verify, "ana@example.com"), NOON.after(DAY));

    assert!(matches!(written, Err(Unwritable::Expired)));
}

#[test]
fn the_owner_of_a_taken_address_gets_no_link() {
    let taken = letter(LetterKind::AddressTaken, "ana@example.com");

    let mail = writer().write(&taken, NOON).unwrap();

    assert_eq!((&mail.link, &mail.code), (&None, &None));
    for body in [&mail.text, &mail.html] {
        assert!(!body.contains("http") && !body.contains("href") && !body.contains("/verify/"));
        assert!(body.contains("ana@example.com"));
    }
}

#[test]
fn an_address_with_markup_shows_as_text() {
    let odd = "a&b'{{7*7}}`/x@example.com";

    let mail = writer().write(&letter(LetterKind::Verify, odd), NOON).unwrap();

    assert!(mail.text.contains(odd));
    assert!(mail.html.contains("a&#38;b&#39;{{7*7}}`/x@example.com"), "{}", mail.html);
}

#[test]
fn plain_text_fits_the_narrow_windows_it_is_read_in() {
    for kind in [LetterKind::Verify, LetterKind::AddressTaken] {
        let mail = writer().write(&letter(kind, "ana@example.com"), NOON).unwrap();
        let long = |line: &&str| line.chars().count() > 76 && !line.starts_with("http");
        assert_eq!(mail.text.lines().find(long), None);
    }
}
