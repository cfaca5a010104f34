// How the library forks. Compiled once for each.
#pragma once

#include <cstddef>

#if defined(SUITE_TBB)
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#elif defined(SUITE_OPENMP)
#include <omp.h>
#else
#error "which library?"
#endif

// Forks a, calls b, waits for a.
template <class A, class B> inline void join(const A &a, const B &b) {
#if defined(SUITE_TBB)
    tbb::task_group group;
    group.run(a);
    b();
    group.wait();
#else
#pragma omp task untied default(shared)
    a();
    b();
#pragma omp taskwait
#endif
}

// Forks f(0) to f(count - 2), calls f(count - 1), waits for all.
template <class F> inline void fork_all(int count, const F &f) {
#if defined(SUITE_TBB)
    tbb::task_group group;
    for (int nth = 0; nth + 1 < count; nth++) {
        group.run([&f, nth] { f(nth); });
    }
    f(count - 1);
    group.wait();
#else
    for (int nth = 0; nth + 1 < count; nth++) {
#pragma omp task untied default(shared) firstprivate(nth)
        f(nth);
    }
    f(count - 1);
#pragma omp taskwait
#endif
}

// As many threads, the caller among them. `stack`: bytes for each, 0 for the default. (OpenMP's
// workers have theirs from OMP_STACKSIZE.)
class Pool {
  public:
    Pool(int threads, std::size_t stack)
#if defined(SUITE_TBB)
        : parallelism(tbb::global_control::max_allowed_parallelism, threads),
          stack_size(tbb::global_control::thread_stack_size, stack != 0 ? stack : default_stack()),
          arena(threads) {
    }
#else
        : threads(threads) {
        (void)stack;
    }
#endif

    // Calls f where it can fork.
    template <class F> void inside(const F &f) {
#if defined(SUITE_TBB)
        arena.execute(f);
#else
#pragma omp parallel num_threads(threads)
#pragma omp single
        f();
#endif
    }

  private:
#if defined(SUITE_TBB)
    static std::size_t default_stack() {
        return tbb::global_control::active_value(tbb::global_control::thread_stack_size);
    }

    tbb::global_control parallelism;
    tbb::global_control stack_size;
    tbb::task_arena arena;
#else
    int threads;
#endif
};
