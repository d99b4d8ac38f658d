#[uring_rt::test(start_paused)]
async fn only_a_name() {}

#[uring_rt::test(entries =)]
async fn only_a_name_and_a_sign() {}

#[uring_rt::test("epoll")]
async fn only_a_value() {}

fn main() {}
