use super::StartError;
use super::outbox::StoredOutbox;
use super::parts::Parts;
use crate::config::{self, Config, ConfigError, SmtpTls};
use crate::http::InboxReader;
use crate::http::pages::InboxMail;
use crate::mail::{
    BadTemplate, Directory, Inbox, Mail, Protection, Relay, Sender, Smtp, Templates,
    TenantsSettings, Transport, Worker, Writer,
};
use crate::model::{EmailAddress, ServerSecret, TenantName};
use std::sync::Arc;
use url::Url;

/// What carries mails and what they are written from: all of the sending that needs no database.
pub(super) struct Post {
    templates: Templates,
    transport: Arc<dyn Transport>,
    /// How developers read them, where they are kept.
    pub inbox: Option<InboxReader>,
}

impl From<BadTemplate> for StartError {
    fn from(error: BadTemplate) -> Self {
        Self::Setting(ConfigError::new("mail-templates", error.to_string()))
    }
}

impl Post {
    /// Loads the templates and tries each, and readies the transport, which need not answer yet.
    ///
    /// # Errors
    ///
    /// [`StartError::Setting`].
    pub fn open(config: &Config) -> Result<Self, StartError> {
        let templates = Templates::load(config.mail_templates.as_deref())?;
        let (transport, inbox) = transport(config)?;
        let post = Self { templates, transport, inbox };
        let nobodys = ServerSecret::new(&[0; ServerSecret::MIN_BYTES]);
        let usual = Arc::new(|_: &TenantName| Arc::default());
        post.writer(config, nobodys, &config.public_url.at(config.listen), usual).check()?;
        Ok(post)
    }

    /// What carries a mail.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    /// What sends the queue.
    pub fn worker(&self, config: &Config, parts: &Parts) -> Worker {
        let known = Arc::clone(&parts.tenants);
        let tenants = Arc::new(move |tenant: &TenantName| known.of(tenant));
        Worker::new(
            Arc::new(StoredOutbox(parts.store.clone())),
            self.transport(),
            self.writer(config, parts.secret.clone(), &parts.public_url, tenants),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.letters),
        )
    }

    fn writer(
        &self,
        config: &Config,
        secret: ServerSecret,
        public_url: &Url,
        tenants: TenantsSettings,
    ) -> Writer {
        Writer::new(secret, public_url, config.contact.clone(), self.templates.clone(), tenants)
    }
}

fn transport(config: &Config) -> Result<(Arc<dyn Transport>, Option<InboxReader>), StartError> {
    let wrong = |text: String| StartError::Setting(ConfigError::new("mail", text));
    let sender = Sender::parse(&config.mail_from.to_string())
        .map_err(|error| ConfigError::new("mail-from", error.to_string()))?;
    match &config.mail {
        config::Mail::Inbox => {
            let inbox = Inbox::new();
            let kept = Arc::clone(&inbox);
            let reader: InboxReader = Arc::new(move |to: Option<&EmailAddress>| {
                kept.list(to).iter().map(|mail| shown(mail)).collect()
            });
            Ok((inbox, Some(reader)))
        }
        config::Mail::Directory(path) => {
            let directory =
                Directory::open(path, sender).map_err(|error| wrong(error.to_string()))?;
            Ok((Arc::new(directory), None))
        }
        config::Mail::Smtp(server) => {
            let relay = Relay {
                host: server.host.clone(),
                port: server.port,
                protection: match server.tls {
                    SmtpTls::Implicit => Protection::Implicit,
                    SmtpTls::Required => Protection::Starttls,
                    SmtpTls::None => Protection::Nothing,
                },
                credentials: server.credentials.clone(),
                ca: server.ca.clone(),
            };
            let smtp = Smtp::new(relay, sender).map_err(|error| wrong(error.to_string()))?;
            Ok((Arc::new(smtp), None))
        }
    }
}

fn shown(mail: &Mail) -> InboxMail {
    InboxMail {
        id: mail.id,
        to: mail.to.as_str().to_owned(),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        html: mail.html.clone(),
        link: mail.link.clone(),
        code: mail.code.clone(),
        at: mail.at,
    }
}
