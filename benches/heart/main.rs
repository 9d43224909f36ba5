//! What every delivery and every call passes through, piece by piece, without a socket or a disk.
//!
//! `cargo bench --bench heart`. `benches/regression` holds the figures against those that are
//! committed, each as a multiple of one calibration, so that another machine says nearly the same.

#[path = "../shared/first_read.rs"]
mod first_read;
mod hub;
mod values;

use afterclick::accounts::tokens::{OwnIssuer, OwnKey, Tokens};
use afterclick::clock::{Clock, SystemClock};
use afterclick::feed::wire;
use afterclick::model::{Cursor, ServerSecret};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::Ed25519KeyPair;
use criterion::Criterion;
use std::hint::black_box;
use std::time::Duration;
use values::{at, change, user};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    calibration(&mut criterion);
    cursors(&mut criterion);
    frames(&mut criterion)?;
    tokens(&mut criterion)?;
    hub::hub(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// What the machine gives: the others are read as multiples of it.
fn calibration(criterion: &mut Criterion) {
    let block = vec![7; 64 * 1024];
    criterion.bench_function("calibration/sha256_64k", |bencher| {
        bencher.iter(|| digest::digest(&digest::SHA256, black_box(&block)));
    });
}

fn cursors(criterion: &mut Criterion) {
    let cursor = at(42_000);
    let text = cursor.to_string();
    assert_eq!(text.parse(), Ok(cursor));
    criterion.bench_function("cursor/parse", |bencher| {
        bencher.iter(|| black_box(text.as_str()).parse::<Cursor>());
    });
    criterion.bench_function("cursor/format", |bencher| {
        bencher.iter(|| black_box(cursor).to_string());
    });
}

/// A change as each stream writes it; the second with documents of nearly the most there may be.
fn frames(criterion: &mut Criterion) -> Result<(), Failure> {
    for (name, filling) in [("frame/small", 40), ("frame/large", 16_000)] {
        let change = change(at(2), filling)?;
        assert!(wire::change(&change).is_ok_and(|bytes| bytes.len() > filling));
        criterion.bench_function(name, |bencher| bencher.iter(|| wire::change(black_box(&change))));
    }
    Ok(())
}

/// An access token of ours, checked as at every call.
fn tokens(criterion: &mut Criterion) -> Result<(), Failure> {
    let now = SystemClock::default().now();
    let pair = Ed25519KeyPair::generate()?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
    let derived = OwnKey::derived(&ServerSecret::new(&[7; 32]));
    for (name, key) in [("token/hs256", derived), ("token/eddsa", OwnKey::ed25519(pkcs8.as_ref())?)]
    {
        let (iss, aud) = ("https://verify.example.com".to_owned(), "afterclick".to_owned());
        let tokens = Tokens::new(OwnIssuer { iss, aud, key }, Vec::new());
        let token = tokens.issue(&user(0)?, None, Duration::from_mins(15), now);
        assert!(tokens.verify(token.reveal(), now).is_ok());
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| tokens.verify(black_box(token.reveal()), now));
        });
    }
    Ok(())
}
