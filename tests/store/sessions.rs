//! Sessions, tickets, limits, keys, and letters.

use super::{Bed, NOW, later};
use afterclick::model::{
    By, Digest, Effect, EmailAddress, Ending, EndingCode, OpaqueToken, Scope, SessionId,
    TenantName, UserRef,
};
use afterclick::store::{Allowed, ApiKey, FirstSight, NewSession, Refreshed, Ticket};
use std::time::Duration;

const ANA: &str = "ana@example.com";

async fn session(bed: &Bed, user: &UserRef) -> (SessionId, Digest) {
    let (id, cookie) = (SessionId::draw(), OpaqueToken::draw().digest());
    let new = NewSession {
        user: user.clone(),
        id,
        cookie,
        password: [1; 32],
        user_agent: "a test".to_owned(),
        now: NOW,
        expires_at: later(1000),
    };
    assert!(bed.store.open_session(new).await.unwrap().is_some());
    (id, cookie)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_found_by_its_cookie_until_it_ends() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let (id, cookie) = session(&bed, &ana).await;

        assert_eq!(bed.store.session(cookie, later(1)).await.unwrap().unwrap().id, id);
        assert!(bed.store.session(cookie, later(1000)).await.unwrap().is_none());
        bed.store.touch(id, ana.clone(), later(1), later(2000)).await.unwrap();
        assert!(bed.store.session(cookie, later(1000)).await.unwrap().is_some());

        let code = EndingCode::SessionRevoked;
        let ending = Ending { user: ana.clone(), session: Some(id), code, at: later(2) };
        assert!(bed.store.end(ending.clone(), By::command_line()).await.unwrap());
        assert!(!bed.store.end(ending.clone(), By::command_line()).await.unwrap());
        assert!(bed.store.session(cookie, later(3)).await.unwrap().is_none());
        assert_eq!(bed.store.endings_since(later(1), 100).await.unwrap(), [ending]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_the_end_of_all_sessions_names_each_so_that_no_clock_matters() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let (phone, _) = session(&bed, &ana).await;
        let (laptop, cookie) = session(&bed, &ana).await;
        let code = EndingCode::SessionRevoked;
        let all = Ending { user: ana.clone(), session: None, code, at: later(2) };

        assert!(bed.store.end(all, By::command_line()).await.unwrap());

        let endings = bed.store.endings_since(later(1), 100).await.unwrap();
        let mut named: Vec<_> = endings.iter().map(|ending| ending.session).collect();
        named.sort();
        assert_eq!(named, [None, Some(phone), Some(laptop)]);
        assert!(bed.store.session(cookie, later(3)).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_spent_once_and_its_reuse_ends_the_session() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let (id, cookie) = session(&bed, &ana).await;
        let refresh = async |generation, at| {
            bed.store.refresh(id, generation, at, later(2000)).await.unwrap()
        };
        let is = |outcome: &Refreshed, expected: i64| matches!(outcome, Refreshed::Rotated(rotation) if rotation.generation == expected);

        assert!(is(&refresh(Some(1), later(1)).await, 2));
        assert!(is(&refresh(Some(1), later(11)).await, 2), "the answer may have been lost");
        assert!(is(&refresh(None, later(12)).await, 2), "the cookie spends nothing");
        assert!(matches!(refresh(Some(9), later(12)).await, Refreshed::Unknown));
        bed.told();
        assert!(matches!(refresh(Some(1), later(13)).await, Refreshed::Reused));

        assert!(matches!(&bed.told()[..], [Effect::Ended(ending)] if ending.session == Some(id)));
        assert!(matches!(refresh(Some(2), later(13)).await, Refreshed::Unknown));
        assert!(bed.store.session(cookie, later(13)).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_spent_once_and_in_time() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let ticket = Ticket {
            user: ana.clone(),
            signed_by: None,
            session: None,
            issued_at: NOW,
            until: Some(later(900)),
            expires_at: later(30),
        };
        let (good, late) = (OpaqueToken::draw().digest(), OpaqueToken::draw().digest());
        bed.store.add_ticket(good, ticket.clone()).await.unwrap();
        bed.store.add_ticket(late, ticket).await.unwrap();

        let spent = bed.store.spend_ticket(good, later(29)).await.unwrap().unwrap();
        assert_eq!((spent.user, spent.until), (ana, Some(later(900))));
        assert!(bed.store.spend_ticket(good, later(29)).await.unwrap().is_none());
        assert!(bed.store.spend_ticket(late, later(30)).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_taken_from_all_or_none() {
    for bed in Bed::both().await {
        let minute = Duration::from_mins(1);
        let take = async |names: &[&str], at| {
            let limits = names.iter().map(|name| ((*name).to_owned(), 2, minute)).collect();
            bed.store.take(limits, at).await.unwrap()
        };

        assert_eq!(take(&["a"], NOW).await, Allowed::Yes);
        assert_eq!(take(&["a"], NOW).await, Allowed::Yes);
        assert_eq!(take(&["b", "a"], NOW).await, Allowed::After(Duration::from_secs(30)));
        assert_eq!(take(&["b"], NOW).await, Allowed::Yes);
        assert_eq!(take(&["b"], NOW).await, Allowed::Yes, "what was refused was not counted");
        assert_eq!(take(&["a"], later(30)).await, Allowed::Yes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_good_until_it_is_revoked() {
    for bed in Bed::both().await {
        let by = By::command_line;
        let key = ApiKey {
            id: "k1".to_owned(),
            tenant: "acme".parse().unwrap(),
            name: "tests".to_owned(),
            digest: Digest::of(b"secret"),
            created_at: NOW,
            revoked_at: None,
            scopes: [Scope::Read].into_iter().collect(),
            used_at: None,
        };
        bed.store.add_key(key.clone(), by()).await.unwrap();

        assert_eq!(bed.store.key("k1".to_owned()).await.unwrap().unwrap().digest, key.digest);
        assert!(bed.store.revoke_key("k1".to_owned(), by(), later(1)).await.unwrap());
        assert!(!bed.store.revoke_key("k1".to_owned(), by(), later(1)).await.unwrap());
        assert!(bed.store.key("k1".to_owned()).await.unwrap().is_none());
        assert_eq!(bed.store.keys().await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_each_letter_goes_to_one() {
    for bed in Bed::both().await {
        for number in 0..10 {
            bed.sign_up(&format!("user{number}@example.com"), 1, "here", NOW).await;
        }
        let lease = Duration::from_mins(1);

        let (one, other) = tokio::join!(
            bed.store.claim_letters(NOW, lease, 8),
            bed.store.claim_letters(NOW, lease, 8)
        );
        let (one, other) = (one.unwrap().letters, other.unwrap().letters);
        let rest = bed.store.claim_letters(NOW, lease, 99).await.unwrap().letters;

        let mut ids: Vec<_> =
            one.iter().chain(&other).chain(&rest).map(|letter| letter.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), one.len() + other.len() + rest.len()), (10, 10));
        bed.store.remove_letter(ids[0]).await.unwrap();
        bed.store.put_off_letter(ids[1], later(5), "451".to_owned()).await.unwrap();
        let due = bed.store.claim_letters(later(5), lease, 99).await.unwrap().letters;
        assert!(due.len() == 1 && due[0].attempts == 1, "{due:?}");
        assert_eq!(bed.store.claim_letters(later(65), lease, 99).await.unwrap().letters.len(), 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuers_word_verifies_and_a_brought_rival_loses_only_the_address() {
    for bed in Bed::both().await {
        let email = Some(EmailAddress::parse(ANA).unwrap());
        let sight = |id: &str, email_verified| FirstSight {
            user: UserRef { tenant: TenantName::built_in(), id: id.parse().unwrap() },
            email: email.clone(),
            email_verified,
            salt: [1; 16],
            now: later(1),
        };
        let (signed_up, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let rival = bed.store.first_sight(sight("app:1", false)).await.unwrap();
        assert_eq!((rival.email.as_deref(), rival.email_verified), (Some(ANA), false));

        let first = bed.store.first_sight(sight("app:2", true)).await.unwrap();

        assert!(first.email_verified);
        assert_eq!(bed.store.user(signed_up).await.unwrap(), None);
        let rival = bed.store.user(sight("app:1", false).user).await.unwrap().unwrap();
        assert_eq!((rival.email, rival.cursor.version.0), (None, 2));
        let third = bed.store.first_sight(sight("app:3", true)).await.unwrap();
        assert_eq!((third.email, third.email_verified), (None, false));
        assert_eq!(bed.store.first_sight(sight("app:2", false)).await.unwrap(), first);
    }
}
