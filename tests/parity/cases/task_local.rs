//! `task_local!`.

use std::cell::Cell;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use crate::rt;
use crate::rt::task::{LocalKey, spawn, yield_now};
use crate::support::panics;

rt::task_local! {
    /// A doc comment is allowed.
    pub(crate) static NAME: String;
    static NUMBER: u32;
}

rt::task_local! { static COUNT: Cell<u32> }

#[rt::test]
async fn a_scope_holds_across_awaits_and_nests() {
    let seen = NUMBER.scope(1, async {
        yield_now().await;
        let inner = NUMBER
            .scope(2, async {
                yield_now().await;
                NUMBER.get()
            })
            .await;
        (NUMBER.get(), inner)
    });
    assert_eq!(seen.await, (1, 2));
    assert!(NUMBER.try_get().is_err());
}

#[rt::test]
async fn two_tasks_have_their_own() {
    let with = |n| {
        NUMBER.scope(n, async {
            for _ in 0..3 {
                yield_now().await;
            }
            NUMBER.get()
        })
    };
    let (one, other) = (spawn(with(1)), spawn(with(2)));
    assert_eq!((one.await.unwrap(), other.await.unwrap()), (1, 2));
}

#[rt::test]
async fn a_spawned_task_does_not_inherit() {
    let inherited = NUMBER.scope(1, async { spawn(async { NUMBER.try_get().is_ok() }).await });
    assert!(!inherited.await.unwrap());
}

#[test]
fn a_closure_has_a_scope_too() {
    assert_eq!(NAME.sync_scope("ada".into(), || NAME.with(String::len)), 3);
    let panicked = panics(|| NUMBER.sync_scope(1, || panic!("inside")));
    assert!(
        panicked && NUMBER.try_get().is_err(),
        "a panic ends the scope"
    );
}

#[test]
fn outside_there_is_none() {
    assert!(panics(|| NUMBER.get()));
    assert!(panics(|| NAME.with(String::len)));
    let error = NUMBER.try_with(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "task-local value not set");
    assert_eq!(format!("{error:?}"), "AccessError");
}

#[test]
fn a_scope_cannot_begin_while_its_value_is_borrowed() {
    let inside = || NUMBER.with(|_| NUMBER.sync_scope(2, || ()));
    assert!(panics(|| NUMBER.sync_scope(1, inside)));
}

#[rt::test]
async fn the_value_is_taken_out_after_the_end() {
    let mut counting = pin!(COUNT.scope(Cell::new(0), async {
        COUNT.with(|count| count.set(count.get() + 5));
    }));
    counting.as_mut().await;
    assert_eq!(counting.as_mut().take_value().unwrap().get(), 5);
    assert!(counting.as_mut().take_value().is_none());
}

#[rt::test]
async fn polled_again_after_the_end_it_panics() {
    let mut done = pin!(NUMBER.scope(1, async {}));
    done.as_mut().await;
    assert!(panics(|| crate::support::poll(done.as_mut())));
}

/// Tells, when it is dropped, which value it sees.
struct Looks(Arc<Mutex<Option<u32>>>);

impl Drop for Looks {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = NUMBER.try_get().ok();
    }
}

#[rt::test]
async fn destructors_see_the_value_whether_the_future_ends_or_is_dropped() {
    for ends in [true, false] {
        let seen = Arc::default();
        let looks = Looks(Arc::clone(&seen));
        let scope = NUMBER.scope(4, async move {
            let _looks = looks;
            if !ends {
                std::future::pending::<()>().await;
            }
        });
        let mut scope = Box::pin(scope);
        assert_eq!(crate::support::poll(scope.as_mut()).is_ready(), ends);
        drop(scope);
        assert_eq!(*seen.lock().unwrap(), Some(4), "ends: {ends}");
    }
}

#[test]
fn keys_are_statics_of_a_type_with_a_name() {
    static KEYS: [&LocalKey<u32>; 1] = [&NUMBER];
    assert_eq!(KEYS[0].sync_scope(9, || NUMBER.get()), 9);
}
