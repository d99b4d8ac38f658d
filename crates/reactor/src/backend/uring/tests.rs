//! What only shows between the steps of a turn.

use uring_sys::Sqe;

use crate::backend::deadline::Wait;
use crate::backend::kernel::Kernel;
use crate::backend::rung::Rung;
use crate::backend::uring::Uring;
use crate::backend::{Backend, Env, ladder};
use crate::driver::Choice;
use crate::options::Options;
use crate::token::Internal;

#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn on_every_rung(test: impl Fn(&mut Backend, &Env)) {
    for rung in Rung::ALL {
        let env = Env::new(Kernel::Linux).unwrap();
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        match ladder::open(&options, &env) {
            Ok((mut backend, _)) => test(&mut backend, &env),
            Err(error) => println!("skipped on rung {}: {error}", rung.name()),
        }
    }
}

#[test]
fn a_notification_between_the_announcement_and_the_sleep_ends_it() {
    on_every_rung(|backend, env| {
        let mut out = Vec::new();
        // The wake-up poll is in the kernel.
        backend.wait(Wait::NonBlocking, &mut out).unwrap();
        for _ in 0..3 {
            assert!(env.notifier.prepare_park());
            // Without deferred task work, its completion is there at once.
            assert!(env.notifier.notify());
            // A lost wake leaves the test here.
            backend.wait(Wait::Until(None), &mut out).unwrap();
            assert!(env.notifier.unpark());
            backend.wait(Wait::NonBlocking, &mut out).unwrap();
        }
    });
}

impl Uring {
    /// Cancels everything, as the end of the thread that submitted it does, or a cancel by file from elsewhere.
    pub(crate) fn cancel_behind_our_back(&mut self) -> bool {
        self.push(Sqe::cancel_all().with_user_data(Internal::Ignore.pack()));
        self.caps.cancel_all
    }

    /// Makes the next wait find that completions were lost, as before Linux 5.5.
    pub(crate) fn pretend_loss(&mut self) {
        self.lost = self.lost.wrapping_sub(1);
    }
}
