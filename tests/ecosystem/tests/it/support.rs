//! The runtimes to run a test on.

use std::thread;

use uring_rt::runtime::{Backend, Builder};

/// Runs `test` on what the kernel gives best, and on epoll. Where the environment decides, on what it decides.
pub(crate) fn for_each_backend(test: impl AsyncFn()) {
    for backend in [Backend::Auto, Backend::Epoll] {
        let runtime = Builder::new().backend(backend).build().unwrap();
        let _named = Named(runtime.driver().backend());
        runtime.block_on(test());
    }
}

/// Says which backend it was when a test fails.
struct Named(&'static str);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "a failed test tells where it failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this was on {}", self.0);
        }
    }
}
