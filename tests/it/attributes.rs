//! `#[manyhands::main]` and `#[manyhands::test]`: each function here is a test of one of them.
//! (What they say about mistakes is in `tests/messages.rs`.)

use manyhands::{Handle, current_num_threads, spawn, task};
use std::error::Error;
use std::rc::Rc;
use std::sync::Mutex;

#[manyhands::test]
async fn a_test_has_a_pool_of_one_thread() {
    let not_send = Rc::new(1);
    task::yield_now().await;
    assert_eq!((*not_send, current_num_threads()), (1, 1));
    assert_eq!(spawn(async { 2 }).await.unwrap(), 2);
}

#[manyhands::test(num_threads = 0x3)]
async fn or_of_as_many_as_it_says() {
    assert_eq!(current_num_threads(), 3);
}

#[manyhands::test(num_threads = 2)]
async fn errors_are_results() -> Result<(), Box<dyn Error>> {
    let number: u32 = "17".parse()?;
    let same = spawn(async move { number }).await?;
    if same != 17 {
        return Err("no early return".into());
    }
    Ok(())
}

#[manyhands::test]
#[should_panic(expected = "out of tea")]
async fn panics_come_out() {
    spawn(async { panic!("out of tea") }).await.unwrap()
}

/// This comment and the attributes belong to the function.
#[manyhands::test]
#[allow(unused_variables)]
#[cfg_attr(all(), should_panic(expected = "as said"))]
async fn attributes_are_kept() {
    let unused = 1;
    panic!("as said");
}

mod inner {
    #[manyhands::test(crate = manyhands)]
    pub(super) async fn a_path_and_a_visibility() {}

    #[manyhands::test(crate = "rayon", num_threads = 1)]
    async fn a_path_as_text() {
        assert_eq!(rayon::current_num_threads(), 1);
    }
}

macro_rules! tests {
    ($($vis:vis $name:ident, $threads:expr, $body:block;)*) => {
        $(#[manyhands::test(num_threads = $threads)] $vis async fn $name() $body)*
    };
}

tests! {
    made_by_a_macro, 2, { assert_eq!(current_num_threads(), 2) };
    pub(crate) made_by_a_macro_too, 1, { assert_eq!(current_num_threads(), 1) };
}

/// Not a test by itself.
#[manyhands::main]
async fn start() -> Result<usize, std::num::ParseIntError> {
    let threads = spawn(async { current_num_threads() }).await.unwrap();
    let one: usize = "1".parse()?;
    Ok(threads * one)
}

#[test]
fn main_may_have_another_name() {
    assert_eq!(start(), Ok(Handle::current().current_num_threads()));
}

static LEFT: Mutex<Option<manyhands::JoinHandle<()>>> = Mutex::new(None);

// Called by hand, too: a test is a plain function.
#[manyhands::test]
async fn leaves_a_task() {
    *LEFT.lock().unwrap() = Some(spawn(std::future::pending()));
}

#[test]
fn tasks_that_are_left_are_cancelled() {
    leaves_a_task();
    let left = LEFT.lock().unwrap().take().unwrap();
    assert!(left.join().unwrap_err().is_cancelled());
}

#[cfg(all(feature = "sim", feature = "time"))]
mod simulated {
    use manyhands::time::{self, Duration, sleep, timeout};
    use manyhands::{current_num_threads, spawn};
    use std::rc::Rc;

    #[manyhands::test(start_paused = true)]
    async fn an_hour_takes_no_time() {
        let start = time::now();
        let hour = Duration::from_secs(3600);
        let late = timeout(hour, spawn(sleep(2 * hour))).await;
        assert!(late.is_err());
        let passed = time::now() - start;
        assert!(passed >= hour && passed < hour + Duration::from_secs(1));
        assert_eq!(current_num_threads(), 1);
    }

    #[manyhands::test(seed = 17, num_threads = 8)]
    async fn as_many_cores_as_it_says() {
        assert_eq!(current_num_threads(), 8);
    }

    #[manyhands::test(seed = 17)]
    async fn errors_need_not_be_send() -> Result<(), Rc<str>> {
        assert_eq!(current_num_threads(), 4);
        Ok(())
    }

    #[manyhands::test(seed = 17, start_paused = true)]
    #[should_panic(expected = "out of tea")]
    async fn panics_come_out() {
        panic!("out of tea");
    }

    #[manyhands::test(start_paused = false)]
    async fn or_not_paused() {
        assert_eq!(manyhands::task::try_id(), None);
    }
}
