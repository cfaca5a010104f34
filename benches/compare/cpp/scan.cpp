#include "fork.hpp"
#include "suite.hpp"

#include <numeric>
#include <vector>

namespace {

// Of a node with `count` cuts at and below it: the sums of the left halves of its own and of those
// below it, the left ones first.
using Lefts = std::uint32_t *;

std::uint32_t rise(const std::uint32_t *numbers, std::size_t length, Lefts lefts, int count) {
    if (count == 0) {
        return std::accumulate(numbers, numbers + length, std::uint32_t{0});
    }
    std::size_t half = length / 2;
    int below = count / 2;
    std::uint32_t low, high;
    join([&] { low = rise(numbers, half, lefts + 1, below); },
         [&] { high = rise(numbers + half, length - half, lefts + 1 + below, below); });
    lefts[0] = low;
    return low + high;
}

void fall(const std::uint32_t *numbers, std::size_t length, Lefts lefts, int count,
          std::uint32_t before, std::uint32_t *totals) {
    if (count == 0) {
        std::uint32_t sum = before;
        for (std::size_t at = 0; at < length; at++) {
            sum += numbers[at];
            totals[at] = sum;
        }
        return;
    }
    std::size_t half = length / 2;
    int below = count / 2;
    std::uint32_t middle = before + lefts[0];
    join([&] { fall(numbers, half, lefts + 1, below, before, totals); },
         [&] {
             fall(numbers + half, length - half, lefts + 1 + below, below, middle, totals + half);
         });
}

class Scan : public Program {
  public:
    explicit Scan(Size size)
        : numbers(pick(size, 8000, 800)), totals(numbers.size()), times(pick(size, 100'000, 1000)) {
        std::iota(numbers.begin(), numbers.end(), 0u);
    }

    void run() override {
        constexpr int cuts = 3;
        for (int nth = 0; nth < times; nth++) {
            std::uint32_t lefts[cuts];
            rise(black_box(numbers.data()), numbers.size(), lefts, cuts);
            fall(numbers.data(), numbers.size(), lefts, cuts, 0, black_box(totals.data()));
        }
    }

    bool right() const override {
        std::uint32_t sum = 0;
        for (std::size_t at = 0; at < numbers.size(); at++) {
            sum += numbers[at];
            if (totals[at] != sum) {
                return false;
            }
        }
        return true;
    }

  private:
    std::vector<std::uint32_t> numbers, totals;
    int times;
};

} // namespace

std::unique_ptr<Program> make_scan(Size size) { return std::make_unique<Scan>(size); }
