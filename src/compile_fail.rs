//! Programs that must not compile: one for each way in which data could be used by two threads
//! that may not share it, or after its end.
//!
//! Each is a doctest of an empty module, with the compiler's error code. (A doctest that fails to
//! compile for another reason fails the test.)

/// Both halves of a join may move to another thread.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::join(|| drop(not_send.clone()), || ());
/// ```
///
/// ```compile_fail,E0277
/// let not_sync = std::cell::Cell::new(1);
/// manyhands::join(|| not_sync.set(2), || ());
/// ```
mod join_captures {}

/// What a half returns comes back from another thread.
///
/// ```compile_fail,E0277
/// manyhands::join(|| (), || std::rc::Rc::new(1));
/// ```
mod join_results {}

/// The halves run at the same time.
///
/// ```compile_fail,E0499
/// let mut items = [1, 2];
/// manyhands::join(|| items[0] = 3, || items[1] = 4);
/// ```
mod join_shared_mutably {}

/// Each closure of a join of many may move to another thread, and its result comes back.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::join3(|| (), || (), || drop(not_send.clone()));
/// ```
///
/// ```compile_fail,E0277
/// manyhands::join4(|| (), || (), || (), || std::rc::Rc::new(1));
/// ```
///
/// ```compile_fail,E0277
/// manyhands::join_all([1, 2].map(|n| move || std::rc::Rc::new(n)));
/// ```
///
/// ```compile_fail,E0277
/// let not_sync = std::cell::Cell::new(1);
/// manyhands::join_array::<_, _, 3>(|n| not_sync.replace(n));
/// ```
///
/// ```compile_fail,E0277
/// let mut not_send = [std::rc::Rc::new(1), std::rc::Rc::new(2)];
/// manyhands::join_each(&mut not_send, |_, _| ());
/// ```
mod joins_of_many {}

/// `FnContext` speaks of its thread.
///
/// ```compile_fail,E0277
/// manyhands::join_context(|context| std::thread::spawn(move || context.migrated()), |_| ());
/// ```
mod fn_context_leaves_its_thread {}

/// A job may run on another thread.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::scope(|s| s.spawn(move |_| drop(not_send)));
/// ```
///
/// ```compile_fail,E0277
/// let not_sync = std::cell::Cell::new(1);
/// manyhands::in_place_scope(|s| s.spawn(|_| not_sync.set(2)));
/// ```
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::scope_fifo(|s| s.spawn_fifo(move |_| drop(not_send)));
/// ```
mod scope_jobs {}

/// The body of a `scope` may run on another thread; that of an `in_place_scope` does not.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::scope(|_| drop(not_send.clone()));
/// ```
mod scope_body {}

/// A job may run after the body has ended, and so must not borrow from it.
///
/// ```compile_fail,E0373
/// manyhands::scope(|s| {
///     let local = 1;
///     s.spawn(|_| assert_eq!(local, 1));
/// });
/// ```
///
/// ```compile_fail,E0597
/// manyhands::scope(|s| {
///     let local = 1;
///     let local = &local;
///     s.spawn(move |_| assert_eq!(*local, 1));
/// });
/// ```
mod scope_jobs_borrow_from_the_body {}

/// A scope ends when `scope` returns: nothing outside may keep it.
///
/// ```compile_fail,E0521
/// let mut kept = None;
/// manyhands::scope(|s| kept = Some(s));
/// ```
///
/// ```compile_fail
/// // No code: "lifetime may not live long enough".
/// let kept = manyhands::in_place_scope(|s| s);
/// ```
mod scope_escapes {}

/// Two jobs run at the same time.
///
/// ```compile_fail,E0499
/// let mut count = 0;
/// manyhands::scope(|s| {
///     s.spawn(|_| count += 1);
///     s.spawn(|_| count += 1);
/// });
/// ```
mod scope_jobs_share_mutably {}

/// A broadcast's context is that of one call on one worker.
///
/// ```compile_fail
/// // No code: "lifetime may not live long enough".
/// manyhands::broadcast(|context| context);
/// ```
///
/// ```compile_fail,E0277
/// manyhands::spawn_broadcast(|context| {
///     std::thread::scope(|threads| {
///         threads.spawn(|| context.index());
///     });
/// });
/// ```
mod broadcast_context_escapes {}

