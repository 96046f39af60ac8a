//! One program for all targets of `cloud::fuzz`: the variable `TARGET` chooses.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use cloud::fuzz::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|(name, _)| *name == wanted);
    target.unwrap_or_else(|| panic!("TARGET is one of {:?}", TARGETS.map(|(name, _)| name))).1
});

fuzz_target!(|data: &[u8]| TARGET(data));
