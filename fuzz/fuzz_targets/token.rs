//! Any `user_data` word can be taken apart, and comes back as it was packed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| uring_reactor::fuzzing::token(data));
