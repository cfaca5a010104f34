//! A set of tasks that are known by keys.

use super::{Handle, JoinSet};
use crate::task::{AbortHandle, Id, JoinError};
use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, hash_map};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::FusedIterator;

/// A set of tasks with one type of output, each with a key. They are awaited in the order in which
/// they end, and the key comes with the result.
///
/// A key stands for one task at a time: a task that is spawned with the key of another one replaces
/// it, and the old one is aborted and gives no result. The map holds its tasks: dropping it aborts
/// those that are not complete. Names and behaviour are those of tokio-util's `JoinMap`.
///
/// # Cost
///
/// That of a [`JoinSet`], and two entries in hash tables.
///
/// # Examples
///
/// ```
/// use manyhands::task::JoinMap;
///
/// manyhands::block_on(async {
///     let mut lengths = JoinMap::new();
///     for word in ["one", "three"] {
///         lengths.spawn(word, async move { word.len() });
///     }
///     while let Some((word, length)) = lengths.join_next().await {
///         assert_eq!(word.len(), length.unwrap());
///     }
/// });
/// ```
pub struct JoinMap<K, V, S = RandomState> {
    /// All tasks, those among them that were replaced and have not ended.
    tasks: JoinSet<V>,
    /// The key of each task that has one.
    keys: HashMap<Id, Keyed<K>>,
    /// The tasks by the hashes of their keys. So keys need not be cloned.
    hashes: HashMap<u64, Bucket>,
    hasher: S,
}

struct Keyed<K> {
    key: K,
    hash: u64,
    abort: AbortHandle,
}

/// The tasks whose keys have one hash: nearly always one.
enum Bucket {
    One(Id),
    More(Vec<Id>),
}

impl Bucket {
    fn ids(&self) -> &[Id] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::More(ids) => ids,
        }
    }

    fn add(&mut self, id: Id) {
        match self {
            Self::One(first) => *self = Self::More(vec![*first, id]),
            Self::More(ids) => ids.push(id),
        }
    }

    /// Is nothing left without this task?
    fn remove(&mut self, id: Id) -> bool {
        match self {
            Self::One(only) => *only == id,
            Self::More(ids) => {
                ids.retain(|other| *other != id);
                ids.is_empty()
            }
        }
    }
}

