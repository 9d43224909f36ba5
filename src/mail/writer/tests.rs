use super::*;
use crate::model::TenantSetting;
use rstest::rstest;
use std::fs;
use std::path::Path;

const NOON: Micros = Micros(1_767_268_800_000_000);
const DAY: Duration = Duration::from_hours(24);

fn writer() -> Writer {
    writer_at("https://id.example.com/", None).unwrap()
}

fn writer_at(public_url: &str, folder: Option<&Path>) -> Result<Writer, BadTemplate> {
    let public_url = Url::parse(public_url).unwrap();
    let contact = Some("help@example.com".to_owned());
    let templates = Templates::load(folder)?;
    let mut acme = TenantSettings::default();
    acme.apply(TenantSetting::Product(Some("Acme & Pay".to_owned())));
    acme.apply(TenantSetting::Accent(Some("#0b5fff".parse().unwrap())));
    acme.apply(TenantSetting::MailFrom(Some("\"Acme\" <no-reply@acme.example>".to_owned())));
    acme.apply(TenantSetting::Contact(Some("help@acme.example".to_owned())));
    let acme = Arc::new(acme);
    let tenants =
        Arc::new(
            move |tenant: &TenantName| {
                if tenant.as_str() == "acme" { Arc::clone(&acme) } else { Arc::default() }
            },
        );
    let writer = Writer::new(ServerSecret::new(&[7; 32]), &public_url, contact, templates, tenants);
    writer.check().map(|()| writer)
}

