//! What users, devices, backends, and operators see, over real sockets.

mod accounts;
mod backup;
mod bus;
mod clicks;
mod codes;
mod cross_site;
mod crowds;
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
mod outages;
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
