#[uring_rt::main]
async fn main() -> Result<(), std::io::Error> {
    println!("no value after this");
}