fn letter(kind: LetterKind, to: &str) -> Letter {
    let linked = matches!(kind, LetterKind::Verify | LetterKind::PasswordReset);
    Letter {
        id: Uuid::from_u128(1),
        kind,
        tenant: TenantName::built_in(),
        to: EmailAddress::parse(to).unwrap(),
        token_id: linked.then(|| Uuid::from_u128(2)),
        languages: Languages::default(),
        made_at: NOON,
        expires_at: linked.then(|| NOON.after(DAY)),
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
        let writer = writer_at(public_url, None).unwrap();
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

#[rstest]
#[case(LetterKind::AddressTaken)]
#[case(LetterKind::PasswordChanged)]
#[case(LetterKind::AddressChanged)]
#[case(LetterKind::AccountDeleted)]
fn a_mail_that_tells_of_something_holds_no_key_to_the_account(#[case] kind: LetterKind) {
    let mail = writer().write(&letter(kind, "ana@example.com"), NOON).unwrap();

    assert_eq!((&mail.link, &mail.code), (&None, &None));
    for body in [&mail.text, &mail.html] {
        assert!(!body.contains("/verify/") && !body.contains("/reset/"), "{body}");
        assert!(body.contains("ana@example.com") && body.contains("1 January 2026, 12:00 UTC"));
    }
    let leads_on = matches!(kind, LetterKind::AddressTaken | LetterKind::PasswordChanged);
    assert_eq!(mail.text.lines().any(|line| line == "https://id.example.com/reset"), leads_on);
}

#[test]
fn a_forgotten_password_is_answered_with_a_link_of_its_own_kind() {
    let reset = letter(LetterKind::PasswordReset, "ana@example.com");

    let mail = writer().write(&reset, NOON).unwrap();

    let token = ServerSecret::new(&[7; 32]).reset(Uuid::from_u128(2).as_bytes());
    let link = format!("https://id.example.com/reset/{}", token.reveal());
    assert!(mail.text.lines().any(|line| line == link), "{}", mail.text);
    assert_eq!((mail.link, mail.code), (Some(link), None));
}

#[rstest]
#[case("de-AT,en;q=0.5", "Bestätigen Sie Ihre E-Mail-Adresse", "lang=\"de\"")]
#[case("fr, en;q=0.5", "Confirm your e-mail address", "lang=\"en\"")]
#[case("fr", "Confirm your e-mail address", "lang=\"en\"")]
fn a_mail_is_written_in_the_language_of_its_reader(
    #[case] languages: &str,
    #[case] subject: &str,
    #[case] tag: &str,
) {
    let mut letter = letter(LetterKind::Verify, "ana@example.com");
    letter.languages = Languages::presented(Some(languages));

    let mail = writer().write(&letter, NOON).unwrap();

    assert_eq!(mail.subject, subject);
    assert!(mail.html.contains(tag) && mail.html.contains(&format!("{subject}</h1>")));
    assert!(!mail.text.contains(subject), "the subject is not said twice");
}

#[test]
fn an_operator_replaces_one_template_and_adds_a_language() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["en", "fr"] {
        fs::create_dir(folder.path().join(language)).unwrap();
    }
    let french = "Confirmez votre adresse\n\n{{ link }} avant {{ link_end }}\n";
    fs::write(folder.path().join("fr/verify.txt"), french).unwrap();
    fs::write(folder.path().join("en/verify.html"), "<p>{{ to }} {{ link }}</p>").unwrap();
    let writer = writer_at("https://a.example", Some(folder.path())).unwrap();
    let mut letter = letter(LetterKind::Verify, "a&b@example.com");
    letter.languages = Languages::presented(Some("fr"));

    let mail = writer.write(&letter, NOON).unwrap();

    assert_eq!(mail.subject, "Confirmez votre adresse");
    assert!(mail.text.ends_with("avant 2026-01-02 12:00 UTC"), "{}", mail.text);
    assert!(mail.html.starts_with("<p>a&amp;b@example.com https:"), "{}", mail.html);
}

#[rstest]
#[case::misspelt("en/verify.html", "{{ lnik }}", "en/verify.html")]
#[case::broken("de/verify.txt", "{% if %}", "de/verify.txt")]
#[case::stray("en/welcome.html", "hello", "en/welcome.html")]
#[case::no_language("verify.txt", "hello", "verify.txt")]
fn a_template_that_cannot_be_used_is_named(
    #[case] file: &str,
    #[case] text: &str,
    #[case] named: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();

    let refused = writer_at("https://a.example", Some(folder.path())).unwrap_err().to_string();

    assert!(refused.contains(named), "{refused}");
}

#[test]
fn an_address_with_markup_shows_as_text() {
    let odd = "a&b'{{7*7}}`/x@example.com";

    let mail = writer().write(&letter(LetterKind::Verify, odd), NOON).unwrap();

    assert!(mail.text.contains(odd));
    assert!(mail.html.contains("a&amp;b&#39;{{7*7}}`/x@example.com"), "{}", mail.html);
}

#[test]
fn plain_text_fits_the_narrow_windows_it_is_read_in() {
    for language in ["en", "de"] {
        for kind in LetterKind::ALL {
            let mut letter = letter(kind, "ana@example.com");
            letter.languages = Languages::presented(Some(language));
            let mail = writer().write(&letter, NOON).unwrap();
            let long = |line: &&str| line.chars().count() > 76 && !line.starts_with("http");
            assert_eq!(mail.text.lines().find(long), None);
            assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
        }
    }
}

#[test]
fn a_tenants_mail_has_its_name_its_colour_and_its_sender_in_every_language() {
    let writer = writer();
    for language in ["en", "de"] {
        for kind in LetterKind::ALL {
            let languages = Languages::presented(Some(language));
            let letter = Letter { languages, ..letter(kind, "ana@example.com") };
            let usual = writer.write(&letter, NOON).unwrap();
            let tenant = "acme".parse().unwrap();
            let own = writer.write(&Letter { tenant, ..letter }, NOON).unwrap();

            assert_eq!(own.from.as_deref(), Some("\"Acme\" <no-reply@acme.example>"));
            assert!(own.text.contains("Acme & Pay"), "{}", own.text);
            assert!(own.html.contains("Acme &amp; Pay") && own.html.contains("#0b5fff"));
            assert!(own.text.contains("help@acme.example"));
            assert!(!own.html.contains("#0a6b4b") && !own.html.contains("help@example.com"));
            assert_eq!(own.link, usual.link);
            assert!(usual.html.contains("#0a6b4b") && usual.from.is_none());
            assert!(!usual.text.contains("Acme"));
        }
    }
}
