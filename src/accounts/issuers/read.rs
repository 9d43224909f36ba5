use super::entry::Reading;
use super::problem::{Place, Problem};
use super::{GuardedFile, Issuer, IssuersError};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What the issuers' file says.
#[derive(Debug, Default)]
pub struct Issuers {
    /// The issuers, in its order.
    pub issuers: Vec<Issuer>,
    /// The file itself, and the key files it names.
    pub files: Vec<PathBuf>,
}

/// Reads the issuers' file. Relative key files are relative to it, not to the working directory.
///
/// `own_iss` is our own, which no other may claim. `insecure_dev` lets a file with a secret be
/// readable by everyone.
///
/// # Errors
///
/// [`IssuersError`] for the first fault; no part of a faulty file is used.
pub fn read(file: &Path, own_iss: &str, insecure_dev: bool) -> Result<Issuers, IssuersError> {
    let at = |place: &Place, problem: Problem| IssuersError {
        file: file.to_owned(),
        place: place.clone(),
        problem,
    };
    let whole = |problem| at(&Place::default(), problem);
    let content = GuardedFile::read(file).map_err(|error| whole(error.into()))?;
    let entries = entries(content.bytes()).map_err(whole)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let (mut issuers, mut files) = (Vec::new(), vec![file.to_owned()]);
    for (number, entry) in entries.iter().enumerate() {
        let place = Place::of(number, entry);
        let mut reading = Reading { entry, folder, insecure_dev, place, files: Vec::new() };
        let admitted = admit(&mut reading, own_iss, &issuers).and_then(|issuer| {
            if entry.contains_key("secret") {
                reading.place.setting = Some("secret");
                content.is_secret(insecure_dev)?;
            }
            Ok(issuer)
        });
        issuers.push(admitted.map_err(|problem| at(&reading.place, problem))?);
        files.extend(reading.files);
    }
    Ok(Issuers { issuers, files })
}

fn admit(reading: &mut Reading, own_iss: &str, known: &[Issuer]) -> Result<Issuer, Problem> {
    let issuer = reading.issuer()?;
    reading.place.setting = Some("iss");
    if issuer.iss == own_iss {
        return Err(Problem::Shape("is our own public URL"));
    }
    if known.iter().any(|other| other.iss == issuer.iss) {
        return Err(Problem::Shape("is in the file twice"));
    }
    Ok(issuer)
}

fn entries(bytes: &[u8]) -> Result<Vec<Table>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::Shape("is not UTF-8"))?;
    // The parser's own message shows the line, which may be the one with the secret.
    let mut table: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Problem::Syntax(before.matches('\n').count() + 1)
    })?;
    let issuers = table.remove("issuer");
    if let Some(name) = table.keys().next() {
        return Err(Problem::Unknown(name.clone()));
    }
    let Some(Value::Array(entries)) = issuers else {
        return Err(Problem::Shape("has no [[issuer]]"));
    };
    let tables = entries.into_iter().map(|entry| match entry {
        Value::Table(table) => Ok(table),
        _ => Err(Problem::Shape("an issuer is written as [[issuer]]")),
    });
    tables.collect()
}
