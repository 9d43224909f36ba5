//! The route table, and what HTTP asks and answers.

pub mod pages;
