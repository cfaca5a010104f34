use manyhands::{Pool, join};

fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

#[test]
fn fib_on_pools_of_many_sizes() {
    for threads in [1, 2, 3, 8, 64] {
        let pool = Pool::builder().num_threads(threads).build().unwrap();
        for _ in 0..5 {
            assert_eq!(pool.install(|| fib(22)), 17711);
            assert_eq!(pool.join(|| fib(20), || fib(20)), (6765, 6765));
        }
        pool.shutdown();
    }
}

#[test]
fn many_tasks_from_inside_and_outside() {
    for threads in [1, 2, 8] {
        let pool = Pool::builder().num_threads(threads).build().unwrap();
        let outside: Vec<_> = (0..1000_u64)
            .map(|i| pool.spawn(async move { i }))
            .collect();
        let sum: u64 = outside.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, 499_500);
        let sum = pool.block_on(async {
            let inside: Vec<_> = (0..1000_u64)
                .map(|i| {
                    manyhands::spawn(async move {
                        manyhands::task::yield_now().await;
                        let (a, b) = join(|| i, || fib(10));
                        a + b
                    })
                })
                .collect();
            let mut sum = 0;
            for task in inside {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 499_500 + 55_000);
    }
}

#[test]
fn nested_blocking_on_a_pool_of_one() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = manyhands::spawn(async move { nest(depth - 1) });
        1 + inner.join().unwrap()
    }
    let pool = Pool::builder().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| nest(40)), 40);
    let pool = Pool::builder()
        .num_threads(1)
        .max_spare_threads(0)
        .build()
        .unwrap();
    assert_eq!(pool.install(|| nest(40)), 40);
}
