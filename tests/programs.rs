//! Random programs with an oracle: nestings of everything that the crate offers, on pools of one to
//! eight threads.
//!
//! A seed makes a tree of nodes. It is run on a pool, and its value is computed sequentially beside
//! that. Afterwards each node has run as often as its place in the tree says, and each destructor
//! once. A program that is not done in a minute hangs: its pool is printed, and the process ends.
//!
//! ```text
//! MANYHANDS_PROGRAMS=10000 cargo test --release --test programs      so many, instead of 300
//! MANYHANDS_PROGRAM=17 cargo test --test programs                    this one
//! MANYHANDS_PROGRAM_SECONDS=3600 cargo test --release --test programs
//! ```

use futures::future::{BoxFuture, FutureExt, join_all, select};
use manyhands::prelude::*;
use manyhands::task::JoinSet;
use manyhands::{
    Cancelled, Handle, JoinHandle, Pool, Priority, block_in_place, block_on, broadcast,
    cancellable, compute, in_place_scope, join, scope, scope_fifo, shield, spawn, spawn_blocking,
    spawn_compute, task, time, yield_local,
};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(60);

// ---- programs -------------------------------------------------------------------------------

struct Node {
    /// Its place in `Run::ran`.
    id: usize,
    kind: Kind,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.id, self.kind)
    }
}

type Child = Arc<Node>;

/// How a task is started.
#[derive(Clone, Copy, Debug)]
enum Start {
    Compute,
    Blocking,
    Future,
    Limited(usize),
    High,
    Background,
    OtherPool,
}

#[derive(Clone, Copy, Debug)]
enum Loop {
    Indexed,
    Bridge,
    Ordered,
    Filter,
}

#[derive(Clone, Copy, Debug)]
enum Around {
    Join,
    Scope,
    Loop,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Shutdown,
    Timeout,
    Drop,
}

#[derive(Debug)]
enum Kind {
    Leaf(u32),
    Join(Child, Child),
    Scope(Vec<Child>),
    ScopeFifo(Vec<Child>),
    InPlaceScope(Vec<Child>),
    Loop(Loop, Vec<Child>),
    Sort(Child),
    Task(Start, Child),
    Install(Child),
    OtherPool(Child),
    BlockInPlace(Child),
    Broadcast(Child),
    YieldLocal(Child),
    Region(Child),
    Shield(Child),
    /// Panics, and catches it; both children are beside the panic.
    Panics(Around, Child, Child),
    /// Started and aborted at once.
    Aborted(Start, Child),
    /// A region of a computation that is aborted at once.
    Cut(Child),
    /// A pool of its own, which ends while its tasks run.
    Pool(usize, End, Vec<(Start, Child)>),
    // What follows awaits.
    Await(Start, Child),
    AwaitAll(Vec<(Start, Child)>),
    Set(Vec<Child>),
    Compute(Child),
    Sleep(u64, Child),
    YieldNow(Child),
    InTime(Child),
    /// Dropped in the middle by a timeout.
    TooLate(u64, Child),
    /// Two computations, of which the loser is dropped.
    Race(Child, Child),
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

struct Author {
    random: Random,
    nodes: usize,
}

impl Author {
    fn start(&mut self) -> Start {
        match self.random.below(8) {
            0 | 1 => Start::Compute,
            2 => Start::Blocking,
            3 => Start::Future,
            4 => Start::Limited(self.random.below(2)),
            5 => Start::High,
            6 => Start::Background,
            _ => Start::OtherPool,
        }
    }

    /// A tree of about `size` nodes. A `sturdy` one does not mind that its pool ends meanwhile.
    fn node(&mut self, size: usize, sturdy: bool) -> Child {
        let id = self.nodes;
        self.nodes += 1;
        let kind = if size <= 1 {
            Kind::Leaf(1 << self.random.below(12))
        } else if sturdy {
            self.sturdy(size - 1)
        } else {
            self.any(size - 1)
        };
        Arc::new(Node { id, kind })
    }

    fn two(&mut self, size: usize, sturdy: bool) -> (Child, Child) {
        let first = self.random.below(size + 1);
        (
            self.node(first, sturdy),
            self.node(size - first.min(size), sturdy),
        )
    }

    fn some(&mut self, size: usize, sturdy: bool) -> Vec<Child> {
        let count = 1 + self.random.below(size.min(6));
        (0..count)
            .map(|_| self.node(size / count, sturdy))
            .collect()
    }

