//! Which rungs of the ladder this kernel has; also for the test programs beside this one.

use std::sync::OnceLock;

use uring_rt::runtime::Rung;

/// Whether a runtime that is asked for the rung gets it, and not the next below. Says so if not.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
pub(crate) fn has_rung(rung: Rung) -> bool {
    static BEST: OnceLock<Option<Rung>> = OnceLock::new();
    let best = *BEST.get_or_init(|| uring_rt::probe().unwrap().rung);
    let has = best.is_some_and(|best| best <= rung);
    if !has {
        let best = best.map_or("G", Rung::name);
        println!(
            "skipped on rung {}: the best here is rung {best}",
            rung.name()
        );
    }
    has
}
