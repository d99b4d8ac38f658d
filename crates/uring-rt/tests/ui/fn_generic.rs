#[uring_rt::main]
async fn main<T: Default>() {
    drop(T::default());
}

#[uring_rt::test]
async fn a_test<const N: usize>() {
    assert_eq!([1; N].iter().sum::<usize>(), N);
}
