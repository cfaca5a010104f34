//! Builders: names, handlers, threads of the program's, errors; and how pools end.

use rayon_core::{
    ThreadPoolBuilder, Yield, current_num_threads, current_thread_index, spawn, spawn_broadcast,
    yield_now,
};
use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

#[test]
fn names_come_from_a_closure_that_cannot_move() {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&asked);
    let pool = ThreadPoolBuilder::new()
        .num_threads(3)
        .thread_name(move |index| {
            log.borrow_mut().push(index);
            format!("hand {index}")
        })
        .build()
        .unwrap();
    assert_eq!(*asked.borrow(), [0, 1, 2]);
    assert_eq!(
        Rc::strong_count(&asked),
        1,
        "the closure is gone, with what it has captured"
    );
    let names = pool.broadcast(|_| thread::current().name().map(str::to_owned));
    assert_eq!(
        names,
        ["hand 0", "hand 1", "hand 2"].map(|name| Some(name.to_owned()))
    );
    let unnamed = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(unnamed.install(|| thread::current().name().is_none()));
}

#[test]
fn handlers_know_the_index_and_may_spawn() {
    let (sender, receiver) = channel();
    let (begins, ends) = (sender.clone(), sender);
    let pool = ThreadPoolBuilder::new()
        .num_threads(2)
        .start_handler(move |index| {
            assert_eq!(current_thread_index(), Some(index));
            let begins = begins.clone();
            spawn(move || begins.send(("spawned", index)).unwrap());
        })
        .exit_handler(move |index| ends.send(("ended", index)).unwrap())
        .build()
        .unwrap();
    // Both have begun; what they have spawned is run.
    pool.broadcast(|_| ());
    let mut seen: Vec<_> = receiver.iter().take(2).collect();
    drop(pool);
    seen.extend(receiver);
    seen.sort_unstable();
    assert_eq!(
        seen,
        [("ended", 0), ("ended", 1), ("spawned", 0), ("spawned", 1)]
    );
}

#[test]
fn what_was_spawned_keeps_its_pool() {
    let (sender, receiver) = channel();
    let all_began = Arc::new(Barrier::new(3));
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let (began, calls) = (Arc::clone(&all_began), sender.clone());
    pool.spawn_broadcast(move |context| {
        began.wait();
        let sender = calls.clone();
        // Spawned when the pool has no owner any more.
        spawn(move || {
            assert_eq!(current_num_threads(), 2);
            let inner = sender.clone();
            spawn_broadcast(move |_| inner.send("inner").unwrap());
            sender.send("outer").unwrap();
        });
        assert!(context.index() < context.num_threads());
    });
    drop(pool);
    all_began.wait();
    drop(sender);
    let mut seen: Vec<_> = receiver.into_iter().collect();
    seen.sort_unstable();
    assert_eq!(seen, ["inner", "inner", "inner", "inner", "outer", "outer"]);
}

#[test]
fn a_pool_ends_with_its_last_closure_on_its_own_thread() {
    let (sender, receiver) = channel();
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .exit_handler(move |_| sender.send("ended").unwrap())
        .build()
        .unwrap();
    let pool = Arc::new(pool);
    let owner = Arc::clone(&pool);
    pool.spawn(move || drop(owner));
    drop(pool);
    assert_eq!(receiver.recv(), Ok("ended"));
    assert!(receiver.recv().is_err(), "handlers go with the pool");
}

#[test]
fn panics_end_no_process() {
    let (sender, receiver) = channel();
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.spawn(|| panic!("nobody is told"));
    pool.spawn_broadcast(|_| panic!("nobody is told"));
    pool.spawn(move || sender.send(1).unwrap());
    assert_eq!(receiver.recv(), Ok(1));
    let handled = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&handled);
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .start_handler(|_| panic!("start"))
        .exit_handler(|_| panic!("exit"))
        .panic_handler(move |payload| {
            let text = payload.downcast::<&str>().unwrap();
            log.lock().unwrap().push(*text);
            if *text == "handler" {
                panic!("in the handler itself");
            }
        })
        .build_scoped(
            |thread| thread.run(),
            |pool| {
                pool.spawn(|| panic!("spawned"));
                pool.spawn(|| panic!("handler"));
                pool.install(|| ());
            },
        );
    pool.unwrap();
    let mut texts = handled.lock().unwrap().clone();
    texts.sort_unstable();
    assert_eq!(texts, ["exit", "handler", "spawned", "start"]);
}

#[test]
fn a_refused_thread_is_an_error_with_its_own_text() {
    let (sender, receiver) = channel();
    let error = ThreadPoolBuilder::new()
        .num_threads(3)
        .exit_handler(move |index| sender.send(index).unwrap())
        .spawn_handler(|thread| {
            if thread.index() == 2 {
                return Err(io::Error::other("no more hands"));
            }
            thread::spawn(|| thread.run());
            Ok(())
        })
        .build()
        .unwrap_err();
    assert_eq!(error.to_string(), "no more hands");
    assert!(error.source().unwrap().is::<io::Error>());
    let mut ended: Vec<_> = receiver.into_iter().collect();
    ended.sort_unstable();
    assert_eq!(ended, [0, 1]);
}

#[test]
fn the_current_thread_as_a_pool_of_one() {
    thread::spawn(|| {
        let (sender, receiver) = channel();
        let starts = sender.clone();
        let pool = ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .start_handler(move |_| starts.send("handlers are for the pool's own").unwrap())
            .spawn_handler(|_| unreachable!("there is no further thread"))
            .build()
            .unwrap();
        assert_eq!(
            (pool.current_thread_index(), current_thread_index()),
            (Some(0), Some(0))
        );
        pool.spawn(move || sender.send("spawned").unwrap());
        assert_eq!(pool.current_thread_has_pending_tasks(), Some(true));
        // Nobody else would run it.
        assert_eq!(yield_now(), Some(Yield::Executed));
        assert_eq!(receiver.try_recv(), Ok("spawned"));
        while yield_now() != Some(Yield::Idle) {}
        let second = ThreadPoolBuilder::new().use_current_thread().build();
        let error = second.unwrap_err();
        assert_eq!(
            error.to_string(),
            "The current thread is already part of another thread pool."
        );
        assert!(error.source().is_none());
    })
    .join()
    .unwrap();
}

#[test]
fn many_threads_with_a_pool_of_their_own_each() {
    thread_local! {
        static OWN: rayon_core::ThreadPool = ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build()
            .unwrap();
    }
    for _ in 0..50 {
        let sum = thread::spawn(|| OWN.with(|own| own.install(|| rayon_core::join(|| 20, || 22))));
        assert_eq!(sum.join().unwrap(), (20, 22));
    }
}

#[test]
fn builders_say_what_they_are() {
    let builder = ThreadPoolBuilder::new()
        .num_threads(3)
        .spawn_handler(|_| Ok(()));
    assert!(format!("{builder:?}").starts_with("ThreadPoolBuilder { num_threads: 3"));
    let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert!(format!("{pool:?}").starts_with("ThreadPool { num_threads: 3"));
}

#[test]
fn what_others_share_can_be_sent() {
    fn sent<T: Send + Sync>() {}
    sent::<rayon_core::ThreadPool>();
    sent::<rayon_core::ThreadPoolBuildError>();
    sent::<rayon_core::Scope<'_>>();
    sent::<rayon_core::ScopeFifo<'_>>();
}
