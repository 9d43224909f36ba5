use super::message::compose;
use super::{Mail, Sender, Transport, Undelivered};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use std::fs::{File, create_dir_all, rename};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `dir:PATH`: each mail as one `.eml` file, for another program to send, or for tests to read.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    sender: Sender,
}

impl Directory {
    /// Uses `path`, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn open(path: impl Into<PathBuf>, sender: Sender) -> io::Result<Self> {
        let path = path.into();
        create_dir_all(&path)?;
        Ok(Self { path, sender })
    }
}

impl Transport for Directory {
    fn deliver(&self, mail: Arc<Mail>) -> BoxFuture<'static, Result<(), Undelivered>> {
        let Self { path, sender } = self.clone();
        async move {
            let eml = compose(&mail, &sender).map_err(Undelivered::Refused)?.formatted();
            let writing = tokio::task::spawn_blocking(move || write(&path, &mail, &eml));
            let written = writing.await.map_err(|error| Undelivered::Later(error.into()))?;
            written.map_err(|error| Undelivered::Later(error.into()))
        }
        .boxed()
    }

    fn check(&self) -> BoxFuture<'static, Result<(), Undelivered>> {
        let gone = Undelivered::Later("the folder for mails is gone".into());
        ready(if self.path.is_dir() { Ok(()) } else { Err(gone) }).boxed()
    }
}

/// Writes beside the final name and renames, so that no reader meets half a mail. A repetition has
/// the same name and replaces the first.
fn write(directory: &Path, mail: &Mail, eml: &[u8]) -> io::Result<()> {
    let unfinished = directory.join(format!(".{}.part", mail.id));
    let mut file = File::create(&unfinished)?;
    file.write_all(eml)?;
    file.sync_all()?;
    rename(&unfinished, directory.join(format!("{}.eml", mail.id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EmailAddress, Micros};
    use uuid::Uuid;

    #[tokio::test]
    async fn a_mail_is_one_file_however_often_it_is_delivered() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("mails");
        let directory = Directory::open(&path, Sender::parse("a@b.example").unwrap()).unwrap();
        let mail = Arc::new(Mail {
            id: Uuid::from_u128(1),
            to: EmailAddress::parse("ana@example.com").unwrap(),
            from: None,
            subject: "Hello".into(),
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            link: None,
            code: None,
            at: Micros(0),
        });

        directory.deliver(Arc::clone(&mail)).await.unwrap();
        directory.deliver(mail).await.unwrap();

        let names: Vec<_> =
            std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["00000000-0000-0000-0000-000000000001.eml"]);
    }

    #[tokio::test]
    async fn a_directory_that_is_gone_is_a_failure_to_try_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("mails");
        let directory = Directory::open(&path, Sender::parse("a@b.example").unwrap()).unwrap();
        std::fs::remove_dir(&path).unwrap();
        let mail = Mail {
            id: Uuid::from_u128(1),
            to: EmailAddress::parse("ana@example.com").unwrap(),
            from: None,
            subject: "Hello".into(),
            text: String::new(),
            html: String::new(),
            link: None,
            code: None,
            at: Micros(0),
        };

        let outcome = directory.deliver(Arc::new(mail)).await;

        assert!(matches!(outcome, Err(Undelivered::Later(_))));
    }
}
