#[uring_rt::main(backend = epoll)]
async fn main() {}
