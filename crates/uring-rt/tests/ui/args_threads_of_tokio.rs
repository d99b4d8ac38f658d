#[uring_rt::test(flavor = "multi_thread")]
async fn flavor() {}

#[uring_rt::test(worker_threads = 4)]
async fn worker_threads() {}

fn main() {}