    fn sturdy(&mut self, size: usize) -> Kind {
        match self.random.below(9) {
            0 | 1 => {
                let (a, b) = self.two(size, true);
                Kind::Join(a, b)
            }
            2 => Kind::Scope(self.some(size, true)),
            3 => Kind::ScopeFifo(self.some(size, true)),
            4 | 5 => self.any_loop(size, true),
            6 => Kind::Region(self.node(size, true)),
            7 => Kind::Shield(self.node(size, true)),
            _ => Kind::Sort(self.node(size, true)),
        }
    }

    fn any_loop(&mut self, size: usize, sturdy: bool) -> Kind {
        let kinds = [Loop::Indexed, Loop::Bridge, Loop::Ordered, Loop::Filter];
        let kind = kinds[self.random.below(4)];
        Kind::Loop(kind, self.some(size, sturdy))
    }

    fn any(&mut self, size: usize) -> Kind {
        match self.random.below(30) {
            0..=2 => {
                let (a, b) = self.two(size, false);
                Kind::Join(a, b)
            }
            3 => Kind::Scope(self.some(size, false)),
            4 => Kind::ScopeFifo(self.some(size, false)),
            5 => Kind::InPlaceScope(self.some(size, false)),
            6..=8 => self.any_loop(size, false),
            9 => Kind::Sort(self.node(size, false)),
            10 | 11 => Kind::Task(self.start(), self.node(size, false)),
            12 => Kind::Install(self.node(size, false)),
            13 => Kind::OtherPool(self.node(size, false)),
            14 => Kind::BlockInPlace(self.node(size, false)),
            15 => Kind::Broadcast(self.node(size, false)),
            16 => Kind::YieldLocal(self.node(size, false)),
            17 => Kind::Region(self.node(size, false)),
            18 => Kind::Shield(self.node(size, false)),
            19 => {
                let around = [Around::Join, Around::Scope, Around::Loop];
                let around = around[self.random.below(3)];
                let (a, b) = self.two(size, false);
                Kind::Panics(around, a, b)
            }
            20 => Kind::Aborted(self.start(), self.node(size, false)),
            21 => Kind::Cut(self.node(size, false)),
            22 => {
                let ends = [End::Shutdown, End::Timeout, End::Drop];
                let (threads, end) = (1 + self.random.below(3), ends[self.random.below(3)]);
                let children = self.some(size, true).into_iter();
                let started = children.map(|child| match self.random.below(3) {
                    0 => (Start::Blocking, child),
                    1 => (Start::Future, child),
                    _ => (Start::Compute, child),
                });
                Kind::Pool(threads, end, started.collect())
            }
            23 => Kind::Await(self.start(), self.node(size, false)),
            24 => {
                let children = self.some(size, false);
                Kind::AwaitAll(children.into_iter().map(|c| (self.start(), c)).collect())
            }
            25 => Kind::Set(self.some(size, false)),
            26 => Kind::Compute(self.node(size, false)),
            27 => match self.random.below(3) {
                0 => Kind::Sleep(self.random.next() % 200, self.node(size, false)),
                1 => Kind::YieldNow(self.node(size, false)),
                _ => Kind::InTime(self.node(size, false)),
            },
            28 => Kind::TooLate(self.random.next() % 300, self.node(size, false)),
            _ => {
                let (a, b) = self.two(size, false);
                Kind::Race(a, b)
            }
        }
    }
}

// ---- the oracle -----------------------------------------------------------------------------

impl Kind {
    fn children(&self) -> Vec<&Child> {
        match self {
            Self::Leaf(_) => Vec::new(),
            Self::Join(a, b) | Self::Panics(_, a, b) | Self::Race(a, b) => vec![a, b],
            Self::Scope(children)
            | Self::ScopeFifo(children)
            | Self::InPlaceScope(children)
            | Self::Loop(_, children)
            | Self::Set(children) => children.iter().collect(),
            Self::AwaitAll(started) | Self::Pool(_, _, started) => {
                started.iter().map(|(_, child)| child).collect()
            }
            Self::Sort(child)
            | Self::Task(_, child)
            | Self::Install(child)
            | Self::OtherPool(child)
            | Self::BlockInPlace(child)
            | Self::Broadcast(child)
            | Self::YieldLocal(child)
            | Self::Region(child)
            | Self::Shield(child)
            | Self::Aborted(_, child)
            | Self::Cut(child)
            | Self::Await(_, child)
            | Self::Compute(child)
            | Self::Sleep(_, child)
            | Self::YieldNow(child)
            | Self::InTime(child)
            | Self::TooLate(_, child) => vec![child],
        }
    }
}

/// The value of a node, computed sequentially.
fn value(node: &Node) -> u64 {
    match &node.kind {
        // They may end without the values of their children.
        Kind::Region(_)
        | Kind::Panics(..)
        | Kind::Aborted(..)
        | Kind::Cut(_)
        | Kind::Pool(..)
        | Kind::TooLate(..)
        | Kind::Race(..) => hash(node, []),
        kind => hash(node, kind.children().into_iter().map(|child| value(child))),
    }
}

fn hash(node: &Node, values: impl IntoIterator<Item = u64>) -> u64 {
    let begin = mix(node.id as u64 + 1);
    values.into_iter().fold(begin, |hash, n| mix(hash ^ n))
}

/// How often the nodes of a subtree run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Times {
    Once,
    Never,
    /// Once at most: it may be left in the middle.
    AtMostOnce,
}

