// The programs of the table `suite`. See src/suite/ for what they are: both are the same.
#pragma once

#include <cstdint>
#include <memory>

enum class Size { full, quick };

// As Size::pick there.
template <class T> T pick(Size size, T full, T quick) { return size == Size::full ? full : quick; }

class Program {
  public:
    virtual ~Program() = default;
    virtual void run() = 0;
    // Whether the last run went right.
    virtual bool right() const = 0;
};

using Make = std::unique_ptr<Program> (*)(Size);

std::unique_ptr<Program> make_fib(Size);
std::unique_ptr<Program> make_skynet(Size);
std::unique_ptr<Program> make_queens(Size);
std::unique_ptr<Program> make_matmul(Size);
std::unique_ptr<Program> make_uts_t1(Size);
std::unique_ptr<Program> make_uts_t3(Size);
std::unique_ptr<Program> make_uts_t3l(Size);
std::unique_ptr<Program> make_integrate(Size);
std::unique_ptr<Program> make_primes(Size);
std::unique_ptr<Program> make_fold(Size);
std::unique_ptr<Program> make_scan(Size);

// The compiler may not know what is there: what is computed from it is computed each time.
template <class T> inline T *black_box(T *pointer) {
    asm volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}
