// suite-LIBRARY PROGRAM full|quick THREADS: runs a small size to warm up, then once on the clock.
// Prints what it found as one JSON object. The result is checked.
// Threads have stacks of RUST_MIN_STACK bytes if that is set, as in Rust.
#include "fork.hpp"
#include "suite.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <pthread.h>
#include <string>

namespace {

struct Named {
    const char *name;
    Make make;
};

const Named programs[] = {
    {"fib", make_fib},         {"skynet", make_skynet},       {"queens", make_queens},
    {"matmul", make_matmul},   {"uts-t1", make_uts_t1},       {"uts-t3", make_uts_t3},
    {"uts-t3l", make_uts_t3l}, {"integrate", make_integrate}, {"primes", make_primes},
    {"fold", make_fold},       {"scan", make_scan},
};

struct Order {
    Make make;
    Size size;
    int threads;
    std::size_t stack;
    int status;
};

// Nanoseconds, or less than nothing if the result is wrong.
double measure(Pool &pool, Make make, Size size) {
    auto program = make(size);
    std::chrono::duration<double, std::nano> time{};
    pool.inside([&] {
        auto start = std::chrono::steady_clock::now();
        program->run();
        time = std::chrono::steady_clock::now() - start;
    });
    return program->right() ? time.count() : -1;
}

// The highest resident size so far, in bytes.
double peak() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word == "VmHWM:") {
            double kib = 0;
            status >> kib;
            return kib * 1024;
        }
    }
    return 0;
}

void *work(void *argument) {
    Order &order = *static_cast<Order *>(argument);
    Pool pool(order.threads, order.stack);
    double warm = measure(pool, order.make, Size::quick);
    double time = measure(pool, order.make, order.size);
    if (warm < 0 || time < 0) {
        std::fprintf(stderr, "a wrong result\n");
        return nullptr;
    }
    std::printf("{\"time_ns\": %.0f, \"peak\": %.0f}\n", time, peak());
    order.status = 0;
    return nullptr;
}

} // namespace

int main(int count, char **arguments) {
    if (count != 4) {
        std::fprintf(stderr, "three arguments, please\n");
        return 2;
    }
    std::string size = arguments[2];
    Order order{nullptr, size == "full" ? Size::full : Size::quick, std::atoi(arguments[3]), 0, 1};
    for (const Named &program : programs) {
        if (std::string(arguments[1]) == program.name) {
            order.make = program.make;
        }
    }
    if (order.make == nullptr || order.threads < 1 || (size != "full" && size != "quick")) {
        std::fprintf(stderr, "unknown program, size or number of threads\n");
        return 2;
    }
    if (const char *stack = std::getenv("RUST_MIN_STACK")) {
        order.stack = std::strtoull(stack, nullptr, 10);
    }
    if (order.stack == 0) {
        work(&order);
    } else {
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        if (pthread_attr_setstacksize(&attributes, order.stack) != 0 ||
            pthread_create(&thread, &attributes, work, &order) != 0) {
            std::fprintf(stderr, "no thread with such a stack\n");
            return 1;
        }
        pthread_join(thread, nullptr);
    }
    std::fflush(stdout);
    // Without the destructors of the libraries.
    std::_Exit(order.status);
}
