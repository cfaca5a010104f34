#include "fork.hpp"
#include "suite.hpp"

#include <cstdlib>

namespace {

constexpr int leaf = 32;

// Parts of matrices with rows of `stride` numbers. The factors do not change, and no two tasks that
// run at a time write to the same part of c.
void multiply(const std::int32_t *a, const std::int32_t *b, std::int32_t *c, int size, int stride) {
    if (size <= leaf) {
        for (int i = 0; i < size; i++) {
            std::int32_t *__restrict row = c + std::ptrdiff_t(i) * stride;
            for (int k = 0; k < size; k++) {
                std::int32_t factor = a[std::ptrdiff_t(i) * stride + k];
                const std::int32_t *others = b + std::ptrdiff_t(k) * stride;
                for (int j = 0; j < size; j++) {
                    row[j] += factor * others[j];
                }
            }
        }
        return;
    }
    int half = size / 2;
    std::ptrdiff_t down = std::ptrdiff_t(half) * stride;
    for (int inner = 0; inner < 2; inner++) {
        fork_all(4, [&](int quarter) {
            int row = quarter / 2, column = quarter % 2;
            multiply(a + row * down + inner * half, b + inner * down + column * half,
                     c + row * down + column * half, half, stride);
        });
    }
}

struct Free {
    void operator()(std::int32_t *matrix) const { std::free(matrix); }
};

using Matrix = std::unique_ptr<std::int32_t[], Free>;

Matrix matrix(std::int32_t value, std::size_t size) {
    auto *numbers = static_cast<std::int32_t *>(std::aligned_alloc(64, size * size * 4));
    if (numbers == nullptr) {
        std::abort();
    }
    for (std::size_t at = 0; at < size * size; at++) {
        numbers[at] = value;
    }
    return Matrix(numbers);
}

class Matmul : public Program {
  public:
    explicit Matmul(Size size)
        : size(pick(size, 2048, 128)), a(matrix(1, this->size)), b(matrix(1, this->size)),
          c(matrix(0, this->size)) {}

    void run() override { multiply(a.get(), b.get(), c.get(), size, size); }

    bool right() const override {
        for (int at = 0; at < size * size; at++) {
            if (c[at] != size) {
                return false;
            }
        }
        return true;
    }

  private:
    int size;
    Matrix a, b, c;
};

} // namespace

std::unique_ptr<Program> make_matmul(Size size) { return std::make_unique<Matmul>(size); }
