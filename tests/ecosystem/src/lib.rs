//! Nothing: `tests/it` has a module for each crate that is shown to work on uring-rt. They are here, and not in the
//! facade's own tests, so that whoever builds those need not build the crates of others.
