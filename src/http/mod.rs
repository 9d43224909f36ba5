//! The route table, and what HTTP asks and answers.

pub mod pages;
pub mod poll;
pub mod stream;
