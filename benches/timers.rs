//! Three stores of deadlines: the timing wheel of the crate, a sorted tree, a heap.
//!
//! A timer is dropped before it expires (a timeout), or expires (a sleep), beside 100 to 1,000,000
//! others. Figures are for one timer.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::hint::black_box;
use std::task::Waker;

// The module has tests, which are not run here.
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../src/timer/wheel.rs"]
mod wheel;

use wheel::{Key, Wheel};

/// The number of ticks of the crate's clock, of 66 us each, in a millisecond.
const TICKS_A_MILLISECOND: u64 = 15;

const TIMEOUT: u64 = 30_000 * TICKS_A_MILLISECOND;

/// The numbers of other timers.
const OTHERS: [usize; 3] = [100, 10_000, 1_000_000];

/// A store of deadlines in ticks, with the wakers to be called then.
trait Deadlines {
    type Key;
    const NAME: &'static str;

    fn new() -> Self;
    fn insert(&mut self, deadline: u64) -> Self::Key;
    fn remove(&mut self, key: Self::Key);
    /// Takes all expired deadlines out, and returns their number.
    fn advance(&mut self, now: u64) -> usize;
}

struct OfWheel {
    wheel: Wheel,
    due: Vec<Waker>,
}

impl Deadlines for OfWheel {
    type Key = Key;
    const NAME: &'static str = "wheel";

    fn new() -> Self {
        let due = Vec::with_capacity(32);
        let wheel = Wheel::new();
        Self { wheel, due }
    }

    fn insert(&mut self, deadline: u64) -> Key {
        let key = self.wheel.insert(deadline, Waker::noop().clone());
        key.expect("it lies ahead")
    }

    fn remove(&mut self, key: Key) {
        black_box(self.wheel.remove(key));
    }

    fn advance(&mut self, now: u64) -> usize {
        let mut count = 0;
        loop {
            let done = self.wheel.advance(now, &mut self.due);
            count += self.due.drain(..).count();
            if done {
                return count;
            }
        }
    }
}

#[derive(Default)]
struct OfTree {
    tree: BTreeMap<(u64, u64), Waker>,
    next: u64,
}

impl Deadlines for OfTree {
    type Key = (u64, u64);
    const NAME: &'static str = "BTreeMap";

    fn new() -> Self {
        Self::default()
    }

    fn insert(&mut self, deadline: u64) -> (u64, u64) {
        self.next += 1;
        let key = (deadline, self.next);
        self.tree.insert(key, Waker::noop().clone());
        key
    }

    fn remove(&mut self, key: (u64, u64)) {
        black_box(self.tree.remove(&key));
    }

    fn advance(&mut self, now: u64) -> usize {
        let later = self.tree.split_off(&(now + 1, 0));
        std::mem::replace(&mut self.tree, later).len()
    }
}

/// A heap. A removed timer loses its waker, and stays until its deadline.
#[derive(Default)]
struct OfHeap {
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Deadlines for OfHeap {
    type Key = usize;
    const NAME: &'static str = "BinaryHeap";

    fn new() -> Self {
        Self::default()
    }

    fn insert(&mut self, deadline: u64) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            self.wakers.len() - 1
        });
        self.wakers[place] = Some(Waker::noop().clone());
        self.heap.push(Reverse((deadline, place)));
        place
    }

    fn remove(&mut self, place: usize) {
        black_box(self.wakers[place].take());
    }

    fn advance(&mut self, now: u64) -> usize {
        let mut count = 0;
        while let Some(Reverse((_, place))) = self.heap.peek().filter(|it| it.0.0 <= now) {
            count += usize::from(self.wakers[*place].take().is_some());
            self.free.push(*place);
            self.heap.pop();
        }
        count
    }
}

/// Measures timeouts: one is added, and the oldest is dropped, long before its deadline; the clock
/// goes on.
fn timeouts<D: Deadlines>(group: &mut BenchmarkGroup<'_, WallTime>, others: usize) {
    group.throughput(Throughput::Elements(1));
    let mut all = D::new();
    let mut now = 0;
    // A million others are spread over a second.
    let pace = (others as u64 / (1000 * TICKS_A_MILLISECOND)).max(1);
    let mut step = 0_u64;
    let mut keys: VecDeque<_> = (0..others).map(|_| all.insert(TIMEOUT)).collect();
    group.bench_function(BenchmarkId::new(D::NAME, others), |bencher| {
        bencher.iter(|| {
            step += 1;
            if step % pace == 0 {
                now += 1;
                all.advance(now);
            }
            keys.push_back(all.insert(now + TIMEOUT));
            all.remove(keys.pop_front().expect("there are others"));
        });
    });
}

/// Measures sleeps of 1 to 50 ms, all started at once. The clock goes from tick to tick until all
/// have expired.
fn sleeps<D: Deadlines>(group: &mut BenchmarkGroup<'_, WallTime>, others: usize) {
    group.throughput(Throughput::Elements(others as u64));
    let run = |mut all: D| {
        let mut random = 1_u64;
        for _ in 0..others {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let milliseconds = 1 + (random >> 33) % 50;
            all.insert(milliseconds * TICKS_A_MILLISECOND + (random >> 60));
        }
        let (mut now, mut ended) = (0, 0);
        while ended < others {
            now += 1;
            ended += all.advance(now);
        }
        all
    };
    group.bench_function(BenchmarkId::new(D::NAME, others), |bencher| {
        bencher.iter_batched(D::new, run, BatchSize::PerIteration);
    });
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timeouts");
    for others in OTHERS {
        timeouts::<OfWheel>(&mut group, others);
        timeouts::<OfTree>(&mut group, others);
        timeouts::<OfHeap>(&mut group, others);
    }
    group.finish();
    let mut group = criterion.benchmark_group("sleeps");
    group.sample_size(20);
    for others in OTHERS {
        sleeps::<OfWheel>(&mut group, others);
        sleeps::<OfTree>(&mut group, others);
        sleeps::<OfHeap>(&mut group, others);
    }
    group.finish();
}

criterion_group!(timers, benches);
criterion_main!(timers);
