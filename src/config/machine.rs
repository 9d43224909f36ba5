use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::IsTerminal;
use std::num::NonZeroUsize;

/// What some settings depend on and no setting says; a parameter, so that tests can hold it still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The cores this process may use.
    pub cores: usize,
    /// How many files it may have open; a stream takes one.
    pub open_files: usize,
    /// Whether a person is reading the logs.
    pub terminal: bool,
}

impl Machine {
    /// This machine, once the open-file limit is as high as it may be set without privileges.
    ///
    /// Shells and service managers commonly start a process with 1,024 files of the hundreds of
    /// thousands that it may ask for, on behalf of programs that use `select`. We do not.
    pub fn this() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let _kept_as_it_was =
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        let open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self {
            cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            open_files: usize::try_from(open_files).unwrap_or(usize::MAX),
            terminal: std::io::stderr().is_terminal(),
        }
    }
}
