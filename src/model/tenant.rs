use super::Accent;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// What of the service's settings is another for one tenant; what is not there is the service's own.
///
/// Its values were checked when they were set. Kept as one JSON object; members that a newer version
/// wrote are kept as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// What the application is called in mails and on pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The colour of buttons and links in mails and on pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<Accent>,
    /// Whom mails come from: `Name <name@example.com>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
    /// Whom people may ask: an address for mails and pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Where the pages behind a link lead when all is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_url: Option<String>,
    /// Origins whose pages may call us, beside those of the service, spelled as `Origin` is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_urls: Vec<String>,
    /// Changes kept of each user, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_changes: Option<u32>,
    /// How long they are kept, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_seconds: Option<u64>,
    /// Streams of one user on a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams_per_user: Option<u32>,
    /// Parked polls of one user on a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polls_per_user: Option<u32>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A setting of a tenant and its new value; `None`, or none, goes back to the service's own.
#[derive(Debug, Clone, PartialEq)]
pub enum TenantSetting {
    /// [`TenantSettings::product`].
    Product(Option<String>),
    /// [`TenantSettings::accent`].
    Accent(Option<Accent>),
    /// [`TenantSettings::mail_from`].
    MailFrom(Option<String>),
    /// [`TenantSettings::contact`].
    Contact(Option<String>),
    /// [`TenantSettings::continue_url`].
    ContinueUrl(Option<String>),
    /// [`TenantSettings::client_urls`].
    ClientUrls(Vec<String>),
    /// [`TenantSettings::history_changes`] and how long those are kept.
    History(Option<(u32, Duration)>),
    /// [`TenantSettings::streams_per_user`].
    StreamsPerUser(Option<u32>),
    /// [`TenantSettings::polls_per_user`].
    PollsPerUser(Option<u32>),
}

impl TenantSettings {
    /// Reads what [`Self::to_text`] wrote. A row that is no such object (somebody wrote to the table)
    /// reads as no settings, rather than keeping the tenant's users from everything.
    pub fn stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The JSON object that is kept.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Changes one setting.
    pub fn apply(&mut self, setting: TenantSetting) {
        match setting {
            TenantSetting::Product(product) => self.product = product,
            TenantSetting::Accent(accent) => self.accent = accent,
            TenantSetting::MailFrom(mailbox) => self.mail_from = mailbox,
            TenantSetting::Contact(address) => self.contact = address,
            TenantSetting::ContinueUrl(url) => self.continue_url = url,
            TenantSetting::ClientUrls(origins) => self.client_urls = origins,
            TenantSetting::History(kept) => {
                self.history_changes = kept.map(|(changes, _)| changes);
                self.history_seconds = kept.map(|(_, age)| age.as_secs());
            }
            TenantSetting::StreamsPerUser(count) => self.streams_per_user = count,
            TenantSetting::PollsPerUser(count) => self.polls_per_user = count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_and_a_newer_versions_stay() {
        let mut settings = TenantSettings::stored(r##"{"accent":"#0b5fff","of_later":[1]}"##);
        settings.apply(TenantSetting::Product(Some("Acme".to_owned())));
        settings.apply(TenantSetting::History(Some((5, Duration::from_mins(1)))));

        let text = settings.to_text();

        assert_eq!(TenantSettings::stored(&text), settings);
        assert!(text.contains(r#""of_later":[1]"#), "{text}");
        settings.apply(TenantSetting::Accent(None));
        assert!(!settings.to_text().contains("accent"));
    }

    #[test]
    fn a_row_that_is_no_object_is_no_settings() {
        for text in ["", "null", "[]", r##"{"accent":"#ffffff"}"##] {
            assert_eq!(TenantSettings::stored(text), TenantSettings::default(), "{text}");
        }
    }
}
