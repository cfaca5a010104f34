#include "fork.hpp"
#include "suite.hpp"

#include <numeric>
#include <vector>

namespace {

std::uint32_t sum(const std::uint32_t *numbers, std::size_t length, std::size_t leaf) {
    if (length <= leaf) {
        return std::accumulate(numbers, numbers + length, std::uint32_t{0});
    }
    std::size_t half = length / 2;
    std::uint32_t low, high;
    join([&] { low = sum(numbers, half, leaf); },
         [&] { high = sum(numbers + half, length - half, leaf); });
    return low + high;
}

class Fold : public Program {
  public:
    explicit Fold(Size size)
        : numbers(pick(size, 1'000'000, 10'000)), times(pick(size, 1000, 100)) {
        std::iota(numbers.begin(), numbers.end(), 0u);
    }

    void run() override {
        for (int nth = 0; nth < times; nth++) {
            result += sum(black_box(numbers.data()), numbers.size(), numbers.size() / 32);
        }
    }

    bool right() const override {
        std::uint64_t once = std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
        return result == std::uint64_t{static_cast<std::uint32_t>(once)} * times;
    }

  private:
    std::vector<std::uint32_t> numbers;
    int times;
    std::uint64_t result = 0;
};

} // namespace

std::unique_ptr<Program> make_fold(Size size) { return std::make_unique<Fold>(size); }
