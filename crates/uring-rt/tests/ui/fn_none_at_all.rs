#[uring_rt::main]
struct Main {
    field: u32,
}

#[uring_rt::main]
impl Main {}

#[uring_rt::test]
const N: u32 = 1;

fn main() {
    let _ = Main { field: N };
}
