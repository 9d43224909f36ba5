//! What a setting says is what it is shown to say, and a wrong one is refused in one line.
#![no_main]

use afterclick::config::{History, Limit, Span, tenant_setting};
use afterclick::model::{Accent, Code};
use libfuzzer_sys::fuzz_target;
use std::fmt::{Debug, Display};
use std::str::FromStr;

fuzz_target!(|text: &str| {
    reads_back::<Span>(text);
    reads_back::<Limit>(text);
    reads_back::<History>(text);
    if let Ok(accent) = text.parse::<Accent>() {
        assert_eq!(accent.day().to_string().parse(), Ok(accent));
        for colour in [accent.day_hover(), accent.night(), accent.night_hover()] {
            assert_eq!(colour.to_string().len(), 7);
        }
    }
    if let Some(code) = Code::parse(text) {
        assert!(
            code.reveal().len() == 6 && code.reveal().bytes().all(|byte| byte.is_ascii_digit())
        );
        assert!(Code::parse(code.reveal()).is_some_and(|same| same.matches(&code)));
    }
    match tenant_setting(text, false) {
        Ok(_) => {
            let (name, _) = text.split_once('=').unwrap_or((text, ""));
            assert!(tenant_setting(&format!("{name}="), false).is_ok(), "{name} is taken back");
        }
        Err(error) => assert!(!error.to_string().contains(['\n', '\r']), "{error}"),
    }
});

fn reads_back<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let shown = value.to_string();
        assert_eq!(shown.parse::<T>().ok(), Some(value), "{text:?} is shown as {shown:?}");
    }
}