impl Run {
    /// Checks how often the nodes of a tree have run. In a computation that `may_be_cancelled`,
    /// regions may be left.
    fn check(&self, node: &Node, times: Times, may_be_cancelled: bool) {
        let ran = self.ran[node.id].load(Ordering::Relaxed);
        let is_right = match times {
            Times::Once => ran == 1,
            Times::Never => ran == 0,
            Times::AtMostOnce => ran <= 1,
        };
        assert!(is_right, "node {} ran {ran} times, not {times:?}", node.id);
        // A closure that was cancelled either never began, or ran to its end.
        let whole = |child: &Node| {
            let begun = self.ran[child.id].load(Ordering::Relaxed) > 0;
            let child_times = if begun { Times::Once } else { Times::Never };
            self.check(child, weaker(times, child_times), true);
        };
        let started = |start: Start, child: &Node| match start {
            Start::Future => self.check(child, weaker(times, Times::AtMostOnce), true),
            _ => whole(child),
        };
        let at_most_once = |child: &Node| self.check(child, weaker(times, Times::AtMostOnce), true);
        match &node.kind {
            // Items that nobody had begun do not begin.
            Kind::Panics(Around::Loop, a, b) | Kind::Race(a, b) => {
                whole(a);
                whole(b);
            }
            Kind::Region(child) if may_be_cancelled => at_most_once(child),
            Kind::Cut(child) | Kind::TooLate(_, child) => at_most_once(child),
            Kind::Aborted(start, child) => started(*start, child),
            Kind::Pool(_, _, children) => {
                for (start, child) in children {
                    started(*start, child);
                }
            }
            kind => {
                for child in kind.children() {
                    self.check(child, times, may_be_cancelled);
                }
            }
        }
    }
}

/// What can be said of a child, when this can be said of its parent.
fn weaker(parent: Times, child: Times) -> Times {
    match (parent, child) {
        (Times::Never, _) => Times::Never,
        (Times::AtMostOnce, _) => Times::AtMostOnce,
        (Times::Once, child) => child,
    }
}

// ---- running --------------------------------------------------------------------------------

/// What a program leaves behind.
struct Run {
    ran: Vec<AtomicU32>,
    made: AtomicUsize,
    dropped: AtomicUsize,
    limited: [Handle; 2],
    pool: Handle,
    other: Handle,
}

/// Something that must be dropped once.
struct Counted(Arc<Run>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Release);
    }
}

fn counted(run: &Arc<Run>) -> Counted {
    run.made.fetch_add(1, Ordering::Relaxed);
    Counted(Arc::clone(run))
}

fn begin(node: &Node, run: &Arc<Run>) -> Counted {
    run.ran[node.id].fetch_add(1, Ordering::Relaxed);
    counted(run)
}

/// The node as a closure of its own.
fn closure(node: &Child, run: &Arc<Run>) -> impl FnOnce() -> u64 + Send + use<> {
    let (owned, node, run) = (counted(run), Arc::clone(node), Arc::clone(run));
    move || {
        let _owned = owned;
        perform(&node, &run)
    }
}

