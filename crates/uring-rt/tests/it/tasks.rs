//! `task`, through the paths of this crate.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::AsyncReadExt;
use uring_rt::runtime::Handle;
use uring_rt::task::{self, JoinSet, coop, yield_now};
use uring_rt::time::{Duration, sleep};

use crate::support::{for_each_backend, panic_text, runtime, tcp_pair, text_of};

#[test]
fn an_aborted_task_drops_its_sockets_and_the_peer_sees_the_end() {
    for_each_backend(async || {
        let (mut ours, theirs) = tcp_pair().await;
        let holder = uring_rt::spawn(async move { (&theirs).read(&mut [0; 8]).await });
        // It waits at the kernel.
        sleep(Duration::from_micros(20)).await;
        holder.abort();
        assert!(holder.await.unwrap_err().is_cancelled());
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(Handle::current().metrics().snapshot().reactor.sources, 1);
    });
}

#[test]
fn a_join_set_gives_each_result_once_and_aborts_the_rest_when_dropped() {
    for_each_backend(async || {
        let mut set = JoinSet::new();
        for n in 0..10_u64 {
            set.spawn(async move {
                sleep(Duration::from_micros(n * 37 % 100)).await;
                n
            });
        }
        let mut results = Vec::new();
        while let Some(result) = set.join_next().await {
            results.push(result.unwrap());
        }
        results.sort_unstable();
        assert_eq!(results, (0..10).collect::<Vec<_>>());

        let (mut ours, theirs) = tcp_pair().await;
        let mut set = JoinSet::new();
        set.spawn(async move { (&theirs).read(&mut [0; 8]).await });
        yield_now().await;
        drop(set);
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn a_join_set_spawns_on_a_runtime_from_outside() {
    let runtime = runtime();
    let mut set = JoinSet::new();
    set.spawn_on(async { 1 }, runtime.handle());
    {
        let _entered = runtime.enter();
        set.spawn(async { 2 });
    }
    let mut results = runtime.block_on(set.join_all());
    results.sort_unstable();
    assert_eq!(results, [1, 2]);
    let text = panic_text(|| JoinSet::new().spawn(async {}));
    assert!(
        text.contains("JoinSet::spawn") || text.contains("runtime"),
        "{text}"
    );
}

#[test]
fn yield_now_lets_the_others_go_first() {
    runtime().block_on(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut set = JoinSet::new();
        for name in ["a", "b", "c"] {
            let order = Rc::clone(&order);
            set.spawn(async move {
                for step in 0..2 {
                    order.borrow_mut().push(format!("{name}{step}"));
                    yield_now().await;
                }
            });
        }
        set.join_all().await;
        assert_eq!(*order.borrow(), ["a0", "b0", "c0", "a1", "b1", "c1"]);
    });
}

#[test]
fn a_panic_stays_in_its_task() {
    runtime().block_on(async {
        let falls = uring_rt::spawn(async { panic!("only me") });
        let stands = uring_rt::spawn(async { 1 });
        let error = falls.await.unwrap_err();
        assert!(error.is_panic());
        assert_eq!(text_of(error.into_panic().as_ref()), "only me");
        assert_eq!(stands.await.unwrap(), 1);
    });
}

#[test]
fn a_detached_task_runs_on_and_a_task_knows_its_id() {
    runtime().block_on(async {
        let (tell, told) = tokio::sync::oneshot::channel();
        drop(uring_rt::spawn(
            async move { tell.send(task::id()).unwrap() },
        ));
        let id = told.await.unwrap();
        assert_ne!(Some(id), task::try_id());
        let handle = task::spawn_local(async { task::id() });
        let (outer, abort) = (handle.id(), handle.abort_handle());
        assert_eq!(handle.await.unwrap(), outer);
        assert!(abort.is_finished());
    });
}

#[test]
fn budgets_are_the_tasks_own_business() {
    runtime().block_on(async {
        for _ in 0..1000 {
            coop::consume_budget().await;
        }
        let all_at_once = async {
            for _ in 0..1000 {
                coop::consume_budget().await;
            }
            coop::has_budget_remaining()
        };
        assert!(coop::unconstrained(all_at_once).await);
        assert_eq!(coop::cooperative(std::future::ready(3)).await, 3);
    });
}

#[test]
fn a_spawn_off_the_runtimes_thread_names_the_call_that_can() {
    let off_thread = |call: fn()| {
        runtime().block_on(async move {
            let panic = task::spawn_blocking(call).await.unwrap_err().into_panic();
            text_of(&*panic)
        })
    };
    let text = off_thread(|| drop(uring_rt::spawn(async {})));
    assert!(text.starts_with("uring_rt::spawn"), "{text}");
    assert!(text.contains("`Handle::spawn`"), "{text}");
    assert!(text.contains("`Handle::spawn_with`"), "{text}");

    let text = off_thread(|| drop(JoinSet::new().spawn(async {})));
    assert!(text.starts_with("JoinSet::spawn"), "{text}");
    assert!(text.contains("`JoinSet::spawn_on`"), "{text}");
}
