use super::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};

/// A name stands for no address that a webhook may be at.
#[derive(Debug, thiserror::Error)]
#[error("its name leads to no address that webhooks may reach (--webhook-allow)")]
struct Unreachable;

/// Looks names up, and hands out those addresses alone that may be reached.
///
/// The connection is made to what is handed out here: a name that stands for another address a
/// moment later cannot lead it astray.
pub(super) struct Guarded {
    pub(super) reach: Reach,
    /// Whether what follows goes without TLS.
    pub(super) plain: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, plain) = (self.reach.clone(), self.plain);
        Box::pin(async move {
            let permits = |address: IpAddr| {
                if plain { reach.permits_plain(address) } else { reach.permits(address) }
            };
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let good: Vec<SocketAddr> = found.filter(|address| permits(address.ip())).collect();
            if good.is_empty() {
                return Err(Unreachable.into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn s25_a_name_that_stands_for_this_machine_leads_nowhere_unless_allowed() {
        let loopback = vec!["127.0.0.0/8".parse().unwrap()];
        let resolve = async |reach: Reach, plain| {
            let name = "localhost".parse().unwrap();
            let found = Guarded { reach, plain }.resolve(name).await;
            found.map(|found| found.map(|address| address.ip()).collect::<Vec<_>>())
        };

        assert!(resolve(Reach::default(), false).await.is_err());
        assert!(resolve(Reach::default(), true).await.is_err());
        for plain in [false, true] {
            let found = resolve(Reach::beside(loopback.clone()), plain).await.unwrap();
            assert_eq!(found, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
        }
    }
}
