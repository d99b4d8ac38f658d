#[uring_rt::main]
async fn main() -> Unknown {
    // None of the attribute's own names is visible in the body.
    let _ = (body, runtime, builder, output);
}
