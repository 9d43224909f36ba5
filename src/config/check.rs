use super::addresses::{PublicUrl, client_urls, continue_url, networks};
use super::files::{folder, private_file, private_files};
use super::mail::{Mail, Mailbox, contact};
use super::{
    Bus, Config, ConfigError, Database, LogFormat, Machine, Secret, Settings, Span, Switch,
    TlsFiles,
};
use std::time::Duration;

/// Open files that are not streams: the database, the log, the listener, other requests.
const RESERVED_FILES: usize = 256;

/// Clients take a stream that was silent for 40 s as broken (`contract.md` §5).
const MAX_HEARTBEAT: Duration = Duration::from_secs(30);

impl Settings {
    /// Puts the settings in order for `machine`.
    ///
    /// Looks at the files that are named, and makes none.
    ///
    /// # Errors
    ///
    /// The first setting that the service refuses to start with.
    pub fn check(self, machine: Machine) -> Result<Config, ConfigError> {
        let database = Database::check(&self.database)?;
        let secret = Secret::check(self.secret.as_ref(), &database)?;
        secret.verify()?;
        let public_url = self.public_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let tls = TlsFiles::check(self.tls_cert, self.tls_key)?;
        let public_url =
            PublicUrl::check(public_url, self.listen, tls.is_some(), self.insecure_dev)?;
        // A public URL that is not loopback means a proxy in front, which shows the inbox too.
        let reachable = !self.listen.ip().is_loopback() || !public_url.is_loopback();
        let (most_files, cores) = (machine.open_files, u16::try_from(machine.cores));
        let max_streams = most_files.saturating_sub(RESERVED_FILES).max(1);
        let format = if machine.terminal { LogFormat::Pretty } else { LogFormat::Json };
        Ok(Config {
            listen: self.listen,
            admin_listen: self.admin_listen,
            tls,
            database,
            bus: Bus::check(&self.bus, self.insecure_dev)?,
            mail: Mail::check(&self.mail, reachable, self.insecure_dev)?,
            mail_from: Mailbox::check(&self.mail_from)?,
            mail_templates: folder("mail-templates", self.mail_templates)?,
            contact: contact(self.contact.as_deref())?,
            continue_url: continue_url(self.continue_url.as_deref(), self.insecure_dev)?,
            secret,
            client_urls: client_urls(&self.client_urls, self.insecure_dev)?,
            public_url,
            issuers: private_file("issuers", self.issuers)?,
            signing_keys: private_files("signing-key", self.signing_keys)?,
            built_in_accounts: self.accounts == Switch::On,
            trusted_proxies: networks("trusted-proxy", &self.trusted_proxies)?,
            webhook_allow: networks("webhook-allow", &self.webhook_allow)?,
            log_format: self.log_format.unwrap_or(format),
            workers: usize::from(self.workers.unwrap_or(cores.unwrap_or(u16::MAX)).max(1)),
            max_streams: count(self.max_streams).min(max_streams),
            open_files: most_files,
            streams_per_user: count(self.streams_per_user),
            polls_per_user: count(self.polls_per_user),
            heartbeat: between("heartbeat", self.heartbeat, TENTH, MAX_HEARTBEAT)?,
            max_stream_age: between("max-stream-age", self.max_stream_age, SECOND, DAY)?,
            drain: between("drain", self.drain, Duration::ZERO, HOUR)?,
            history: self.history,
            limit_log_in: self.limit_log_in,
            limit_sign_up: self.limit_sign_up,
            limit_password_reset: self.limit_password_reset,
            insecure_dev: self.insecure_dev,
        })
    }
}

const TENTH: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn between(
    flag: &str,
    span: Span,
    least: Duration,
    most: Duration,
) -> Result<Duration, ConfigError> {
    if (least..=most).contains(&span.get()) {
        return Ok(span.get());
    }
    let message = format!("write a span of {} to {}", Span::from(least), Span::from(most));
    Err(ConfigError::new(flag, message))
}

