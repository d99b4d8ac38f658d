trait Application {
    #[uring_rt::main]
    async fn run();
}

fn main() {}
