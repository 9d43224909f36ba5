//! The program: arguments in, an exit code out.

use afterclick::cli::Cli;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Gives memory back after a storm of connections, which glibc's allocator does not (`.cargo/config.toml`
/// keeps huge pages out of it, which would undo that).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics where standard error is closed.
            let _nowhere_to_tell = writeln!(std::io::stderr(), "afterclick: {}", error.line());
            ExitCode::from(error.exit_code())
        }
    }
}