/// A broadcast's closure is called by many threads at once.
///
/// ```compile_fail,E0277
/// let not_sync = std::cell::Cell::new(1);
/// manyhands::broadcast(|_| not_sync.set(2));
/// ```
mod broadcast_captures {}

/// A task is made of a future, not of a closure. (`tests/messages.rs` has what the compiler says.)
///
/// ```compile_fail,E0277
/// manyhands::spawn(|| 6 * 7);
/// ```
///
/// ```compile_fail,E0277
/// manyhands::Handle::current().spawn(|| 6 * 7);
/// ```
///
/// ```compile_fail,E0277
/// manyhands::task::JoinSet::<i32>::new().spawn(|| 6 * 7);
/// ```
mod task_of_a_closure {}

/// A task is polled by any thread of the pool.
///
/// ```compile_fail
/// // No code: "future cannot be sent between threads safely".
/// let not_send = std::rc::Rc::new(1);
/// manyhands::spawn(async move {
///     manyhands::task::yield_now().await;
///     drop(not_send);
/// });
/// ```
///
/// ```compile_fail
/// // No code, as above.
/// manyhands::spawn(async { std::rc::Rc::new(1) });
/// ```
mod task_captures {}

/// A task outlives its spawner.
///
/// ```compile_fail,E0373
/// let local = 1;
/// manyhands::spawn(async { assert_eq!(local, 1) });
/// ```
///
/// ```compile_fail,E0373
/// let local = 1;
/// manyhands::spawn_compute(|| assert_eq!(local, 1));
/// ```
///
/// ```compile_fail,E0373
/// let local = 1;
/// manyhands::compute(|| assert_eq!(local, 1));
/// ```
///
/// ```compile_fail,E0373
/// let local = 1;
/// manyhands::spawn_blocking(|| assert_eq!(local, 1));
/// ```
mod task_borrows {}

/// Closures that compute or block run on other threads.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::spawn_compute(move || drop(not_send));
/// ```
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::spawn_blocking(move || drop(not_send));
/// ```
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// let pool = manyhands::Pool::builder().build().unwrap();
/// pool.install(|| drop(not_send.clone()));
/// ```
mod closures_capture {}

/// An output crosses threads with its handle.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<manyhands::JoinHandle<std::rc::Rc<u8>>>();
/// ```
mod handle_of_not_send {}

/// What a scoped pool's threads borrow outlives the pool, and the pool cannot be kept.
///
/// ```compile_fail
/// // No code: "lifetime may not live long enough".
/// let pool = manyhands::Pool::builder().build_scoped(|thread| thread.run(), |pool| pool);
/// ```
mod scoped_pool_escapes {}

/// An ordered loop consumes here, but makes its items elsewhere.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let cell = std::cell::Cell::new(0);
/// (0..9).par_map_ordered(3, |n| cell.replace(n)).for_each(drop);
/// ```
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let cells = (0..9).map(std::rc::Rc::new);
/// cells.par_map_ordered(3, |n| *n).for_each(drop);
/// ```
mod ordered_loops {}

/// A lent state goes from thread to thread.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let mut states = [std::rc::Rc::new(1)];
/// (0..9).into_par_iter().for_each_with_state(&mut states, |_, _| ());
/// ```
mod states_move {}

/// The first and the last item of a piece are compared on another thread.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let not_sync = std::cell::Cell::new(0);
/// (0..9).into_par_iter().is_sorted_by(|a, b| not_sync.replace(*a) < *b);
/// ```
mod order_of_not_sync {}

/// A scan shares its results while it links pieces.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// use std::cell::Cell;
/// let cells = (0..9).into_par_iter().map(Cell::new);
/// cells.inclusive_scan(|a, b| Cell::new(a.get() + b.get()));
/// ```
mod scan_of_not_sync {}

