//! Sign-up, links, codes, and mails.

use super::{Bed, NOW, later, new_link};
use afterclick::model::{By, Effect, EndingCode, Languages};
use afterclick::store::{Confirmed, Denied, LinkState, Resent, StoreError, Tried};
use futures_util::future::join_all;
use std::time::Duration;

const ANA: &str = "ana@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_verifies_once_and_then_says_so() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;
        bed.told();

        let shown = bed.store.link(link.digest, NOW).await.unwrap().unwrap();
        assert_eq!((shown.state, shown.email.unwrap().as_str()), (LinkState::Pending, ANA));
        assert_eq!(bed.store.confirm(link.digest, None, later(1)).await.unwrap(), Confirmed::Now);
        assert_eq!(
            bed.store.confirm(link.digest, None, later(2)).await.unwrap(),
            Confirmed::Already
        );

        let user = bed.store.user(ana).await.unwrap().unwrap();
        assert_eq!((user.email_verified_at, user.cursor.version.0), (Some(later(1)), 2));
        let told = bed.told();
        assert!(
            matches!(&told[..], [Effect::Changed(_, change)] if change.user == user),
            "{told:?}"
        );
        let unknown = new_link(NOW).digest;
        assert_eq!(bed.store.confirm(unknown, None, NOW).await.unwrap(), Confirmed::Unknown);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s01_of_a_hundred_clicks_at_once_one_verifies() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;

        // Whoever found no connection within a second on a busy machine clicks again.
        let click = async || loop {
            match bed.store.confirm(link.digest, None, later(1)).await {
                Err(StoreError::Unavailable(_)) => {}
                done => return done.unwrap(),
            }
        };
        let outcomes: Vec<Confirmed> = join_all((0..100).map(|_| click())).await;

        let now = outcomes.iter().filter(|outcome| **outcome == Confirmed::Now).count();
        let already = outcomes.iter().filter(|outcome| **outcome == Confirmed::Already).count();
        assert_eq!((now, already, bed.version(&ana).await), (1, 99, 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_link_verifies_nothing() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;
        let day = later(24 * 3600);

        assert_eq!(bed.store.confirm(link.digest, None, day).await.unwrap(), Confirmed::Expired);
        assert_eq!(
            bed.store.deny(link.digest, By::link(None), day).await.unwrap(),
            Denied::Expired
        );

        assert_eq!(bed.version(&ana).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_to_be_verified_keeps_the_address_and_the_rival_goes() {
    for bed in Bed::both().await {
        let (thief, trap) = bed.sign_up(ANA, 1, "there", NOW).await;
        let (ana, own) = bed.sign_up(ANA, 2, "here", NOW).await;
        bed.told();

        for password in [None, Some([2; 32])] {
            let clicked = bed.store.confirm(trap.digest, password, later(1)).await.unwrap();
            assert_eq!(clicked, Confirmed::NeedsPassword);
        }
        assert!(bed.told().is_empty());
        let clicked = bed.store.confirm(own.digest, Some([2; 32]), later(1)).await.unwrap();

        assert_eq!((clicked, bed.version(&ana).await), (Confirmed::Now, 2));
        assert_eq!(bed.store.user(thief.clone()).await.unwrap(), None);
        let ended = bed.told().into_iter().any(|effect| {
            matches!(effect, Effect::Ended(ending) if ending.user == thief && ending.code == EndingCode::UserDeleted)
        });
        assert!(ended);
        assert_eq!(
            bed.store.confirm(trap.digest, None, later(2)).await.unwrap(),
            Confirmed::Already
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rivals_who_click_at_once_do_not_deadlock_and_one_wins() {
    for bed in Bed::both().await {
        let (one, first) = bed.sign_up(ANA, 1, "there", NOW).await;
        let (other, second) = bed.sign_up(ANA, 2, "here", NOW).await;

        let (first, second) = tokio::join!(
            bed.store.confirm(first.digest, Some([1; 32]), later(1)),
            bed.store.confirm(second.digest, Some([2; 32]), later(1)),
        );

        let mut outcomes = [first.unwrap(), second.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome == Confirmed::Already);
        assert_eq!(outcomes, [Confirmed::Now, Confirmed::Already]);
        let left = [bed.store.user(one).await.unwrap(), bed.store.user(other).await.unwrap()];
        assert_eq!(left.iter().flatten().count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_two_accounts_for_an_address_and_all_have_twenty() {
    for bed in Bed::both().await {
        let mut users = Vec::new();
        for (number, client) in [(1, "a"), (2, "a"), (3, "a")] {
            users.push(bed.sign_up(ANA, number, client, later(u64::from(number))).await.0);
        }
        assert_eq!(
            bed.store.user(users[0].clone()).await.unwrap(),
            None,
            "the idlest of this client went"
        );
        for number in 4..=30 {
            let client = format!("client {number}");
            users.push(bed.sign_up(ANA, number, &client, later(u64::from(number))).await.0);
        }

        let candidates = bed.store.candidates("default".to_owned(), ANA.to_owned()).await.unwrap();
        assert_eq!(candidates.len(), 20);
        assert!(candidates.iter().any(|one| one.user == users.last().unwrap().id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_with_somebody_elses_verified_address_is_gone_after_a_day() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;
        bed.store.confirm(link.digest, None, NOW).await.unwrap();
        let (decoy, unmailed) = bed.sign_up(ANA, 2, "there", later(10)).await;
        // Kept, so that the work is that of any sign-up; mailed to nobody, and good for nothing.
        let kept = bed.store.confirm(unmailed.digest, Some([2; 32]), later(10)).await.unwrap();
        assert_eq!(kept, Confirmed::Already);
        assert_eq!(bed.store.user(decoy.clone()).await.unwrap().unwrap().email_verified_at, None);
        let letters =
            bed.store.claim_letters(later(10), Duration::from_mins(1), 9).await.unwrap().letters;
        assert!(
            letters
                .iter()
                .any(|letter| letter.kind == "address_taken" && letter.token_id.is_none())
        );

        bed.store.prune(later(24 * 3600)).await.unwrap();
        assert!(bed.store.user(decoy.clone()).await.unwrap().is_some());
        bed.store.prune(later(24 * 3600 + 10)).await.unwrap();

        assert_eq!(bed.store.user(decoy).await.unwrap(), None);
        assert!(bed.store.user(ana).await.unwrap().unwrap().email_verified);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_wait_a_minute_and_are_five_an_hour() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up(ANA, 1, "here", NOW).await;
        let again = async |at| {
            bed.store.resend(ana.clone(), new_link(at), Languages::default(), at).await.unwrap()
        };

        assert_eq!(again(later(30)).await, Resent::Wait(Duration::from_secs(30)));
        for number in 1..5 {
            assert!(matches!(again(later(60 * number)).await, Resent::Sent(_)));
        }
        assert_eq!(again(later(300)).await, Resent::Wait(Duration::from_mins(55)));
        let letters =
            bed.store.claim_letters(later(300), Duration::from_mins(1), 99).await.unwrap().letters;
        assert_eq!(letters.len(), 5);
        let (other, _) = bed.sign_up(ANA, 2, "there", later(300)).await;
        assert!(bed.store.user(other).await.unwrap().is_some());
        let more =
            bed.store.claim_letters(later(300), Duration::from_mins(1), 99).await.unwrap().letters;
        assert!(more.is_empty(), "the address had its five: {more:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_account_goes_and_a_verified_one_stays() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;
        assert_eq!(
            bed.store.deny(link.digest, By::link(None), later(1)).await.unwrap(),
            Denied::Removed
        );
        assert_eq!(bed.store.user(ana).await.unwrap(), None);
        assert_eq!(
            bed.store.deny(link.digest, By::link(None), later(1)).await.unwrap(),
            Denied::Unknown
        );

        let (ana, link) = bed.sign_up(ANA, 1, "here", later(2)).await;
        bed.store.confirm(link.digest, None, later(3)).await.unwrap();
        assert_eq!(
            bed.store.deny(link.digest, By::link(None), later(4)).await.unwrap(),
            Denied::LeftAlone
        );
        assert_eq!(bed.version(&ana).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_wrong_codes_are_counted_however_many_come_at_once() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up(ANA, 1, "here", NOW).await;
        assert_eq!(bed.store.open_codes(ana.clone(), later(1)).await.unwrap(), [link.id]);

        let tries = (0..60).map(|_| bed.store.try_code(ana.clone(), None, later(1)));
        let told = join_all(tries).await.into_iter().map(Result::unwrap);

        assert_eq!(told.filter(|tried| matches!(tried, Tried::Wrong(_))).count(), 5);
        let right = bed.store.try_code(ana.clone(), Some(link.id), later(2)).await.unwrap();
        assert!(matches!(right, Tried::TooMany(_)), "{right:?}");
        let right = bed.store.try_code(ana.clone(), Some(link.id), later(1 + 900)).await.unwrap();
        assert_eq!(right, Tried::Right(Confirmed::Now));
        assert!(bed.store.open_codes(ana, later(900)).await.unwrap().is_empty());
    }
}
