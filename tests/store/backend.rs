//! What a backend says of its users: one version of what differs, and an address for one of them.

use super::{Bed, NOW, later, new_link};
use afterclick::model::{
    By, ChangeType, Document, Effect, EmailAddress, EndingCode, Languages, Micros, Precondition,
    TenantName, UserRef,
};
use afterclick::store::{
    Confirmed, Deleted, FirstSight, Issued, NewEvent, NewSession, Page, Published, Put, PutUser,
    Tried, WantedLink,
};
use futures_util::future::{join_all, join3};
use serde_json::{Value, json};
use std::time::Duration;

/// The user of this id.
fn named(id: &str) -> UserRef {
    UserRef { tenant: TenantName::built_in(), id: id.parse().unwrap() }
}

/// What a PUT with this body asks for.
fn said(user: &UserRef, body: &Value, now: Micros) -> PutUser {
    let document = |name| {
        let members = body.get(name).and_then(Value::as_object);
        members.map(|members| Document::new(members).unwrap())
    };
    let email = |email: &Value| email.as_str().map(|email| EmailAddress::parse(email).unwrap());
    PutUser {
        user: user.clone(),
        email: body.get("email").map(email),
        email_verified: body.get("email_verified").and_then(Value::as_bool),
        attributes: document("attributes"),
        kyc: document("kyc"),
        precondition: Precondition::Nothing,
        once: None,
        languages: Languages::default(),
        salt: [2; 16],
        by: By::command_line(),
        now,
    }
}

async fn put(bed: &Bed, user: &UserRef, body: &Value, now: Micros) -> Put {
    bed.store.put_user(said(user, body, now)).await.unwrap()
}

/// The types of the user's changes, oldest first.
async fn history(bed: &Bed, user: &UserRef) -> Vec<String> {
    match bed.store.history(user.clone(), None, 100).await.unwrap().unwrap() {
        Page::Changes(changes, _) => {
            changes.iter().map(|change| change.kind.as_str().to_owned()).collect()
        }
        Page::Gone => panic!("the history is gone"),
    }
}

async fn link(bed: &Bed, user: &UserRef, now: Micros) -> afterclick::store::NewLink {
    let link = new_link(now);
    let wanted = WantedLink {
        user: user.clone(),
        link,
        deliver: false,
        once: None,
        languages: Languages::default(),
        by: By::command_line(),
        now,
    };
    let issued = bed.store.issue_link(wanted).await.unwrap();
    assert_eq!(issued, Issued::Done(link.id, link.expires_at));
    link
}