/// The node as a future of its own.
fn future(node: &Child, run: &Arc<Run>) -> impl Future<Output = u64> + Send + use<> {
    let (owned, node, run) = (counted(run), Arc::clone(node), Arc::clone(run));
    async move {
        let _owned = owned;
        perform_async(&node, &run).await
    }
}

fn start_on(pool: &Handle, start: Start, node: &Child, run: &Arc<Run>) -> JoinHandle<u64> {
    let class = |priority| pool.with_priority(priority);
    match start {
        Start::Compute => pool.spawn_compute(closure(node, run)),
        Start::Blocking => pool.spawn_blocking(closure(node, run)),
        Start::Future => pool.spawn(future(node, run)),
        Start::Limited(which) => run.limited[which].spawn_compute(closure(node, run)),
        Start::High => class(Priority::High).spawn_compute(closure(node, run)),
        Start::Background => class(Priority::Background).spawn_compute(closure(node, run)),
        Start::OtherPool => run.other.spawn_compute(closure(node, run)),
    }
}

/// On the current pool, by the free functions where there are some.
fn start(how: Start, node: &Child, run: &Arc<Run>) -> JoinHandle<u64> {
    match how {
        Start::Compute => spawn_compute(closure(node, run)),
        Start::Blocking => spawn_blocking(closure(node, run)),
        Start::Future => spawn(future(node, run)),
        _ => start_on(&Handle::current(), how, node, run),
    }
}

/// Runs the children as jobs of a scope; their values.
macro_rules! in_scope {
    ($scope:ident, $spawn:ident, $children:expr, $run:expr) => {{
        let values = Mutex::new(vec![0; $children.len()]);
        $scope(|s| {
            for (i, child) in $children.iter().enumerate() {
                let values = &values;
                s.$spawn(move |_| put(values, i, perform(child, $run)));
            }
        });
        values.into_inner().unwrap()
    }};
}

fn put(values: &Mutex<Vec<u64>>, place: usize, value: u64) {
    values.lock().unwrap()[place] = value;
}

fn loop_over(kind: Loop, children: &[Child], run: &Arc<Run>) -> Vec<u64> {
    match kind {
        Loop::Indexed => children
            .par_iter()
            .map(|child| perform(child, run))
            .collect(),
        Loop::Ordered => {
            let mut values = Vec::new();
            children
                .iter()
                .par_map_ordered(4, |child| perform(child, run))
                .for_each(|value| values.push(value));
            values
        }
        Loop::Filter => children
            .par_iter()
            .filter(|child| child.id < usize::MAX)
            .map(|child| perform(child, run))
            .collect(),
        Loop::Bridge => {
            let values = Mutex::new(vec![0; children.len()]);
            children
                .iter()
                .enumerate()
                .par_bridge()
                .for_each(|(i, child)| {
                    put(&values, i, perform(child, run));
                });
            values.into_inner().unwrap()
        }
    }
}

/// A panic that is planned, and prints nothing.
struct Planned;

fn panics(around: Around, a: &Child, b: &Child, run: &Arc<Run>) {
    let planned = || -> () { resume_unwind(Box::new(Planned)) };
    let result = catch_unwind(AssertUnwindSafe(|| match around {
        Around::Join => {
            join(
                || {
                    perform(a, run);
                    planned();
                },
                || perform(b, run),
            );
        }
        Around::Scope => scope(|s| {
            s.spawn(|_| {
                perform(a, run);
            });
            s.spawn(|_| planned());
            s.spawn(|_| {
                perform(b, run);
            });
        }),
        Around::Loop => [Some(a), None, Some(b)]
            .into_par_iter()
            .for_each(|child| match child {
                Some(child) => {
                    perform(child, run);
                }
                None => planned(),
            }),
    }));
    let payload = result.expect_err("it panics");
    if payload.is::<Cancelled>() {
        resume_unwind(payload);
    }
    assert!(
        payload.is::<Planned>(),
        "another panic than the planned one"
    );
}

/// Checks what became of a task that was cancelled.
fn settled(task: JoinHandle<u64>, child: &Node) {
    match task.join() {
        Ok(result) => assert_eq!(result, value(child)),
        Err(error) => assert!(error.is_cancelled(), "{error}"),
    }
}

