//! Sign up, log in, refresh, log out, and external issuers: one operation a file.

pub mod issuers;
pub mod passwords;
pub mod tokens;
