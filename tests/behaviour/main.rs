//! What users, devices, backends, and operators see, over real sockets.

mod accounts;
mod backends;
mod backup;
mod bus;
mod certificates;
mod clicks;
mod codes;
mod cross_site;
mod crowds;
#[path = "../support/postgres.rs"]
mod database;
mod examples;
mod floods;
mod goodbyes;
mod hijack;
mod inbox;
mod issuers;
mod keys;
mod kills;
mod limits;
mod links;
mod matrix;
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
mod rotation;
mod secrets;
mod sessions;
mod smtp;
mod streams;
mod support;
mod tenants;
mod terminal;
mod tickets;
mod users;
mod webhooks;
