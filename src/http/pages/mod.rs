//! The pages people see, and the files of `public/`.
//!
//! Each page is a function from what it shows to a response. None needs a script: a link in a mail
//! opens in whatever browser a mail program has built in.

mod accent;
mod assets;
mod device;
mod frame;
mod inbox;
mod problem;
mod reset;
mod verify;
mod when;

pub use accent::accent_sheet;
pub use assets::asset;
pub use device::device;
pub use frame::{Page, headers};
pub use inbox::{InboxMail, inbox_json, inbox_page};
pub use problem::problem_page;
pub use reset::{
    ResetPage, ask_reset_page, reset_asked_page, reset_done_page, reset_over_page, reset_page,
    reset_unknown_page,
};
pub use verify::{
    PasswordField, VerifiedPage, VerifyPage, expired_page, left_alone_page, removed_page,
    unknown_page, verified_page, verify_page,
};
