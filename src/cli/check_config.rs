use super::{CliError, print};
use crate::app;
use crate::config::{Config, Database};

/// Prints what the settings come to. They were checked before any command ran, but for the
/// certificate, which most commands need not be able to read.
pub(super) fn run(config: &Config) -> Result<(), CliError> {
    config.tls.as_ref().map(app::check_certificate).transpose()?;
    print(format_args!("listen        {}", config.listen))?;
    if let Some(tls) = &config.tls {
        print(format_args!("tls-cert      {}", tls.cert.display()))?;
    }
    print(format_args!("public-url    {}", config.public_url.at(config.listen)))?;
    match &config.database {
        Database::Sqlite(path) => print(format_args!("database      sqlite:{}", path.display()))?,
        Database::Postgres(url) => print(format_args!("database      {url:?}"))?,
    }
    print(format_args!("mail-from     {}", config.mail_from))?;
    for origin in &config.client_urls {
        print(format_args!("client-url    {origin}"))?;
    }
    print(format_args!(
        "max-streams   {} (open files: {})",
        config.max_streams, config.open_files
    ))?;
    print("Every setting is good.")
}
