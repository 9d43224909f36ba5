use super::addresses::{client_urls, continue_url};
use super::mail::contact;
use super::{ConfigError, History, Mailbox};
use crate::model::TenantSetting;

/// The longest name of a product, in characters: it stands in subjects and titles.
const MAX_PRODUCT: usize = 60;

/// Reads a tenant's setting as it is written on the command line, `accent=#0b5fff`. Nothing after
/// the sign goes back to the service's own.
///
/// `insecure_dev` lets URLs be `http`.
///
/// # Errors
///
/// [`ConfigError`], which names the setting.
pub fn tenant_setting(text: &str, insecure_dev: bool) -> Result<TenantSetting, ConfigError> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let value = value.trim();
    let given = (!value.is_empty()).then_some(value);
    let refuse = |message: String| ConfigError::of_variable(name, message);
    let count = |text: Option<&str>| {
        let count = text.map(|text| text.parse::<u32>().ok().filter(|count| *count > 0));
        count.map_or(Ok(None), |count| {
            count.map(Some).ok_or_else(|| refuse("write a count of 1 or more".to_owned()))
        })
    };
    let setting = match name {
        "product" => TenantSetting::Product(given.map(product).transpose().map_err(refuse)?),
        "accent" => {
            let accent = given.map(str::parse).transpose();
            TenantSetting::Accent(accent.map_err(|error| refuse(format!("{error}")))?)
        }
        "mail-from" => {
            let mailbox = given.map(Mailbox::check).transpose();
            let mailbox = mailbox.map_err(|error| refuse(error.message().to_owned()))?;
            TenantSetting::MailFrom(mailbox.map(|mailbox| mailbox.to_string()))
        }
        "contact" => TenantSetting::Contact(
            contact(given).map_err(|error| refuse(error.message().to_owned()))?,
        ),
        "continue-url" => {
            let url = continue_url(given, insecure_dev);
            let url = url.map_err(|error| refuse(error.message().to_owned()))?;
            TenantSetting::ContinueUrl(url.map(String::from))
        }
        "client-url" => {
            let origins: Vec<_> = value.split(',').map(str::to_owned).collect();
            let origins = client_urls(&origins, insecure_dev);
            let origins = origins.map_err(|error| refuse(error.message().to_owned()))?;
            TenantSetting::ClientUrls(origins.iter().map(ToString::to_string).collect())
        }
        "history" => {
            let history = given.map(str::parse::<History>).transpose();
            let history = history.map_err(|error| refuse(error.to_string()))?;
            TenantSetting::History(history.map(|history| (history.changes, history.age)))
        }
        "streams-per-user" => TenantSetting::StreamsPerUser(count(given)?),
        "polls-per-user" => TenantSetting::PollsPerUser(count(given)?),
        _ => {
            return Err(ConfigError::of_variable(
                // In one line, whatever was written.
                &name.escape_debug().to_string(),
                "is no setting of a tenant: there are product, accent, mail-from, contact, \
                 continue-url, client-url, history, streams-per-user, and polls-per-user",
            ));
        }
    };
    Ok(setting)
}

fn product(text: &str) -> Result<String, String> {
    if text.chars().count() > MAX_PRODUCT || text.chars().any(char::is_control) {
        return Err(format!("write a name of at most {MAX_PRODUCT} characters, in one line"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("product=Acme Pay")]
    #[case("accent=#0b5fff")]
    #[case("mail-from=Acme <no-reply@acme.example>")]
    #[case("contact=help@acme.example")]
    #[case("continue-url=https://app.acme.example/welcome")]
    #[case("client-url=https://app.acme.example,https://www.acme.example")]
    #[case("history=500/30d")]
    #[case("streams-per-user=50")]
    #[case("polls-per-user=5")]
    fn a_setting_is_taken_and_taken_back(#[case] text: &str) {
        let (name, _) = text.split_once('=').unwrap();

        assert!(tenant_setting(text, false).is_ok());
        assert!(tenant_setting(&format!("{name}="), false).is_ok());
    }

    #[rstest]
    #[case("produkt=Acme")]
    #[case("product=A\nB")]
    #[case("accent=#ffff00")]
    #[case("accent=blue")]
    #[case("mail-from=nobody")]
    #[case("mail-from=A\r\nBcc: x <a@b.example>")]
    #[case("contact=help")]
    #[case("continue-url=javascript:alert(1)")]
    #[case("client-url=http://app.acme.example")]
    #[case("client-url=*")]
    #[case("history=0")]
    #[case("streams-per-user=0")]
    #[case("polls-per-user=many")]
    fn a_wrong_setting_is_named_in_one_line(#[case] text: &str) {
        let line = tenant_setting(text, false).unwrap_err().to_string();

        let name = text.split_once('=').unwrap().0;
        assert!(line.starts_with(&format!("{name}: ")) && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_name_of_several_lines_is_refused_in_one() {
        let line = tenant_setting("pro\r\nduct=Acme", false).unwrap_err().to_string();

        assert!(line.starts_with(r"pro\r\nduct: "), "{line}");
    }
}