fn count(given: u32) -> usize {
    usize::try_from(given).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::os::unix::fs::PermissionsExt;

    const MACHINE: Machine = Machine { cores: 4, open_files: 20_000, terminal: false };
    const STRONG: &str = "kT0vQ3cW9nY7xJ2mB5sL8dF1gH4aR6pZ";

    fn check(arguments: &[&str]) -> Result<Config, ConfigError> {
        Settings::parse(arguments).unwrap().check(MACHINE)
    }

    #[test]
    fn the_defaults_serve_a_developer() {
        let config = check(&[]).unwrap();

        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(config.mail, Mail::Inbox));
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!((config.workers, config.max_streams), (4, 20_000 - 256));
        assert_eq!(config.heartbeat, Duration::from_secs(15));
        assert_eq!(config.history.to_string(), "100/7d");
        assert!(config.built_in_accounts && config.client_urls.is_empty());
        assert!(matches!(config.secret, Secret::Kept(path) if path.ends_with("afterclick.secret")));
    }

    #[rstest]
    #[case::weak_secret(&["--secret", "hunter2"], "--secret (AFTERCLICK_SECRET): ")]
    #[case::default_secret(&["--secret", "changeme-changeme-changeme-hunter2"], "--secret ")]
    #[case::one_letter(&["--secret", "hunter2hunter2hunter2hunter2hunter2"], "--secret ")]
    #[case::no_secret(&["--database", "postgres://a:hunter2@db/x"], "--secret ")]
    #[case::unknown_database(&["--database", "mysql://a:hunter2@db/x"], "--database (AFTERCLICK_DATABASE_URL): write sqlite:PATH")]
    #[case::bare_path(&["--database", "hunter2.db"], "--database ")]
    #[case::memory(&["--database", "sqlite::memory:"], "--database ")]
    #[case::no_name(&["--database", "postgres://a:hunter2@db", "--secret", STRONG], "--database ")]
    #[case::bad_port(&["--database", "postgres://a:hunter2@db:port/x"], "--database ")]
    #[case::shown_inbox(&["--listen", "0.0.0.0:0", "--public-url", "https://v.example.com"], "--mail (AFTERCLICK_MAIL_URL): the inbox")]
    #[case::proxied_inbox(&["--public-url", "https://v.example.com"], "--mail ")]
    #[case::bad_smtp(&["--mail", "smtp:hunter2"], "--mail (AFTERCLICK_MAIL_URL): the server is missing")]
    #[case::smtp_in_the_clear(&["--mail", "smtp://a:hunter2@mail:25?tls=none"], "--mail (AFTERCLICK_MAIL_URL): the password would travel in the clear")]
    #[case::smtp_of_no_kind(&["--mail", "smtp://a:hunter2@mail?tls=maybe"], "--mail (AFTERCLICK_MAIL_URL): tls is required or none")]
    #[case::smtps_without_tls(&["--mail", "smtps://mail?tls=none"], "--mail ")]
    #[case::smtp_parameter(&["--mail", "smtp://mail?hunter2=1"], "--mail (AFTERCLICK_MAIL_URL): after the ? there may be")]
    #[case::smtp_path(&["--mail", "smtp://mail/hunter2"], "--mail ")]
    #[case::smtp_half(&["--mail", "smtp://hunter2@mail"], "--mail (AFTERCLICK_MAIL_URL): a user needs a password")]
    #[case::smtp_ca(&["--mail", "smtp://mail?ca=/nowhere/ca.pem"], "--mail (AFTERCLICK_MAIL_URL): cannot read /nowhere/ca.pem")]
    #[case::no_templates(&["--mail-templates", "/nowhere"], "--mail-templates (AFTERCLICK_MAIL_TEMPLATES): cannot read")]
    #[case::contact(&["--contact", "nobody"], "--contact (AFTERCLICK_CONTACT): ")]
    #[case::continue_script(&["--continue-url", "javascript:alert(1)"], "--continue-url (AFTERCLICK_CONTINUE_URL): ")]
    #[case::continue_http(&["--continue-url", "http://app.example.com/"], "--continue-url ")]
    #[case::unknown_mail(&["--mail", "sendmail:hunter2"], "--mail ")]
    #[case::sender(&["--mail-from", "nobody"], "--mail-from (AFTERCLICK_MAIL_FROM): ")]
    #[case::open_nats(&["--bus", "nats://10.0.0.7:4222"], "--bus (AFTERCLICK_BUS_URL): whoever reaches")]
    #[case::one_open_nats(&["--bus", "nats://127.0.0.1,10.0.0.7"], "--bus (AFTERCLICK_BUS_URL): whoever reaches")]
    #[case::open_nats_by_tls(&["--bus", "tls://nats.internal"], "--bus (AFTERCLICK_BUS_URL): whoever reaches")]
    #[case::nats_without_a_server(&["--bus", "nats://hunter2@"], "--bus ")]
    #[case::nats_of_two_kinds(&["--bus", "nats://hunter2@a,tls://hunter2@b"], "--bus ")]
    #[case::nats_of_two_users(&["--bus", "nats://hunter2@a,nats://hunter22@b"], "--bus ")]
    #[case::nats_path(&["--bus", "nats://hunter2@a/hunter2"], "--bus ")]
    #[case::nats_option(&["--bus", "nats://hunter2@a?hunter2=1"], "--bus (AFTERCLICK_BUS_URL): after the ? there may be")]
    #[case::nats_twice(&["--bus", "nats://hunter2@a?credentials=/nowhere"], "--bus ")]
    #[case::nats_ca(&["--bus", "tls://hunter2@a?ca=/nowhere/ca.pem"], "--bus (AFTERCLICK_BUS_URL): cannot read /nowhere/ca.pem")]
    #[case::unknown_bus(&["--bus", "redis://a:hunter2@b"], "--bus ")]
    #[case::no_public_url(&["--listen", "0.0.0.0:0", "--mail", "dir:m"], "--public-url (AFTERCLICK_PUBLIC_URL): needed")]
    #[case::http(&["--public-url", "http://v.example.com", "--mail", "dir:m"], "--public-url (AFTERCLICK_PUBLIC_URL): links and cookies")]
    #[case::path(&["--public-url", "https://v.example.com/app", "--mail", "dir:m"], "--public-url ")]
    #[case::password(&["--public-url", "https://a:hunter2@v.example.com", "--mail", "dir:m"], "--public-url ")]
    #[case::scheme(&["--public-url", "v.example.com", "--mail", "dir:m"], "--public-url ")]
    #[case::wildcard(&["--client-url", "https://*.example.com"], "--client-url (AFTERCLICK_CLIENT_URL): ")]
    #[case::any(&["--client-url", "*"], "--client-url ")]
    #[case::null(&["--client-url", "null"], "--client-url ")]
    #[case::slash(&["--client-url", "https://app.example.com/"], "--client-url (AFTERCLICK_CLIENT_URL): an origin is compared letter by letter: write https://app.example.com")]
    #[case::case_of_host(&["--client-url", "https://App.example.com"], "--client-url ")]
    #[case::default_port(&["--client-url", "https://app.example.com:443"], "--client-url ")]
    #[case::http_page(&["--client-url", "http://app.example.com"], "--client-url ")]
    #[case::everybody(&["--trusted-proxy", "0.0.0.0/0"], "--trusted-proxy (AFTERCLICK_TRUSTED_PROXY): ")]
    #[case::no_network(&["--trusted-proxy", "10.0.0.0/8,proxy"], "--trusted-proxy ")]
    #[case::no_issuers(&["--issuers", "/nowhere/issuers.toml"], "--issuers (AFTERCLICK_ISSUERS): cannot read")]
    #[case::no_certificate(&["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/"], "--tls-cert (AFTERCLICK_TLS_CERT): cannot read /nowhere/cert.pem")]
    #[case::no_tls_key(&["--tls-cert", "Cargo.toml"], "--tls-key (AFTERCLICK_TLS_KEY): needed with --tls-cert")]
    #[case::a_folder(&["--tls-cert", "/"], "--tls-cert (AFTERCLICK_TLS_CERT): / is not a file")]
    #[case::no_key(&["--signing-key", "/"], "--signing-key (AFTERCLICK_SIGNING_KEY): ")]
    #[case::mute(&["--heartbeat", "31s"], "--heartbeat (AFTERCLICK_HEARTBEAT): write a span of 100ms to 30s")]
    #[case::no_age(&["--max-stream-age", "0s"], "--max-stream-age ")]
    #[case::long_drain(&["--drain", "2h"], "--drain ")]
    fn s26_a_wrong_setting_is_named_in_one_line_without_its_secret(
        #[case] arguments: &[&str],
        #[case] begins: &str,
    ) {
        let line = check(arguments).unwrap_err().to_string();

        assert!(line.starts_with(begins), "{line}");
        assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
    }

    #[rstest]
    #[case::inbox(&["--listen", "0.0.0.0:0"])]
    #[case::http(&["--public-url", "http://v.example.com"])]
    #[case::http_page(&["--client-url", "http://app.example.com"])]
    #[case::open_nats(&["--bus", "nats://10.0.0.7:4222"])]
    fn a_developer_may_overrule_the_refusals_about_loopback(#[case] arguments: &[&str]) {
        assert!(check(arguments).is_err() || arguments.contains(&"--insecure-dev"));

        assert!(check(&[arguments, &["--insecure-dev"]].concat()).is_ok());
    }

    #[test]
    fn a_whole_production_setting_is_taken_and_shows_no_secret() {
        let config = check(&[
            "--listen=0.0.0.0:8080",
            "--public-url=https://verify.example.com",
            "--database=postgres://afterclick:hunter2@db.internal/afterclick",
            "--mail=smtp://afterclick:hunter2@mail.internal:587",
            "--continue-url=https://app.example.com/welcome?from=mail",
            "--contact=help@example.com",
            "--mail-from=Example <no-reply@example.com>",
            "--client-url=https://app.example.com,https://admin.example.com:8443",
            "--client-url=http://localhost:3000",
            "--trusted-proxy=10.0.0.0/8,fd00::/8,192.0.2.1",
            "--accounts=off",
            "--limit-log-in=off",
            "--secret",
            STRONG,
        ])
        .unwrap();

        assert_eq!((config.client_urls.len(), config.trusted_proxies.len()), (3, 3));
        assert!(!config.built_in_accounts);
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(STRONG), "{shown}");
    }

    #[test]
    fn s26_a_key_file_that_everybody_may_read_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let open = std::fs::Permissions::from_mode(0o644);
        assert!(check(&["--signing-key", path, "--issuers", path]).is_ok());

        std::fs::set_permissions(path, open).unwrap();

        for flag in ["--signing-key", "--issuers", "--tls-key"] {
            let line = check(&[flag, path]).unwrap_err().to_string();
            assert!(line.starts_with(flag) && line.contains("chmod 600"), "{line}");
        }
    }
}
