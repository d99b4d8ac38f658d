#[uring_rt::test]
async fn a_test(fixture: u32) {
    assert_eq!(fixture, 1);
}

fn main() {}
