#[uring_rt::main]
fn main() {
    std::future::ready(()).await;
}
