//! The book's chapter "tokio's interface, name by name": that it has every name, and that what it
//! calls the same is the same. For that, one text of code compiles twice, for this crate and for
//! tokio.

#![allow(
    dead_code,
    unused_assignments,
    unused_imports,
    clippy::let_underscore_future
)]

use std::collections::BTreeSet;

/// Every stable name of tokio 1.54 in `task`, `runtime` and `time`, and of tokio-util 0.7.20 in
/// `task` and `sync`. Methods of traits of `std` are left out.
const NAMES: &str = "
    tokio::main tokio::test
    spawn spawn_blocking block_in_place yield_now spawn_local id try_id task_local
    LocalSet LocalEnterGuard Id
    JoinHandle AbortHandle abort is_finished abort_handle
    JoinError is_cancelled is_panic into_panic try_into_panic
    JoinSet new len is_empty spawn_on spawn_local_on spawn_blocking_on join_next join_next_with_id
    try_join_next try_join_next_with_id shutdown join_all abort_all detach_all poll_join_next
    poll_join_next_with_id
    LocalKey TaskLocalFuture scope sync_scope with try_with get try_get take_value
    coop consume_budget unconstrained Unconstrained has_budget_remaining poll_proceed
    RestoreOnPending made_progress cooperative Coop
    run_until enter block_on
    Runtime Handle EnterGuard TryCurrentError is_missing_context is_thread_local_destroyed
    RuntimeFlavor runtime_flavor CurrentThread MultiThread is_rt_shutdown_err LocalRuntime
    LocalOptions build_local current try_current handle name shutdown_timeout shutdown_background
    RuntimeMetrics metrics num_workers num_alive_tasks global_queue_depth
    worker_total_busy_duration worker_park_count worker_park_unpark_count
    Builder new_current_thread new_multi_thread enable_all enable_io enable_time worker_threads
    max_blocking_threads thread_name thread_name_fn thread_stack_size on_thread_start
    on_thread_stop on_thread_park on_thread_unpark build thread_keep_alive global_queue_interval
    event_interval max_io_events_per_tick max_io_events_per_busy_tick start_paused
    sleep sleep_until Sleep deadline is_elapsed reset timeout timeout_at Timeout get_ref get_mut
    into_inner interval interval_at Interval tick poll_tick reset_immediately reset_after reset_at
    missed_tick_behavior set_missed_tick_behavior period MissedTickBehavior Burst Delay Skip
    Duration Instant now from_std into_std elapsed duration_since checked_duration_since
    saturating_duration_since checked_add checked_sub error::Elapsed error::Error
    pause resume advance
    AbortOnDropHandle AbortOnDrop detach JoinMap JoinMapKeys with_capacity with_hasher
    with_capacity_and_hasher capacity abort_matching keys contains_key contains_task reserve
    shrink_to_fit shrink_to JoinQueue LocalPoolHandle num_threads get_task_loads_for_each_worker
    spawn_pinned spawn_pinned_by_idx
    TaskTracker TaskTrackerToken track_future TrackedFuture token wait
    CancellationToken child_token cancelled cancelled_owned run_until_cancelled
    run_until_cancelled_owned drop_guard drop_guard_ref DropGuard DropGuardRef
    WaitForCancellationFuture WaitForCancellationFutureOwned RunUntilCancelledFuture
    RunUntilCancelledFutureOwned PollSender PollSendError PollSemaphore ReusableBoxFuture";

/// The words between back-quotes.
fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .flat_map(str::split_whitespace)
}

/// The words of a path or an expression.
fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
}

#[test]
fn the_chapter_has_every_name_and_no_wrong_one() {
    let chapter = include_str!("../../book/src/tokio-checklist.md");
    let (head, rest) = chapter.split_once("## The same").expect("a section");
    let (same, others) = rest.split_once("## Other").expect("a section");
    assert!(head.contains("1.54"));
    let told: BTreeSet<&str> = quoted(same).chain(quoted(others)).flat_map(words).collect();
    let missing: BTreeSet<&str> = words(NAMES).filter(|name| !told.contains(name)).collect();
    assert!(missing.is_empty(), "not in the chapter: {missing:?}");
    let (_, uses) = include_str!("tokio_names.rs")
        .split_once("macro_rules! same")
        .expect("below");
    let used: BTreeSet<&str> = words(uses).collect();
    let unused: BTreeSet<&str> = quoted(same)
        .flat_map(words)
        .filter(|name| !used.contains(name))
        .collect();
    assert!(unused.is_empty(), "not compiled here: {unused:?}");
}

