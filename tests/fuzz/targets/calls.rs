//! Scripts of the market, with all invariants after each block.

#![no_main]
// libFuzzer finds its target by an exported name.
#![allow(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| { openledger_fuzz::calls(bytes) });
