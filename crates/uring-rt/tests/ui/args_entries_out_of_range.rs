#[uring_rt::test(entries = 0)]
async fn none() {}

#[uring_rt::test(entries = 32_769)]
async fn too_many() {}

#[uring_rt::test(entries = -1)]
async fn negative() {}

fn main() {}
