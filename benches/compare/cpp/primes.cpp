#include "fork.hpp"
#include "suite.hpp"

namespace {

constexpr std::uint32_t leaf = 10;

bool is_prime(std::uint32_t number) {
    for (std::uint32_t divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) {
            return false;
        }
    }
    return number > 1;
}

// Counts among the numbers that lie from start to end below top.
std::uint64_t count(std::uint32_t top, std::uint32_t start, std::uint32_t end) {
    if (end - start <= leaf) {
        std::uint64_t found = 0;
        for (std::uint32_t less = start; less < end; less++) {
            found += is_prime(top - less);
        }
        return found;
    }
    std::uint32_t middle = start + (end - start) / 2;
    std::uint64_t first, second;
    join([&] { first = count(top, start, middle); }, [&] { second = count(top, middle, end); });
    return first + second;
}

class Primes : public Program {
  public:
    explicit Primes(Size size) : below(pick(size, 10'000'000u, 10'000u)) {}

    void run() override { result = count(below - 1, 0, below); }

    bool right() const override { return result == (below == 10'000u ? 1229u : 664'579u); }

  private:
    std::uint32_t below;
    std::uint64_t result = 0;
};

} // namespace

std::unique_ptr<Program> make_primes(Size size) { return std::make_unique<Primes>(size); }
