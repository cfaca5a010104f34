//! Where a thread may run, and how urgently: the cores that it is pinned to, and its nice value.
//!
//! On Linux a new thread inherits both from the thread that creates it. Spare and blocking threads
//! are created by the thread that needs them, and that may be a worker that a hook has pinned to
//! one core. So a pool remembers the place of its builder, and these threads go there first.
//! Elsewhere a place says nothing, and a thread goes nowhere.

#[cfg(all(target_os = "linux", not(miri), not(manyhands_model)))]
mod system {
    use std::mem;

    /// The place of a thread.
    #[derive(Debug)]
    pub(crate) struct Place {
        /// `None`: the system has more cores than a set has bits.
        cores: Option<Cores>,
        nice: libc::c_int,
    }

    /// A set of cores: the bits of `cpu_set_t`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Cores([usize; WORDS]);

    const WORDS: usize = 1024 / usize::BITS as usize;

    const _: () = assert!(mem::size_of::<Cores>() == mem::size_of::<libc::cpu_set_t>());

    /// The calling thread, for system calls that take the number of one.
    const THIS: u32 = 0;

    impl Place {
        /// The place of the calling thread.
        pub(crate) fn here() -> Self {
            Self {
                cores: Cores::of(THIS),
                // SAFETY: the call takes two integers.
                nice: unsafe { libc::getpriority(libc::PRIO_PROCESS as _, THIS) },
            }
        }

        /// The calling thread goes there, as far as the system lets it: not every process may lower
        /// a nice value. A thread that may run on all these cores and more stays as it is. Either
        /// the system has given the process more, or a hook has.
        pub(crate) fn enter(&self) {
            let here = Self::here();
            if let (Some(cores), Some(now)) = (self.cores, here.cores) {
                if !now.include(cores) {
                    cores.enter();
                }
            }
            if here.nice != self.nice {
                // SAFETY: the call takes three integers.
                unsafe { libc::setpriority(libc::PRIO_PROCESS as _, THIS, self.nice) };
            }
        }
    }

    impl Cores {
        /// The cores that a thread may run on.
        fn of(thread: u32) -> Option<Self> {
            let mut cores = Self([0; WORDS]);
            let set = cores.0.as_mut_ptr().cast::<libc::cpu_set_t>();
            // SAFETY: the set has the size that is given.
            let result = unsafe {
                libc::sched_getaffinity(thread as libc::pid_t, mem::size_of::<Self>(), set)
            };
            (result == 0).then_some(cores)
        }

        /// From now on the calling thread may run on these. `false`: the system has refused.
        fn enter(self) -> bool {
            let set = self.0.as_ptr().cast::<libc::cpu_set_t>();
            // SAFETY: the set has the size that is given.
            unsafe {
                libc::sched_setaffinity(THIS as libc::pid_t, mem::size_of::<Self>(), set) == 0
            }
        }

        fn include(self, part: Self) -> bool {
            std::iter::zip(self.0, part.0).all(|(all, part)| part & !all == 0)
        }

        fn count(self) -> u32 {
            self.0.into_iter().map(usize::count_ones).sum()
        }
    }

    /// The calling thread has the cores of the main thread while this lives.
    #[must_use]
    #[derive(Debug)]
    pub(crate) struct LikeMain {
        before: Cores,
    }

    impl LikeMain {
        /// Begins that, if the main thread has more cores: for what belongs to the whole process.
        pub(crate) fn enter() -> Option<Self> {
            // The main thread has the number of the process.
            let (main, before) = (Cores::of(std::process::id())?, Cores::of(THIS)?);
            (main.count() > before.count() && main.enter()).then_some(Self { before })
        }
    }

    impl Drop for LikeMain {
        fn drop(&mut self) {
            self.before.enter();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{Cores, LikeMain, Place, THIS, WORDS};

        fn cores(few: &[usize]) -> Cores {
            let mut cores = Cores([0; WORDS]);
            for core in few {
                let bits = usize::BITS as usize;
                cores.0[core / bits] |= 1 << (core % bits);
            }
            cores
        }

        #[test]
        fn a_set_includes_its_parts() {
            let set = cores(&[0, 3, 64, 1023]);
            assert_eq!(set.count(), 4);
            for part in [&[][..], &[3], &[64, 1023], &[0, 3, 64, 1023]] {
                assert!(set.include(cores(part)));
            }
            for other in [&[1][..], &[0, 3, 65], &[0, 3, 63, 64, 1023]] {
                assert!(!set.include(cores(other)));
            }
        }

        #[test]
        fn a_thread_goes_to_a_place_and_keeps_what_is_more() {
            std::thread::spawn(|| {
                let wide = Place::here();
                let all = wide.cores.unwrap();
                let core = (0..1024).find(|&core| all.include(cores(&[core])));
                let one = cores(&[core.unwrap()]);
                assert!(one.enter());
                let narrow = Place::here();
                assert_eq!(narrow.cores, Some(one));
                wide.enter();
                assert_eq!(Cores::of(THIS), Some(all));
                narrow.enter();
                assert_eq!(Cores::of(THIS), Some(all), "more cores than the place has");
            })
            .join()
            .unwrap();
        }

        #[test]
        fn a_pinned_thread_has_the_cores_of_the_main_thread_for_a_while() {
            std::thread::spawn(|| {
                let all = Cores::of(THIS).unwrap();
                let core = (0..1024).find(|&core| all.include(cores(&[core])));
                let one = cores(&[core.unwrap()]);
                assert!(LikeMain::enter().is_none());
                assert!(one.enter());
                let like_main = LikeMain::enter();
                assert_eq!(like_main.is_some(), all.count() > 1);
                assert_eq!(Cores::of(THIS), Some(all));
                drop(like_main);
                assert_eq!(Cores::of(THIS), Some(one));
            })
            .join()
            .unwrap();
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri), not(manyhands_model))))]
mod system {
    use std::convert::Infallible;

    #[derive(Debug)]
    pub(crate) struct Place;

    impl Place {
        pub(crate) fn here() -> Self {
            Self
        }

        pub(crate) fn enter(&self) {}
    }

    #[derive(Debug)]
    pub(crate) struct LikeMain(#[allow(dead_code, reason = "there is none")] Infallible);

    impl LikeMain {
        pub(crate) fn enter() -> Option<Self> {
            None
        }
    }
}

pub(crate) use self::system::{LikeMain, Place};
