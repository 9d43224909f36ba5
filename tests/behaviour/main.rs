//! What users, devices, backends, and operators see, over real sockets.

mod accounts;
mod backup;
mod bus;
mod clicks;
mod codes;
mod cross_site;
mod crowds;
#[expect(dead_code, reason = "a test of its own stops and kills servers")]
#[path = "../support/postgres.rs"]
mod database;
mod floods;
mod goodbyes;
mod hijack;
mod issuers;
mod links;
#[path = "../support/nats.rs"]
mod nats;
mod nodes;
mod odd;
mod operators;
mod origins;
mod panics;
mod passwords;
mod polls;
mod postgres;
mod problems;
mod publishing;
mod secrets;
mod sessions;
mod smtp;
mod streams;
mod support;
mod tickets;