/// A loop needs items that may move to another thread, or references to such as may be shared.
///
/// ```compile_fail,E0599
/// use manyhands::prelude::*;
/// let not_send = vec![std::rc::Rc::new(1)];
/// not_send.into_par_iter().count();
/// ```
///
/// ```compile_fail,E0599
/// use manyhands::prelude::*;
/// let not_sync = vec![std::cell::Cell::new(1)];
/// not_sync.par_iter().count();
/// ```
///
/// ```compile_fail,E0599
/// use manyhands::prelude::*;
/// let mut not_send = [std::rc::Rc::new(1)];
/// not_send.par_chunks_mut(1).count();
/// ```
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// (0..9).into_par_iter().map(std::rc::Rc::new).count();
/// ```
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let not_send = std::rc::Rc::new(1);
/// std::iter::repeat(()).map(move |()| *not_send).par_bridge();
/// ```
mod loop_items {}

/// The closures of a loop are called by many threads at once.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let not_sync = std::cell::Cell::new(0);
/// (0..9).into_par_iter().for_each(|x| not_sync.set(x));
/// ```
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// let not_send = std::rc::Rc::new(0);
/// (0..9).into_par_iter().filter(|x| *x > *not_send).count();
/// ```
///
/// ```compile_fail,E0594
/// use manyhands::prelude::*;
/// let mut sum = 0;
/// (0..9).into_par_iter().for_each(|x| sum += x);
/// ```
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// // A value that is cloned for each piece goes to the piece's thread.
/// (0..9).into_par_iter().for_each_with(std::rc::Rc::new(0), |_, _| ());
/// ```
mod loop_closures {}

/// A loop borrows what it goes through.
///
/// ```compile_fail,E0499
/// use manyhands::prelude::*;
/// let mut items = [1, 2];
/// items.par_iter_mut().zip(items.par_iter_mut()).count();
/// ```
///
/// ```compile_fail,E0502
/// use manyhands::prelude::*;
/// let mut items = vec![1, 2];
/// items.par_drain(..).for_each(|x| drop(items.get(x)));
/// ```
///
/// ```compile_fail,E0505
/// use manyhands::prelude::*;
/// let items = vec![1, 2];
/// let iter = items.par_iter();
/// drop(items);
/// iter.count();
/// ```
mod loop_borrows {}

/// What was indexed is not any more behind an adapter that does not know how much is left.
///
/// ```compile_fail,E0277
/// use manyhands::prelude::*;
/// (0..9).into_par_iter().zip((0..9).into_par_iter().filter(|x| x % 2 == 0)).count();
/// ```
///
/// ```compile_fail,E0599
/// use manyhands::prelude::*;
/// (0..9).into_par_iter().flat_map(|x| [x]).rev();
/// ```
///
/// ```compile_fail,E0599
/// use manyhands::prelude::*;
/// (0..9_u64).into_par_iter().enumerate();
/// ```
mod loop_places {}

/// An adapter alone does nothing.
///
/// ```compile_fail
/// // No code: `unused_must_use`.
/// #![deny(unused_must_use)]
/// use manyhands::prelude::*;
/// [1, 2].par_iter().map(|x| x + 1);
/// ```
mod loop_is_lazy {}

/// The attributes are for async functions without arguments. (`tests/messages.rs` has what they
/// say.)
///
/// ```compile_fail
/// // No code: an error of the attribute.
/// #[manyhands::main]
/// fn main() {}
/// ```
///
/// ```compile_fail
/// // No code, as above.
/// #[manyhands::main(threads = 4)]
/// async fn main() {}
/// ```
///
/// ```compile_fail,E0277
/// #[manyhands::main]
/// async fn main() -> &'static str {
///     "no status"
/// }
/// ```
#[cfg(feature = "macros")]
mod attributes {}

/// A pinned future is made on its thread by a closure that goes there, and its output comes back.
///
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// manyhands::task::LocalPoolHandle::new(1).spawn_pinned(move || async move { *not_send });
/// ```
///
/// ```compile_fail,E0277
/// manyhands::task::LocalPoolHandle::new(1).spawn_pinned(|| async { std::rc::Rc::new(1) });
/// ```
mod pinned_futures {}

/// A thread that has entered a pool leaves it.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<manyhands::EnterGuard<'static>>();
/// ```
mod guard_leaves_its_thread {}