impl<K, V> JoinMap<K, V> {
    /// An empty map.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = manyhands::task::JoinMap::<&str, u32>::new();
    /// assert!(map.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// An empty map with room for `capacity` tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = manyhands::task::JoinMap::<&str, u32>::with_capacity(10);
    /// assert!(map.capacity() >= 10);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> JoinMap<K, V, S> {
    /// An empty map that hashes keys with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    /// let map = manyhands::task::JoinMap::<&str, u32>::with_hasher(RandomState::new());
    /// assert_eq!(map.len(), 0);
    /// ```
    #[must_use]
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    /// An empty map with room for `capacity` tasks that hashes keys with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    /// use std::hash::RandomState;
    /// let map = JoinMap::<&str, u32>::with_capacity_and_hasher(10, RandomState::new());
    /// assert!(map.capacity() >= 10);
    /// ```
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self {
            tasks: JoinSet::new(),
            keys: HashMap::with_capacity(capacity),
            hashes: HashMap::with_capacity(capacity),
            hasher,
        }
    }

    /// The number of tasks in the map. Tasks that have ended count until they are joined; those
    /// that were replaced do not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Does the map hold no task?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// For how many tasks there is room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.keys.capacity().min(self.hashes.capacity())
    }

    /// The keys of all tasks, in no order.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn("one", async { 1 });
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [&"one"]);
    /// ```
    #[must_use]
    pub fn keys(&self) -> JoinMapKeys<'_, K, V> {
        JoinMapKeys {
            keys: self.keys.values(),
            _tasks: std::marker::PhantomData,
        }
    }

    /// Is this task in the map? One that was replaced is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// manyhands::block_on(async {
    ///     let mut map = JoinMap::new();
    ///     map.spawn("id", async { manyhands::task::id() });
    ///     let (_, id) = map.join_next().await.unwrap();
    ///     assert!(!map.contains_task(&id.unwrap())); // it was taken out
    /// });
    /// ```
    #[must_use]
    pub fn contains_task(&self, task: &Id) -> bool {
        self.keys.contains_key(task)
    }

    /// Asks the tasks with the keys for which `is_meant` is true to end. They stay in the map until
    /// they are joined.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// for n in 0..4 {
    ///     map.spawn(n, std::future::pending::<()>());
    /// }
    /// map.abort_matching(|n| n % 2 == 0);
    /// manyhands::block_on(async {
    ///     for _ in 0..2 {
    ///         let (n, result) = map.join_next().await.unwrap();
    ///         assert!(n % 2 == 0 && result.unwrap_err().is_cancelled());
    ///     }
    /// });
    /// ```
    pub fn abort_matching(&mut self, mut is_meant: impl FnMut(&K) -> bool) {
        for keyed in self.keys.values().filter(|keyed| is_meant(&keyed.key)) {
            keyed.abort.abort();
        }
    }

    /// Asks all tasks to end, as [`JoinHandle::abort`](crate::JoinHandle::abort) does. They stay in
    /// the map until they are joined.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// manyhands::block_on(async {
    ///     let mut map = JoinMap::new();
    ///     map.spawn("never", std::future::pending::<()>());
    ///     map.abort_all();
    ///     assert!(map.join_next().await.unwrap().1.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort_all(&mut self) {
        self.tasks.abort_all();
    }

    /// Takes all tasks out of the map. They run on, detached.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let mut map = JoinMap::new();
    /// map.spawn("sender", async move { sender.send("still here").unwrap() });
    /// map.detach_all();
    /// assert!(map.is_empty());
    /// assert_eq!(receiver.recv().unwrap(), "still here");
    /// ```
    pub fn detach_all(&mut self) {
        self.tasks.detach_all();
        self.keys.clear();
        self.hashes.clear();
    }

    /// Waits until a task of the map ends, and takes it out, with its key. `None` if the map is
    /// empty.
    ///
    /// Dropping the future loses nothing: no task is taken out by a future that was not ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// manyhands::block_on(async {
    ///     let mut map = JoinMap::new();
    ///     map.spawn("one", async { 1 });
    ///     let (key, result) = map.join_next().await.unwrap();
    ///     assert_eq!((key, result.unwrap()), ("one", 1));
    ///     assert!(map.join_next().await.is_none());
    /// });
    /// ```
    pub async fn join_next(&mut self) -> Option<(K, Result<V, JoinError>)> {
        loop {
            let result = self.tasks.join_next_with_id().await?;
            if let Some(result) = self.with_key(result) {
                return Some(result);
            }
        }
    }

    /// Takes out a task that has ended, with its key. `None` if none has, or if the map is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn("one", async { 1 });
    /// let one = std::iter::repeat_with(|| map.try_join_next()).find_map(|one| one);
    /// let (key, result) = one.unwrap();
    /// assert_eq!((key, result.unwrap()), ("one", 1));
    /// ```
    pub fn try_join_next(&mut self) -> Option<(K, Result<V, JoinError>)> {
        loop {
            let result = self.tasks.try_join_next_with_id()?;
            if let Some(result) = self.with_key(result) {
                return Some(result);
            }
        }
    }

    /// Aborts all tasks and waits until they have ended. Their results are dropped, panics among
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// manyhands::block_on(async {
    ///     let mut map = JoinMap::new();
    ///     map.spawn("never", std::future::pending::<()>());
    ///     map.shutdown().await;
    ///     assert!(map.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// The key of a task that was taken out of the set; none for one that was replaced.
    fn with_key(
        &mut self,
        result: Result<(Id, V), JoinError>,
    ) -> Option<(K, Result<V, JoinError>)> {
        let id = match &result {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let keyed = self.forget(id)?;
        Some((keyed.key, result.map(|(_, output)| output)))
    }

    /// Removes a task from both tables.
    fn forget(&mut self, id: Id) -> Option<Keyed<K>> {
        let keyed = self.keys.remove(&id)?;
        if let hash_map::Entry::Occupied(mut bucket) = self.hashes.entry(keyed.hash) {
            if bucket.get_mut().remove(id) {
                bucket.remove();
            }
        }
        Some(keyed)
    }
}

impl<K, V, S> JoinMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The task with this key.
    fn find<Q>(&self, key: &Q) -> Option<Id>
    where
        Q: Hash + Eq + ?Sized,
        K: Borrow<Q>,
    {
        let bucket = self.hashes.get(&self.hasher.hash_one(key))?;
        let mut ids = bucket.ids().iter().copied();
        ids.find(|id| self.keys.get(id).is_some_and(|it| it.key.borrow() == key))
    }

    /// Asks the task with this key to end. `false`: there is none. It stays in the map until it is
    /// joined.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn("never".to_owned(), std::future::pending::<()>());
    /// assert!(map.abort("never"));
    /// assert!(!map.abort("who"));
    /// ```
    pub fn abort<Q>(&mut self, key: &Q) -> bool
    where
        Q: Hash + Eq + ?Sized,
        K: Borrow<Q>,
    {
        let keyed = self.find(key).and_then(|id| self.keys.get(&id));
        keyed.inspect(|keyed| keyed.abort.abort()).is_some()
    }

    /// Is there a task with this key?
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn("one".to_owned(), async { 1 });
    /// assert!(map.contains_key("one"));
    /// ```
    #[must_use]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Eq + ?Sized,
        K: Borrow<Q>,
    {
        self.find(key).is_some()
    }

    /// Makes room for `additional` further tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut map = manyhands::task::JoinMap::<&str, u32>::new();
    /// map.reserve(10);
    /// assert!(map.capacity() >= 10);
    /// ```
    pub fn reserve(&mut self, additional: usize) {
        self.keys.reserve(additional);
        self.hashes.reserve(additional);
    }

    /// Gives back room that the tasks in the map do not need.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut map = manyhands::task::JoinMap::<&str, u32>::with_capacity(1000);
    /// map.shrink_to_fit();
    /// assert!(map.capacity() < 1000);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Gives back room, except that for `capacity` tasks, and for those in the map.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut map = manyhands::task::JoinMap::<&str, u32>::with_capacity(1000);
    /// map.shrink_to(10);
    /// assert!((10..1000).contains(&map.capacity()));
    /// ```
    pub fn shrink_to(&mut self, capacity: usize) {
        self.keys.shrink_to(capacity);
        self.hashes.shrink_to(capacity);
    }

    /// Holds a task of the set under a key.
    fn hold(&mut self, key: K, abort: AbortHandle) {
        let hash = self.hasher.hash_one(&key);
        let id = abort.id();
        if let Some(old) = self.find(&key) {
            let old = self.forget(old).expect("it was found");
            old.abort.abort();
        }
        match self.hashes.entry(hash) {
            hash_map::Entry::Vacant(none) => {
                none.insert(Bucket::One(id));
            }
            hash_map::Entry::Occupied(mut bucket) => bucket.get_mut().add(id),
        }
        self.keys.insert(id, Keyed { key, hash, abort });
    }
}

