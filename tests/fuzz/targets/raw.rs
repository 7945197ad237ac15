//! Calls as they are encoded, by people who have no special right, with all invariants after each block.

#![no_main]
// libFuzzer finds its target by an exported name.
#![allow(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| { openledger_fuzz::raw(bytes) });
