//! What the compiler tells a user who got an attribute wrong: one file per
//! mistake in `tests/ui`, with the messages beside it.
//!
//! After a deliberate change of a message, `TRYBUILD=overwrite cargo test
//! --package uring-rt --test ui` rewrites them; read the difference.

#[test]
fn every_mistake_in_an_attribute_is_explained_where_it_was_made() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