/// Whom letters wait for, and what they say, in the order of their queueing.
async fn letters(bed: &Bed) -> Vec<(String, String)> {
    let letters = bed.store.letters(100).await.unwrap();
    letters.into_iter().map(|one| (one.to.as_str().to_owned(), one.kind)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_gets_one_version_of_what_differs_and_none_of_what_does_not() {
    for bed in Bed::both().await {
        let ana = named("ana");
        let first = json!({ "email": "ana@example.com", "kyc": { "a": [{ "b": 1, "c": 2 }] } });

        let made = put(&bed, &ana, &first, NOW).await;
        bed.told();
        put(&bed, &ana, &first, later(1)).await;
        put(&bed, &ana, &json!({}), later(1)).await;
        put(&bed, &ana, &json!({ "kyc": { "a": [{ "c": 2, "b": 1 }] } }), later(1)).await;
        put(&bed, &ana, &json!({ "email_verified": false }), later(1)).await;

        assert!(matches!(made, Put::Done { created: true, .. }));
        assert!(bed.told().is_empty());
        assert_eq!(bed.version(&ana).await, 1);
        for (body, kind) in [
            (json!({ "email": "Ana@Example.com" }), "user.updated"),
            (json!({ "kyc": { "a": null } }), "kyc.updated"),
            (json!({ "kyc": { "b": 1 }, "attributes": { "x": 1 } }), "user.updated"),
            (json!({ "email_verified": true, "kyc": { "b": 2 } }), "email.verified"),
            (json!({ "email_verified": false }), "user.updated"),
            (json!({ "email": "ana@two.example", "email_verified": true }), "email.changed"),
            (json!({ "email": null, "attributes": { "x": null } }), "email.changed"),
        ] {
            let done = put(&bed, &ana, &body, later(2)).await;
            assert!(matches!(done, Put::Done { created: false, .. }), "{body}");
            assert_eq!(history(&bed, &ana).await.last().unwrap(), kind, "{body}");
        }
        assert_eq!(bed.version(&ana).await, 8);
        let large = json!({ "kyc": { "x": "x".repeat(9_000) } });
        put(&bed, &ana, &large, later(3)).await;
        let large = json!({ "kyc": { "y": "y".repeat(9_000) }, "attributes": { "z": 1 } });
        assert!(matches!(put(&bed, &ana, &large, later(3)).await, Put::TooLarge));
        let verified = json!({ "email_verified": true, "attributes": { "z": 1 } });
        assert!(matches!(put(&bed, &ana, &verified, later(3)).await, Put::NoAddress));
        assert_eq!(bed.version(&ana).await, 9, "all of a call or nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_are_told_to_come_first_at_once_make_one_user() {
    for bed in Bed::both().await {
        let ana = named("ana");
        let bodies: Vec<Value> = (0..6)
            .map(|n| {
                let email = format!("ana{}@example.com", n % 3);
                json!({ "email": email, "attributes": { format!("m{n}"): n } })
            })
            .collect();

        let puts = join_all(bodies.iter().map(|body| put(&bed, &ana, body, NOW))).await;

        let made = puts.iter().filter(|put| matches!(put, Put::Done { created: true, .. }));
        assert_eq!(made.count(), 1);
        let user = bed.store.user(ana.clone()).await.unwrap().unwrap();
        assert_eq!(user.attributes.members().len(), 6, "nobody's word is lost");
        assert_eq!(user.cursor.version.0, 6);
        assert_eq!(history(&bed, &ana).await.len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_met_and_told_of_at_once_is_one_user() {
    for bed in Bed::both().await {
        let ana = named("ana");
        let sight = FirstSight {
            user: ana.clone(),
            email: Some(EmailAddress::parse("ana@example.com").unwrap()),
            email_verified: true,
            salt: [3; 16],
            now: NOW,
        };
        let word = json!({ "kyc": { "x": 1 } });

        let (met, told) = futures_util::join!(
            join_all((0..6).map(|_| bed.store.first_sight(sight.clone()))),
            put(&bed, &ana, &word, NOW),
        );

        assert!(met.iter().all(Result::is_ok), "{met:?}");
        assert!(matches!(told, Put::Done { .. }));
        let user = bed.store.user(ana.clone()).await.unwrap().unwrap();
        assert_eq!(user.kyc.members()["x"], 1);
        assert_eq!(bed.count("users", "1 = 1").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_verified_for_one_user_whoever_says_so_at_once() {
    for bed in Bed::both().await {
        let (rival, theirs) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let users: Vec<UserRef> = (0..6).map(|n| named(&format!("user{n}"))).collect();
        for user in &users {
            put(&bed, user, &json!({ "email": "ANA@example.com" }), NOW).await;
        }

        let body = json!({ "email_verified": true });
        let (puts, click, named_again) = join3(
            join_all(users.iter().map(|user| put(&bed, user, &body, later(60)))),
            bed.store.confirm(theirs.digest, None, later(60)),
            put(&bed, &users[0], &json!({ "kyc": { "x": 1 } }), later(60)),
        )
        .await;

        // Whose address was taken before their turn came are told so, or that they have none.
        let done = puts.iter().filter(|put| matches!(put, Put::Done { .. })).count();
        let clicked = usize::from(click.unwrap() == Confirmed::Now);
        assert_eq!(done + clicked, 1, "{puts:?}");
        assert!(matches!(named_again, Put::Done { .. }));
        let mut verified = 0;
        for user in users.iter().chain([&rival]) {
            let Some(user) = bed.store.user(user.clone()).await.unwrap() else { continue };
            assert_eq!(user.email.is_some(), user.email_verified);
            verified += usize::from(user.email_verified);
        }
        assert_eq!(verified, 1);
        let late = json!({ "email": "ana@EXAMPLE.com" });
        assert!(matches!(put(&bed, &named("late"), &late, later(61)).await, Put::Taken));
        assert_eq!(bed.store.user(named("late")).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_another_address_is_unverified_and_what_was_mailed_before_is_worth_nothing() {
    for bed in Bed::both().await {
        let (ana, spent) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        bed.store.confirm(spent.digest, None, later(1)).await.unwrap();
        bed.store.claim_letters(later(1), Duration::from_secs(1), 9).await.unwrap();
        let waiting = link_in_another_mail(&bed, &ana).await;

        put(&bed, &ana, &json!({ "email": "ana@two.example" }), later(3)).await;

        let user = bed.store.user(ana.clone()).await.unwrap().unwrap();
        assert_eq!((user.email.as_deref(), user.email_verified), (Some("ana@two.example"), false));
        let told = ("ana@example.com".to_owned(), "address_changed".to_owned());
        assert_eq!(letters(&bed).await, [told], "the old address is told, and links do not leave");
        for old in [spent, waiting] {
            let clicked = bed.store.confirm(old.digest, None, later(4)).await.unwrap();
            assert_eq!(clicked, Confirmed::Unknown);
        }
        let typed = bed.store.try_code(ana.clone(), Some(waiting.id), later(4)).await.unwrap();
        assert_eq!(typed, Tried::Wrong(4));
        let fresh = link(&bed, &ana, later(5)).await;
        put(&bed, &ana, &json!({ "email": "ana@example.com" }), later(6)).await;
        for old in [spent, waiting, fresh] {
            let clicked = bed.store.confirm(old.digest, None, later(7)).await.unwrap();
            assert_eq!(clicked, Confirmed::Unknown, "back at its address it is unverified too");
        }
        assert_eq!(letters(&bed).await.len(), 1, "an address nobody verified is told nothing");
        let other = json!({ "email": "ana@two.example", "email_verified": true });
        let free = put(&bed, &named("bob"), &other, later(8)).await;
        assert!(matches!(free, Put::Done { created: true, .. }), "the address is free again");
        bed.store.confirm(link(&bed, &ana, later(9)).await.digest, None, later(9)).await.unwrap();
        put(&bed, &ana, &json!({ "email_verified": false }), later(10)).await;
        put(&bed, &ana, &json!({ "email_verified": true }), later(11)).await;
        assert!(bed.store.user(ana).await.unwrap().unwrap().email_verified);
    }
}

/// The link in a mail that waits: a backend had the address unverified, and had it mailed again.
async fn link_in_another_mail(bed: &Bed, user: &UserRef) -> afterclick::store::NewLink {
    put(bed, user, &json!({ "email_verified": false }), later(2)).await;
    let link = link(bed, user, later(2)).await;
    let deliver = WantedLink {
        user: user.clone(),
        link: new_link(later(120)),
        deliver: true,
        once: None,
        languages: Languages::default(),
        by: By::command_line(),
        now: later(120),
    };
    let mailed = bed.store.issue_link(deliver.clone()).await.unwrap();
    assert_eq!(mailed, Issued::Done(deliver.link.id, deliver.link.expires_at));
    put(bed, user, &json!({ "email_verified": true }), later(2)).await;
    link
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_keeps_its_salt_wherever_its_account_goes() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let salt = async |user: &UserRef| bed.store.password_salt(user.clone()).await.unwrap();
        let of_address = async |address: &str| {
            bed.store.salt(TenantName::built_in(), address.to_owned()).await.unwrap()
        };
        put(&bed, &named("bob"), &json!({ "email": "ana@two.example" }), NOW).await;
        assert_eq!(of_address("ana@two.example").await, Some([2; 16]));

        put(&bed, &ana, &json!({ "email": "ana@two.example" }), later(1)).await;
        let taken_over = of_address("ana@two.example").await;
        let (rival, _) = bed.sign_up("ana@three.example", 1, "here", NOW).await;
        put(&bed, &named("eve"), &json!({ "email": "ana@three.example" }), NOW).await;
        put(&bed, &ana, &json!({ "email": null }), later(2)).await;
        put(&bed, &ana, &json!({ "email": "ana@three.example" }), later(3)).await;

        assert_eq!(taken_over, Some([1; 16]), "nobody there had a password");
        assert_eq!((salt(&ana).await, salt(&rival).await), (Some([1; 16]), Some([1; 16])));
        assert_eq!(salt(&named("bob")).await, None);
        let verified = json!({ "email_verified": true });
        put(&bed, &named("eve"), &verified, later(4)).await;
        let lost = bed.store.user(ana.clone()).await.unwrap().unwrap();
        assert_eq!(lost.email, None, "its backend's account stays, without the address");
        assert_eq!(bed.store.user(rival).await.unwrap(), None);
        put(&bed, &ana, &json!({ "email": "ana@four.example" }), later(5)).await;
        assert_eq!(salt(&ana).await, Some([1; 16]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_user_leaves_nothing_behind() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let session = NewSession {
            user: ana.clone(),
            id: afterclick::model::SessionId::draw(),
            cookie: afterclick::model::OpaqueToken::draw().digest(),
            password: [1; 32],
            user_agent: String::new(),
            now: NOW,
            expires_at: later(9999),
        };
        bed.store.open_session(session).await.unwrap().unwrap();
        bed.store.try_code(ana.clone(), None, later(1)).await.unwrap();
        let ticket = afterclick::store::Ticket {
            user: ana.clone(),
            session: None,
            issued_at: NOW,
            signed_by: None,
            until: None,
            expires_at: later(30),
        };
        let digest = afterclick::model::OpaqueToken::draw().digest();
        bed.store.add_ticket(digest, ticket).await.unwrap();
        put(&bed, &ana, &json!({ "email_verified": true }), later(1)).await;
        reset(&bed).await;
        let once = super::idempotency::once("k", &ana, "x");
        let keyed = PutUser { once: Some(once), ..said(&ana, &json!({ "kyc": { "x": 1 } }), NOW) };
        bed.store.put_user(keyed).await.unwrap();
        let (kind, data) = (ChangeType::published("a.b").unwrap(), Document::empty());
        let cursor = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;
        let stale = Precondition::At(vec!["aaaaaaaa.1".parse().unwrap()]);
        bed.told();

        let refused =
            bed.store.delete_user(ana.clone(), stale, By::command_line(), later(2)).await.unwrap();
        let event = || NewEvent::new(ana.clone(), kind.clone(), data.clone());
        let publish = || bed.store.publish(event(), later(2));
        let (published, deleted) = futures_util::join!(
            join_all((0..10).map(|_| publish())),
            bed.store.delete_user(ana.clone(), Precondition::Exists, By::command_line(), later(2)),
        );
        let again = bed
            .store
            .delete_user(ana.clone(), Precondition::Nothing, By::command_line(), later(2))
            .await;

        assert_eq!((refused, deleted.unwrap()), (Deleted::Stale, Deleted::Done));
        assert_eq!(again.unwrap(), Deleted::Unknown);
        assert!(published.iter().all(Result::is_ok), "{published:?}");
        for (table, condition) in [
            ("users", "1 = 1"),
            ("changes", "1 = 1"),
            ("sessions", "1 = 1"),
            ("tickets", "1 = 1"),
            ("verifications", "1 = 1"),
            ("code_tries", "1 = 1"),
            ("password_resets", "1 = 1"),
            ("letters", "1 = 1"),
            ("idempotency_keys", "1 = 1"),
            ("addresses", "verified_user IS NOT NULL"),
        ] {
            assert_eq!(bed.count(table, condition).await, 0, "{table}");
        }
        let ended = bed.told().into_iter().filter_map(|effect| match effect {
            Effect::Ended(ending) => Some((ending.user, ending.code)),
            _ => None,
        });
        assert_eq!(ended.collect::<Vec<_>>(), [(ana.clone(), EndingCode::UserDeleted)]);
        let made = put(&bed, &ana, &json!({ "email": "ana@example.com" }), later(3)).await;
        let Put::Done { created: true, user } = made else { panic!("{made:?}") };
        assert_ne!(user.cursor.epoch, cursor.epoch, "another history under the same name");
        for version in 2..20 {
            let Published::Done(change) = publish().await.unwrap() else { panic!("{version}") };
            assert_eq!(change.cursor.version.0, version);
        }
    }
}

/// Somebody forgets the password; the letter is taken up by the mail worker.
async fn reset(bed: &Bed) {
    let id = uuid::Uuid::now_v7();
    let new = afterclick::store::NewReset {
        tenant: TenantName::built_in(),
        email: EmailAddress::parse("ana@example.com").unwrap(),
        id,
        digest: afterclick::model::OpaqueToken::draw().digest(),
        languages: Languages::default(),
        now: later(1),
        expires_at: later(3600),
    };
    bed.store.ask_reset(new).await.unwrap();
    bed.store.claim_letters(later(1), Duration::from_secs(1), 9).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_listed_page_by_page_and_found_by_address() {
    for bed in Bed::both().await {
        let acme: TenantName = "acme".parse().unwrap();
        for number in 0..7 {
            let user = named(&format!("u{number}"));
            put(&bed, &user, &json!({ "email": "Ana@example.com" }), NOW).await;
            put(&bed, &UserRef { tenant: acme.clone(), ..user }, &json!({}), NOW).await;
        }
        let list = async |tenant: &TenantName, email: Option<&str>, after: Option<&str>| {
            let email = email.map(|email| EmailAddress::parse(email).unwrap());
            let after = after.map(|after| after.parse().unwrap());
            let users = bed.store.users(tenant.clone(), email, after, 3).await.unwrap();
            users.into_iter().map(|user| user.id).collect::<Vec<_>>()
        };

        for email in [None, Some(" ana@EXAMPLE.com")] {
            let tenant = TenantName::built_in();
            assert_eq!(list(&tenant, email, None).await, ["u0", "u1", "u2"]);
            assert_eq!(list(&tenant, email, Some("u2")).await, ["u3", "u4", "u5"]);
            assert_eq!(list(&tenant, email, Some("u5")).await, ["u6"]);
            assert_eq!(list(&tenant, email, Some("u6")).await, [""; 0]);
        }
        assert_eq!(list(&acme, Some("ana@example.com"), None).await, [""; 0]);
        assert_eq!(list(&acme, None, Some("u50")).await, ["u6"]);
    }
}
