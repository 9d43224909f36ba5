use super::LetterKind;
use crate::model::Languages;
use minijinja::value::Value;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, escape_formatter,
};
use rust_embed::Embed;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What is used for a language that there are no templates of.
const FALLBACK: &str = "en";

/// Our own templates, in the binary.
#[derive(Embed)]
#[folder = "src/mail/templates/"]
struct BuiltIn;

/// An operator's template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTemplate {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// No letter would ever use a file of this name.
    #[error("{0} is used by no mail: name it like one of ours, such as en/verify.html")]
    Unknown(PathBuf),
    /// It does not parse, or names what there is not.
    #[error("{name} cannot be used: {reason}")]
    Broken {
        /// The template, as the folder has it.
        name: String,
        /// What is wrong with it, and where.
        reason: String,
    },
}

/// What mails are written from: for each language a folder, and in it two files a kind of letter.
///
/// `en/verify.txt` is the plain text, with the subject as its first line; `en/verify.html` the other
/// body. In HTML whatever is filled in is escaped, and a name that there is not is an error.
#[derive(Debug, Clone)]
pub struct Templates {
    environment: Environment<'static>,
    languages: Vec<String>,
}

impl Templates {
    /// Ours, where `folder` has no file of the same name. A folder of another language adds that
    /// language; what it lacks is written in English.
    ///
    /// # Errors
    ///
    /// [`BadTemplate`], for the first file that could not be used; that it renders is for
    /// [`Writer::check`](super::Writer::check) to see.
    pub fn load(folder: Option<&Path>) -> Result<Self, BadTemplate> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if is_html(name) { AutoEscape::Html } else { AutoEscape::None }
        });
        environment.set_formatter(escape);
        let mut templates = Self { environment, languages: Vec::new() };
        for name in BuiltIn::iter() {
            let file = BuiltIn::get(&name).map(|file| file.data.into_owned()).unwrap_or_default();
            templates.add(&name, String::from_utf8(file).unwrap_or_default())?;
        }
        for (name, path) in folder.map(files).transpose()?.unwrap_or_default() {
            if !is_used(&name) {
                return Err(BadTemplate::Unknown(path));
            }
            let text = fs::read_to_string(&path);
            let text = text.map_err(|error| BadTemplate::Unreadable(path, error))?;
            templates.add(&name, text)?;
        }
        Ok(templates)
    }

    /// The languages there are templates of, by their tags.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(String::as_str)
    }

    /// The language to write to somebody in.
    pub(super) fn choose(&self, wanted: &Languages) -> &str {
        let available: Vec<&str> = self.languages().collect();
        wanted.choose(&available).unwrap_or(FALLBACK)
    }

    /// Fills in one body of a letter.
    pub(super) fn render(
        &self,
        language: &str,
        kind: LetterKind,
        extension: &str,
        words: &impl serde::Serialize,
    ) -> Result<String, BadTemplate> {
        let name = |language: &str| format!("{language}/{}.{extension}", kind.as_str());
        let own = self.environment.get_template(&name(language));
        let template = own.or_else(|_| self.environment.get_template(&name(FALLBACK)));
        let name = name(language);
        let template = template.map_err(|error| broken(&name, &error))?;
        template.render(words).map_err(|error| broken(&name, &error))
    }

    fn add(&mut self, name: &str, text: String) -> Result<(), BadTemplate> {
        let added = self.environment.add_template_owned(name.to_owned(), text);
        added.map_err(|error| broken(name, &error))?;
        if let Some((language, _)) = name.split_once('/')
            && !self.languages().any(|known| known == language)
        {
            self.languages.push(language.to_owned());
        }
        Ok(())
    }
}

/// Fills in a value. minijinja's own escape also turns each `/` of a link into an entity, which
/// programs that look for links in mails do not all undo.
fn escape(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = value.as_str().filter(|_| !value.is_safe());
    let Some(text) = text.filter(|_| matches!(state.auto_escape(), AutoEscape::Html)) else {
        return escape_formatter(out, state, value);
    };
    for letter in text.chars() {
        let written = match letter {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            other => out.write_char(other),
        };
        written.map_err(Error::from)?;
    }
    Ok(())
}

/// minijinja names the template and the line; what was filled in is not repeated.
fn broken(name: &str, error: &Error) -> BadTemplate {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    BadTemplate::Broken { name: name.to_owned(), reason }
}

/// The files of the folder and of its folders, by the names that templates have.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, BadTemplate> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>, BadTemplate> {
        let entries = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
        });
        entries.map_err(|error| BadTemplate::Unreadable(folder.to_owned(), error))
    };
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files = Vec::new();
    for path in list(folder)? {
        if !path.is_dir() {
            files.push((name(&path), path));
            continue;
        }
        for inner in list(&path)? {
            files.push((format!("{}/{}", name(&path), name(&inner)), inner));
        }
    }
    files.sort();
    Ok(files)
}

fn is_html(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "html")
}

/// Whether a mail would use a template of this name, or another template could.
fn is_used(name: &str) -> bool {
    let Some((language, file)) = name.split_once('/') else { return is_html(name) };
    let tag = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    let kind = file.strip_suffix(".txt").or_else(|| file.strip_suffix(".html"));
    tag && kind.is_some_and(|kind| LetterKind::named(kind).is_some())
}