mod here {
    pub(super) use manyhands as base;
    pub(super) use manyhands::task as util;
    pub(super) use manyhands::task::TaskLocalFuture;
    pub(super) use manyhands::{EnterGuard, Handle, Pool as Runtime};

    pub(super) fn builder() -> manyhands::PoolBuilder {
        manyhands::Pool::builder()
    }
}

mod there {
    pub(super) use tokio as base;
    pub(super) use tokio::runtime::{EnterGuard, Handle, Runtime};
    pub(super) use tokio::task::futures::TaskLocalFuture;
    pub(super) use tokio_util::task as util;

    pub(super) fn builder() -> tokio::runtime::Builder {
        tokio::runtime::Builder::new_multi_thread()
    }
}

/// Not called: it is the compiler that checks.
macro_rules! same {
    ($side:ident) => {
        mod $side {
            use super::super::$side::*;
            use base::task::{
                AbortHandle, Id, JoinError, JoinHandle, JoinSet, LocalKey, block_in_place, coop,
                spawn_blocking, yield_now,
            };
            use base::time::{self, Duration, Instant};
            use std::any::Any;
            use std::future::{Future, Ready, pending, ready};
            use std::io;
            use std::pin::Pin;
            use std::rc::Rc;
            use std::task::{Context, Poll};
            use util::{AbortOnDropHandle, JoinMap, JoinMapKeys, JoinQueue, LocalPoolHandle};

            async fn tasks() -> io::Result<()> {
                let task: JoinHandle<u32> = base::spawn(async { 1 });
                let (_, _): (Id, bool) = (task.id(), task.is_finished());
                task.abort();
                let abort: AbortHandle = task.abort_handle();
                abort.abort();
                _ = (abort.clone().id(), abort.is_finished());
                let number: Result<u32, JoinError> = task.await;
                let number: u32 = number?;
                base::task::spawn(async move { number }).await?;
                base::task::spawn_blocking(|| 1).await?;
                _ = spawn_blocking(|| block_in_place(|| 1));
                yield_now().await;
                _ = (base::task::id() == base::task::id(), base::task::try_id());
                Ok(())
            }

            fn errors(error: JoinError) -> Result<Box<dyn Any + Send>, io::Error> {
                _ = (error.is_cancelled(), error.is_panic(), error.id());
                match error.try_into_panic() {
                    Ok(payload) => Ok(payload),
                    Err(error) if error.is_panic() => Ok(error.into_panic()),
                    Err(error) => Err(error.into()),
                }
            }

            async fn sets(handle: &Handle, context: &mut Context<'_>) {
                let mut set: JoinSet<u32> = (0..3).map(ready).collect();
                set.extend((0..3).map(ready));
                let _: AbortHandle = set.spawn(async { 1 });
                let _: AbortHandle = set.spawn_on(async { 1 }, handle);
                let _: AbortHandle = set.spawn_blocking(|| 1);
                let _: AbortHandle = set.spawn_blocking_on(|| 1, handle);
                let _: Option<Result<u32, JoinError>> = set.join_next().await;
                let _: Option<Result<(Id, u32), JoinError>> = set.join_next_with_id().await;
                let _: Option<Result<u32, JoinError>> = set.try_join_next();
                let _: Option<Result<(Id, u32), JoinError>> = set.try_join_next_with_id();
                let _: Poll<Option<Result<u32, JoinError>>> = set.poll_join_next(context);
                let _: Poll<Option<Result<(Id, u32), JoinError>>> =
                    set.poll_join_next_with_id(context);
                _ = (set.len(), set.is_empty());
                set.abort_all();
                set.detach_all();
                set.shutdown().await;
                let _: Vec<u32> = JoinSet::<u32>::default().join_all().await;
                let _: JoinSet<u32> = JoinSet::new();
            }

            async fn queues(handle: &Handle, context: &mut Context<'_>) {
                let mut queue: JoinQueue<u32> = (0..3).map(ready).collect();
                let _: AbortHandle = queue.spawn(async { 1 });
                let _: AbortHandle = queue.spawn_on(async { 1 }, handle);
                let _: AbortHandle = queue.spawn_blocking(|| 1);
                let _: AbortHandle = queue.spawn_blocking_on(|| 1, handle);
                let _: Option<Result<u32, JoinError>> = queue.join_next().await;
                let _: Option<Result<(Id, u32), JoinError>> = queue.join_next_with_id().await;
                let _: Option<Result<u32, JoinError>> = queue.try_join_next();
                let _: Option<Result<(Id, u32), JoinError>> = queue.try_join_next_with_id();
                let _: Poll<Option<Result<u32, JoinError>>> = queue.poll_join_next(context);
                let _: Poll<Option<Result<(Id, u32), JoinError>>> =
                    queue.poll_join_next_with_id(context);
                _ = (queue.len(), queue.is_empty());
                queue.abort_all();
                queue.detach_all();
                queue.shutdown().await;
                let _: Vec<u32> = JoinQueue::<u32>::default().join_all().await;
                let _: JoinQueue<u32> = JoinQueue::with_capacity(1);
                const _: JoinQueue<u32> = JoinQueue::new();
            }

            async fn maps(handle: &Handle) {
                let hasher = std::hash::RandomState::new;
                let mut map: JoinMap<String, u32> = JoinMap::new();
                map = JoinMap::with_capacity(1);
                map = JoinMap::with_hasher(hasher());
                map = JoinMap::with_capacity_and_hasher(1, hasher());
                let key = || "key".to_owned();
                map.spawn(key(), async { 1 });
                map.spawn_on(key(), async { 1 }, handle);
                map.spawn_blocking(key(), || 1);
                map.spawn_blocking_on(key(), || 1, handle);
                let _: Option<(String, Result<u32, JoinError>)> = map.join_next().await;
                let _: Option<(String, Result<u32, JoinError>)> = map.try_join_next();
                _ = (map.len(), map.is_empty(), map.capacity());
                let keys: JoinMapKeys<'_, String, u32> = map.keys();
                let _: Vec<&String> = keys.collect();
                let _: bool = map.contains_key("key");
                let _: bool = map.abort("key");
                let _: fn(&JoinMap<String, u32>, &Id) -> bool = JoinMap::contains_task;
                map.abort_matching(|key: &String| key.is_empty());
                map.reserve(1);
                map.shrink_to_fit();
                map.shrink_to(1);
                map.abort_all();
                map.detach_all();
                map.shutdown().await;
            }

            async fn children() -> Result<u32, JoinError> {
                let child = AbortOnDropHandle::new(base::spawn(async { 1 }));
                child.abort();
                _ = (
                    child.is_finished(),
                    child.abort_handle(),
                    child.as_ref().id(),
                );
                let free: JoinHandle<u32> = child.detach();
                AbortOnDropHandle::new(free).await
            }

            fn pinned() -> JoinHandle<u32> {
                let threads = LocalPoolHandle::new(2).clone();
                let _: usize = threads.num_threads();
                let _: Vec<usize> = threads.get_task_loads_for_each_worker();
                let not_send = || async { *Rc::new(1) };
                let _: JoinHandle<u32> = threads.spawn_pinned(not_send);
                threads.spawn_pinned_by_idx(not_send, 1)
            }

            base::task_local! {
                static ONE: u32;
                pub static TWO: Option<u32>;
            }

            async fn locals(value: Pin<&mut TaskLocalFuture<u32, Ready<()>>>) {
                let key: &'static LocalKey<u32> = &ONE;
                let _: Option<u32> = value.take_value();
                let future: TaskLocalFuture<u32, Ready<()>> = key.scope(1, ready(()));
                future.await;
                let _: u32 = key.sync_scope(1, || key.get());
                let _: u32 = key.with(|one| *one);
                _ = (key.try_with(|one| *one).is_ok(), key.try_get().is_ok());
            }

            async fn budgets(context: &mut Context<'_>) {
                use coop::{Coop, RestoreOnPending, Unconstrained};
                base::task::consume_budget().await;
                coop::consume_budget().await;
                let all: base::task::Unconstrained<Ready<()>> =
                    base::task::unconstrained(ready(()));
                all.await;
                let all: Unconstrained<Ready<()>> = coop::unconstrained(ready(()));
                all.await;
                let one: Coop<Ready<()>> = coop::cooperative(ready(()));
                one.await;
                let _: bool = coop::has_budget_remaining();
                let unit: Poll<RestoreOnPending> = coop::poll_proceed(context);
                if let Poll::Ready(unit) = unit {
                    unit.made_progress();
                }
            }

            fn runtimes() {
                let runtime: Runtime = builder()
                    .max_blocking_threads(1)
                    .thread_keep_alive(Duration::from_secs(1))
                    .on_thread_start(|| ())
                    .on_thread_stop(|| ())
                    .on_thread_park(|| ())
                    .on_thread_unpark(|| ())
                    .build()
                    .unwrap();
                let _: JoinHandle<u32> = runtime.spawn(async { 1 });
                let _: JoinHandle<u32> = runtime.spawn_blocking(|| 1);
                let _: u32 = runtime.block_on(async { 1 });
                let entered: EnterGuard<'_> = runtime.enter();
                drop(entered);
                _ = runtime.metrics();
                let handle: &Handle = runtime.handle();
                let _: JoinHandle<u32> = handle.spawn(async { 1 });
                let _: JoinHandle<u32> = handle.spawn_blocking(|| 1);
                let _: u32 = handle.block_on(async { 1 });
                let entered: EnterGuard<'_> = handle.enter();
                drop(entered);
                _ = handle.metrics();
                _ = Handle::current().clone();
                let second: fn(Runtime) = Runtime::shutdown_background;
                _ = (runtime.shutdown_timeout(Duration::from_secs(1)), second);
            }

            async fn timers(context: &mut Context<'_>) -> Result<(), time::error::Elapsed> {
                let at: Instant = Instant::now() + Duration::from_secs(1);
                let mut sleep: Pin<Box<time::Sleep>> = Box::pin(time::sleep(Duration::ZERO));
                let _: Instant = sleep.deadline();
                let _: bool = sleep.is_elapsed();
                sleep.as_mut().reset(at);
                time::sleep_until(at).await;
                let mut late: time::Timeout<Ready<()>> = time::timeout(Duration::ZERO, ready(()));
                let _: &Ready<()> = late.get_ref();
                let _: &mut Ready<()> = late.get_mut();
                let _: Ready<()> = late.into_inner();
                time::timeout_at(at, ready(())).await?;
                let mut ticks: time::Interval = time::interval(Duration::from_secs(1));
                ticks = time::interval_at(at, Duration::from_secs(1));
                let _: Instant = ticks.tick().await;
                let _: Poll<Instant> = ticks.poll_tick(context);
                ticks.reset();
                ticks.reset_immediately();
                ticks.reset_after(Duration::ZERO);
                ticks.reset_at(at);
                let _: time::MissedTickBehavior = ticks.missed_tick_behavior();
                for behavior in [
                    time::MissedTickBehavior::Burst,
                    time::MissedTickBehavior::Delay,
                    time::MissedTickBehavior::Skip,
                ] {
                    ticks.set_missed_tick_behavior(behavior);
                }
                let _: Duration = ticks.period();
                let _: Duration = at.elapsed();
                let _: Duration = at.duration_since(at);
                let _: Option<Duration> = at.checked_duration_since(at);
                let _: Duration = at.saturating_duration_since(at);
                let _: Option<Instant> = at.checked_add(Duration::ZERO);
                let _: Option<Instant> = at.checked_sub(Duration::ZERO);
                Ok(())
            }

            async fn wrong_turns(late: time::error::Elapsed) -> io::Error {
                pending::<()>().await;
                late.into()
            }
        }
    };
}

mod same {
    same!(here);
    same!(there);
}
