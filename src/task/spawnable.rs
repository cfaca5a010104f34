//! What `spawn` takes.

/// A future, as what [`spawn`](crate::spawn) and its like take. Every future has this trait, and
/// nothing else can have it.
///
/// It is there for whoever gives `spawn` a closure, as rayon's `spawn` takes one. With the bound
/// `F: Future` the compiler would say that a closure is not a future; now it also says what to do:
///
/// ```compile_fail,E0277
/// manyhands::spawn(|| 6 * 7);
/// ```
///
/// ```text
/// error[E0277]: `{closure@src/main.rs:2:22: 2:24}` is not a future, and `spawn` takes a future
///   |
/// 2 |     manyhands::spawn(|| 6 * 7);
///   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^ not a future
///   |
///   = help: the trait `Spawnable` is not implemented for closure `{closure@src/main.rs:2:22: 2:24}`
///   = note: for a closure that computes use `spawn_compute`, for one that blocks `spawn_blocking`
///   = note: for code that awaits use an async block: `spawn(async move { .. })`
/// ```
///
/// Functions of your own that hand a future on need not know this trait:
///
/// ```
/// use manyhands::JoinHandle;
///
/// fn start<F>(future: F) -> JoinHandle<F::Output>
/// where
///     F: Future<Output: Send> + Send + 'static,
/// {
///     manyhands::spawn(future)
/// }
///
/// assert_eq!(start(async { 42 }).join().unwrap(), 42);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a future, and `spawn` takes a future",
    label = "not a future",
    note = "for a closure that computes use `spawn_compute`, for one that blocks `spawn_blocking`",
    note = "for code that awaits use an async block: `spawn(async move {{ .. }})`"
)]
pub trait Spawnable: Future<Output = Self::Out> {
    /// The future's `Output`. It has another name so that the compiler, which looks for it first,
    /// speaks of this trait and not of `Future`.
    type Out;
}

// Without this the compiler speaks of the bound of the impl, `Future`.
#[diagnostic::do_not_recommend]
impl<F: Future> Spawnable for F {
    type Out = F::Output;
}
