use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// Enough for any key set, and too little to fill the memory by a wrong path.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file of settings or keys could not be used.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFile {
    /// The system refused; the kind says why, and its text holds no path.
    #[error("cannot be read: {0}")]
    Io(std::io::ErrorKind),
    /// Nobody needs such a file.
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// A directory, a device, or a pipe.
    #[error("is not a regular file")]
    NotAFile,
    /// It holds a secret, and its mode lets others read or change it.
    #[error("holds a secret and may be read or written by everyone: chmod 600 it")]
    Exposed,
}

/// A small file read whole, with the mode it had when it was read.
pub struct GuardedFile {
    bytes: Vec<u8>,
    exposed: bool,
}

impl GuardedFile {
    /// Reads `path`.
    ///
    /// Mode and content are of one open file: asking the path twice would let it be exchanged in
    /// between.
    ///
    /// # Errors
    ///
    /// [`UnreadableFile`], of any kind but [`UnreadableFile::Exposed`].
    pub fn read(path: &Path) -> Result<Self, UnreadableFile> {
        let refused = |error: std::io::Error| UnreadableFile::Io(error.kind());
        // A pipe would make the opening itself wait for a writer.
        if !std::fs::metadata(path).map_err(refused)?.is_file() {
            return Err(UnreadableFile::NotAFile);
        }
        let file = File::open(path).map_err(refused)?;
        let exposed = is_exposed(&file.metadata().map_err(refused)?);
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(UnreadableFile::TooLarge);
        }
        Ok(Self { bytes, exposed })
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Says that the content is secret, which its mode must honour unless `insecure_dev`.
    ///
    /// The group may read: that is how containers hand out mounted secrets.
    ///
    /// # Errors
    ///
    /// [`UnreadableFile::Exposed`] where everyone may read or write the file.
    pub fn is_secret(&self, insecure_dev: bool) -> Result<(), UnreadableFile> {
        if self.exposed && !insecure_dev { Err(UnreadableFile::Exposed) } else { Ok(()) }
    }
}

#[cfg(unix)]
fn is_exposed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o006 != 0
}

#[cfg(not(unix))]
fn is_exposed(_: &Metadata) -> bool {
    false
}
