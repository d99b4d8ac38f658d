//! The tests that the guide's page on testing shows.

include!(concat!(env!("OUT_DIR"), "/testing.rs"));
