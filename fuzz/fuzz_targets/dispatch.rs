//! Registrations, waits and completions in any order.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| uring_reactor::fuzzing::dispatch(data));
