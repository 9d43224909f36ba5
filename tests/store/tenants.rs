//! Keys, tenants, and the record of what is done to them.

use super::{Bed, NOW, later};
use afterclick::model::{
    Act, Actor, By, Deed, Digest, Ending, EndingCode, Micros, Scope, Scopes, TenantName,
    TenantSetting, TenantSettings,
};
use afterclick::store::{ApiKey, Recorded};
use std::time::Duration;

fn key(id: &str, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        tenant: acme(),
        name: "tests".to_owned(),
        digest: Digest::of(b"secret"),
        created_at: NOW,
        revoked_at: None,
        scopes: scopes.iter().copied().collect(),
        used_at: None,
    }
}

fn acme() -> TenantName {
    "acme".parse().unwrap()
}

async fn acts(bed: &Bed) -> Vec<(String, String, Option<String>)> {
    let acts = bed.store.acts(None, Micros(0), None, 100).await.unwrap();
    acts.into_iter().map(|act| (act.actor, act.deed, act.subject)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_a_key_is_written_down_to_the_minute() {
    for bed in Bed::both().await {
        bed.store.add_key(key("k1", &[Scope::Read]), By::command_line()).await.unwrap();
        let used = async || bed.store.key("k1".to_owned()).await.unwrap().unwrap().used_at;
        assert_eq!(used().await, None);

        for (at, known) in [(1, 1), (30, 1), (60, 1), (61, 61), (62, 61)] {
            bed.store.touch_key("k1".to_owned(), later(at)).await.unwrap();
            assert_eq!(used().await, Some(later(known)), "after {at} s");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_keeps_its_scopes() {
    for bed in Bed::both().await {
        for (id, scopes) in
            [("k1", &[][..]), ("k2", &[Scope::Admin, Scope::Read]), ("k3", &Scope::ALL)]
        {
            bed.store.add_key(key(id, scopes), By::command_line()).await.unwrap();

            let kept = bed.store.key(id.to_owned()).await.unwrap().unwrap().scopes;
            assert_eq!(kept, scopes.iter().copied().collect::<Scopes>());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_made_once_and_changed_a_setting_at_a_time() {
    for bed in Bed::both().await {
        let by = By::command_line;
        let product = |name: &str| TenantSetting::Product(Some(name.to_owned()));
        let mut settings = TenantSettings::default();
        settings.apply(product("Acme"));

        assert!(bed.store.add_tenant(acme(), settings.clone(), by(), NOW).await.unwrap());
        assert!(!bed.store.add_tenant(acme(), TenantSettings::default(), by(), NOW).await.unwrap());
        let changes = vec![TenantSetting::StreamsPerUser(Some(3))];
        assert!(bed.store.set_tenant(acme(), changes.clone(), by(), later(1)).await.unwrap());
        let nobody = "nobody".parse().unwrap();
        assert!(!bed.store.set_tenant(nobody, changes.clone(), by(), later(1)).await.unwrap());
        let default = TenantName::built_in();
        assert!(bed.store.set_tenant(default, changes, by(), later(1)).await.unwrap());

        let tenants = bed.store.tenants().await.unwrap();
        settings.apply(TenantSetting::StreamsPerUser(Some(3)));
        let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["acme", "default"]);
        assert_eq!(tenants[0].settings, settings);
        assert_eq!(tenants[1].settings.streams_per_user, Some(3));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_are_written_down_with_what_they_do() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let by = |actor| By { actor, request: Some("r1".into()) };
        let ending = Ending {
            user: ana.clone(),
            session: None,
            code: EndingCode::SessionRevoked,
            at: later(1),
        };

        bed.store.add_key(key("k1", &Scope::ALL), By::command_line()).await.unwrap();
        bed.store.end(ending, by(Actor::User)).await.unwrap();
        bed.store.deny(link.digest, by(Actor::Link), later(2)).await.unwrap();
        bed.store.revoke_key("k1".to_owned(), By::command_line(), later(3)).await.unwrap();
        bed.store.revoke_key("k1".to_owned(), By::command_line(), later(3)).await.unwrap();

        let (user, one) = (Some(ana.id.to_string()), Some("k1".to_owned()));
        let act = |actor: &str, deed: Deed, subject: &Option<String>| {
            (actor.to_owned(), deed.as_str().to_owned(), subject.clone())
        };
        assert_eq!(
            acts(&bed).await,
            [
                act("command line", Deed::TenantCreated, &None),
                act("command line", Deed::KeyCreated, &one),
                act("user", Deed::LoggedOutEverywhere, &user),
                act("link", Deed::UserDeleted, &user),
                act("command line", Deed::KeyRevoked, &one),
            ]
        );
        let acme = bed.store.acts(Some(acme()), Micros(0), None, 100).await.unwrap();
        assert!(acme.iter().all(|act| act.tenant == "acme") && acme.len() == 3);
        let late = bed.store.acts(None, later(2), None, 100).await.unwrap();
        assert_eq!(
            late.iter().map(|act| act.request.as_deref()).collect::<Vec<_>>(),
            [Some("r1"), None]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_is_read_in_pages_and_kept_for_90_days() {
    for bed in Bed::both().await {
        for id in 0..7 {
            let key = ApiKey { created_at: later(id / 3), ..key(&format!("k{id}"), &[]) };
            bed.store.add_key(key, By::command_line()).await.unwrap();
        }
        let all = bed.store.acts(None, Micros(0), None, 100).await.unwrap();

        let mut paged: Vec<Recorded> = Vec::new();
        loop {
            let (since, after) =
                paged.last().map_or((Micros(0), None), |last| (last.at, Some(last.id)));
            let page = bed.store.acts(None, since, after, 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!((paged.len(), &paged), (8, &all));

        let days = |days: u64| Duration::from_hours(24 * days);
        while bed.store.prune(later(1).after(days(90))).await.unwrap() {}
        assert_eq!(bed.store.acts(None, Micros(0), None, 100).await.unwrap().len(), 4);
        while bed.store.prune(NOW.after(days(91))).await.unwrap() {}
        assert!(acts(&bed).await.is_empty());
    }
}

#[test]
fn a_key_id_stands_for_a_backend_in_the_record() {
    let by = By { actor: Actor::Key("k1".to_owned()), request: None };
    let act = Act::on_user(by, Deed::UserChanged, &acme(), &"ana".parse().unwrap(), NOW);

    assert_eq!(act.by.actor.to_string(), "key:k1");
}
