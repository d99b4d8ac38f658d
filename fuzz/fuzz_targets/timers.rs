//! The heap of timers against a list.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| uring_reactor::fuzzing::timers(data));
