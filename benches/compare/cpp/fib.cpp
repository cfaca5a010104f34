#include "fork.hpp"
#include "suite.hpp"

namespace {

std::uint64_t fib(unsigned n) {
    if (n < 2) {
        return n;
    }
    std::uint64_t a, b;
    join([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

class Fib : public Program {
  public:
    explicit Fib(Size size) : n(pick(size, 39u, 22u)) {}

    void run() override { result = fib(n); }

    bool right() const override {
        std::uint64_t a = 0, b = 1;
        for (unsigned k = 0; k < n; k++) {
            std::uint64_t next = a + b;
            a = b;
            b = next;
        }
        return result == a;
    }

  private:
    unsigned n;
    std::uint64_t result = 0;
};

} // namespace

std::unique_ptr<Program> make_fib(Size size) { return std::make_unique<Fib>(size); }