fn perform(node: &Child, run: &Arc<Run>) -> u64 {
    if is_async(&node.kind) {
        return block_on(perform_async(node, run));
    }
    let _counted = begin(node, run);
    match &node.kind {
        Kind::Leaf(work) => {
            (0..*work).for_each(|n| {
                std::hint::black_box(n);
            });
            hash(node, [])
        }
        Kind::Join(a, b) => {
            let (a, b) = join(|| perform(a, run), || perform(b, run));
            hash(node, [a, b])
        }
        Kind::Scope(children) => hash(node, in_scope!(scope, spawn, children, run)),
        Kind::ScopeFifo(children) => hash(node, in_scope!(scope_fifo, spawn_fifo, children, run)),
        Kind::InPlaceScope(children) => hash(node, in_scope!(in_place_scope, spawn, children, run)),
        Kind::Loop(kind, children) => hash(node, loop_over(*kind, children, run)),
        Kind::Sort(child) => {
            let mut random = Random(node.id as u64);
            let mut numbers: Vec<u64> = (0..5000).map(|_| random.next() % 1000).collect();
            let sum: u64 = numbers.iter().sum();
            let ((), child) = join(|| numbers.par_sort_unstable(), || perform(child, run));
            assert!(numbers.is_sorted() && numbers.iter().sum::<u64>() == sum);
            hash(node, [child])
        }
        Kind::Task(how, child) => hash(node, [start(*how, child, run).join().unwrap()]),
        Kind::Install(child) => hash(node, [run.pool.install(|| perform(child, run))]),
        Kind::OtherPool(child) => hash(node, [run.other.install(|| perform(child, run))]),
        Kind::BlockInPlace(child) => hash(node, [block_in_place(|| perform(child, run))]),
        Kind::Broadcast(child) => {
            let threads = manyhands::current_num_threads();
            assert_eq!(broadcast(|context| context.num_threads()).len(), threads);
            hash(node, [perform(child, run)])
        }
        Kind::YieldLocal(child) => {
            yield_local();
            hash(node, [perform(child, run)])
        }
        Kind::Region(child) => {
            if let Ok(result) = cancellable(|| perform(child, run)) {
                assert_eq!(result, value(child));
            }
            hash(node, [])
        }
        Kind::Shield(child) => hash(node, [shield(|| perform(child, run))]),
        Kind::Panics(around, a, b) => {
            panics(*around, a, b, run);
            hash(node, [])
        }
        Kind::Aborted(how, child) => {
            let task = start(*how, child, run);
            task.abort();
            settled(task, child);
            hash(node, [])
        }
        Kind::Cut(child) => {
            let part = closure(child, run);
            let task = spawn_compute(move || cancellable(part));
            task.abort();
            match task.join() {
                Ok(Ok(result)) => assert_eq!(result, value(child)),
                Ok(Err(Cancelled)) => {}
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
            hash(node, [])
        }
        Kind::Pool(threads, end, children) => {
            let pool = Pool::builder().num_threads(*threads).build().unwrap();
            let started = children
                .iter()
                .map(|(how, child)| start_on(pool.handle(), *how, child, run));
            let tasks: Vec<_> = started.collect();
            match end {
                End::Shutdown => pool.shutdown(),
                End::Timeout => drop(pool.shutdown_timeout(Duration::ZERO)),
                End::Drop => drop(pool),
            }
            for (task, (_, child)) in tasks.into_iter().zip(children) {
                settled(task, child);
            }
            hash(node, [])
        }
        _ => unreachable!("an asynchronous node"),
    }
}

fn is_async(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Await(..)
            | Kind::AwaitAll(_)
            | Kind::Set(_)
            | Kind::Compute(_)
            | Kind::Sleep(..)
            | Kind::YieldNow(_)
            | Kind::InTime(_)
            | Kind::TooLate(..)
            | Kind::Race(..)
    )
}