impl<K, V, S> JoinMap<K, V, S>
where
    K: Hash + Eq,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Starts a future on the current pool, as [`spawn`](crate::spawn), under a key. A task that
    /// the map holds under this key is replaced: it is aborted, and gives no result.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// manyhands::block_on(async {
    ///     let mut map = JoinMap::new();
    ///     map.spawn("key", std::future::pending());
    ///     map.spawn("key", async { 2 });
    ///     assert_eq!(map.join_next().await.unwrap().1.unwrap(), 2);
    ///     assert!(map.join_next().await.is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, key: K, future: F)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let task = self.tasks.spawn(future);
        self.hold(key, task);
    }

    /// As [`spawn`](Self::spawn), on the pool of `handle`, with its priority and within its limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::{Handle, task::JoinMap};
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn_on("one", async { 1 }, &Handle::current());
    /// assert_eq!(manyhands::block_on(map.join_next()).unwrap().1.unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, key: K, future: F, handle: &Handle)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let task = self.tasks.spawn_on(future, handle);
        self.hold(key, task);
    }

    /// Runs a closure that blocks, as [`spawn_blocking`](crate::spawn_blocking), under a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn_blocking("manifest", || std::fs::read_to_string("Cargo.toml"));
    /// let (_, text) = manyhands::block_on(map.join_next()).unwrap();
    /// assert!(text.unwrap().unwrap().contains("manyhands"));
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, key: K, f: F)
    where
        F: FnOnce() -> V + Send + 'static,
    {
        let task = self.tasks.spawn_blocking(f);
        self.hold(key, task);
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), on the pool of `handle`.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::{Handle, task::JoinMap};
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn_blocking_on("one", || 1, &Handle::current());
    /// assert_eq!(manyhands::block_on(map.join_next()).unwrap().1.unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, key: K, f: F, handle: &Handle)
    where
        F: FnOnce() -> V + Send + 'static,
    {
        let task = self.tasks.spawn_blocking_on(f, handle);
        self.hold(key, task);
    }

    /// Starts a closure that computes, as [`spawn_compute`](crate::spawn_compute), under a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinMap;
    ///
    /// let mut map = JoinMap::new();
    /// map.spawn_compute("both", || manyhands::join(|| 1, || 2));
    /// assert_eq!(manyhands::block_on(map.join_next()).unwrap().1.unwrap(), (1, 2));
    /// ```
    #[track_caller]
    pub fn spawn_compute<F>(&mut self, key: K, f: F)
    where
        F: FnOnce() -> V + Send + 'static,
    {
        let task = self.tasks.spawn_compute(f);
        self.hold(key, task);
    }
}

impl<K, V> Default for JoinMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V, S> fmt::Debug for JoinMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.keys.iter().map(|(id, keyed)| (&keyed.key, id));
        f.debug_map().entries(tasks).finish()
    }
}

/// The keys of a [`JoinMap`], in no order. Made by [`JoinMap::keys`].
pub struct JoinMapKeys<'a, K, V> {
    keys: hash_map::Values<'a, Id, Keyed<K>>,
    _tasks: std::marker::PhantomData<&'a V>,
}

impl<'a, K, V> Iterator for JoinMapKeys<'a, K, V> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.keys.next().map(|keyed| &keyed.key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.keys.size_hint()
    }
}

impl<K, V> ExactSizeIterator for JoinMapKeys<'_, K, V> {}
impl<K, V> FusedIterator for JoinMapKeys<'_, K, V> {}

impl<K, V> Clone for JoinMapKeys<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            _tasks: std::marker::PhantomData,
        }
    }
}

impl<K: fmt::Debug, V> fmt::Debug for JoinMapKeys<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
