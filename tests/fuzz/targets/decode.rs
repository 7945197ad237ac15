//! Whatever bytes are read as a message, none of them panics.

#![no_main]
// libFuzzer finds its target by an exported name.
#![allow(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| { openledger_fuzz::decode(bytes) });
