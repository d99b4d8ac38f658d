#[uring_rt::test]
#[test]
async fn with_test_of_std() {}

#[uring_rt::test]
#[ignore]
#[::core::prelude::v1::test]
async fn with_test_by_path() {}

#[uring_rt::test]
#[uring_rt::test]
async fn twice_ours() {}

fn main() {}
