//! What one can see of a pool: hooks, metrics, tasks. Apart from the API tests, which take long
//! to compile.

#[path = "../it/util.rs"]
#[allow(dead_code)]
mod util;

mod hooks;
mod metrics;
mod task_hooks;
mod tasks;