fn perform_async<'a>(node: &'a Child, run: &'a Arc<Run>) -> BoxFuture<'a, u64> {
    if !is_async(&node.kind) {
        return async move { perform(node, run) }.boxed();
    }
    async move {
        let _counted = begin(node, run);
        match &node.kind {
            Kind::Await(how, child) => hash(node, [start(*how, child, run).await.unwrap()]),
            Kind::AwaitAll(children) => {
                let started = children.iter().map(|(how, child)| start(*how, child, run));
                let tasks: Vec<_> = started.collect();
                hash(node, join_all(tasks).await.into_iter().map(Result::unwrap))
            }
            Kind::Set(children) => {
                let mut set = JoinSet::new();
                for (i, child) in children.iter().enumerate() {
                    let value = future(child, run);
                    set.spawn(async move { (i, value.await) });
                }
                let mut values = vec![0; children.len()];
                while let Some(result) = set.join_next().await {
                    let (i, value) = result.unwrap();
                    values[i] = value;
                }
                hash(node, values)
            }
            Kind::Compute(child) => hash(node, [compute(closure(child, run)).await]),
            Kind::Sleep(micros, child) => {
                time::sleep(Duration::from_micros(*micros)).await;
                hash(node, [perform_async(child, run).await])
            }
            Kind::YieldNow(child) => {
                task::yield_now().await;
                hash(node, [perform_async(child, run).await])
            }
            Kind::InTime(child) => {
                let result = time::timeout(PATIENCE, perform_async(child, run)).await;
                hash(node, [result.unwrap()])
            }
            Kind::TooLate(micros, child) => {
                let limit = Duration::from_micros(*micros);
                if let Ok(result) = time::timeout(limit, perform_async(child, run)).await {
                    assert_eq!(result, value(child));
                }
                hash(node, [])
            }
            Kind::Race(a, b) => {
                let (first, second) = (compute(closure(a, run)), compute(closure(b, run)));
                select(pin!(first), pin!(second)).await;
                hash(node, [])
            }
            _ => unreachable!("a synchronous node"),
        }
    }
    .boxed()
}

/// Makes the program of a seed, runs it, and checks what it did.
fn program(seed: u64, say_pool: &mpsc::Sender<Handle>) {
    let mut random = Random(seed);
    let threads = 1 + random.below(8);
    let size = 1 << random.below(8);
    let mut author = Author { random, nodes: 0 };
    let root = author.node(size, false);
    let way = author.random.below(4);
    if std::env::var_os("MANYHANDS_PROGRAM").is_some() {
        println!("{threads} threads, way {way}, {root:?}");
    }
    let pool = Pool::builder().num_threads(threads).build().unwrap();
    let other = Pool::builder()
        .num_threads(1 + threads % 2)
        .build()
        .unwrap();
    let _ = say_pool.send(pool.handle().clone());
    let _ = say_pool.send(other.handle().clone());
    let run = Arc::new(Run {
        ran: (0..author.nodes).map(|_| AtomicU32::new(0)).collect(),
        made: AtomicUsize::new(0),
        dropped: AtomicUsize::new(0),
        limited: [pool.with_limit(1), pool.with_limit(2)],
        pool: pool.handle().clone(),
        other: other.handle().clone(),
    });
    let result = match way {
        0 => pool.install(|| perform(&root, &run)),
        1 => pool.block_on(perform_async(&root, &run)),
        2 => start_on(&pool, Start::Compute, &root, &run).join().unwrap(),
        // On this thread, as a guest.
        _ => pool.in_place_scope(|_| perform(&root, &run)),
    };
    assert_eq!(result, value(&root), "the value");
    // What nobody waits for any more goes on to its end.
    while run.made.load(Ordering::Relaxed) != run.dropped.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    pool.shutdown();
    other.shutdown();
    run.check(&root, Times::Once, false);
}

#[test]
fn random_programs_do_what_they_would_do_sequentially() {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let only = number("MANYHANDS_PROGRAM");
    let seconds = number("MANYHANDS_PROGRAM_SECONDS");
    let count = number("MANYHANDS_PROGRAMS").unwrap_or(300);
    let begin = Instant::now();
    let mut seed = only.unwrap_or(0);
    loop {
        let (say_pool, pool) = mpsc::channel();
        let (done, is_done) = mpsc::channel::<()>();
        let runner = std::thread::spawn(move || {
            program(seed, &say_pool);
            drop(done);
        });
        if is_done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("MANYHANDS_PROGRAM={seed} hangs");
            for pool in pool.try_iter() {
                eprintln!("{pool:#?}");
            }
            std::process::abort();
        }
        if let Err(payload) = runner.join() {
            eprintln!("MANYHANDS_PROGRAM={seed} failed");
            resume_unwind(payload);
        }
        seed += 1;
        let is_over = match seconds {
            Some(seconds) => begin.elapsed() > Duration::from_secs(seconds),
            None => only.is_some() || seed >= count,
        };
        if is_over {
            break;
        }
    }
    println!("{seed} programs, {:?}", begin.elapsed());
}
