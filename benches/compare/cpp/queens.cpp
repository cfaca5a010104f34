#include "fork.hpp"
#include "suite.hpp"

#include <array>

namespace {

// The row of the queen in each column.
using Board = std::array<std::uint8_t, 14>;

bool fits(const Board &board, int column, int row) {
    for (int at = 0; at < column; at++) {
        int other = board[at];
        int distance = column - at;
        if (row == other || row == other - distance || row == other + distance) {
            return false;
        }
    }
    return true;
}

std::uint64_t place(int size, Board board, int column) {
    if (column == size) {
        return 1;
    }
    Board rows;
    int count = 0;
    for (int row = 0; row < size; row++) {
        if (fits(board, column, row)) {
            rows[count] = static_cast<std::uint8_t>(row);
            count++;
        }
    }
    if (count == 0) {
        return 0;
    }
    std::uint64_t sums[14];
    fork_all(count, [&](int nth) {
        Board next = board;
        next[column] = rows[nth];
        sums[nth] = place(size, next, column + 1);
    });
    std::uint64_t sum = 0;
    for (int nth = 0; nth < count; nth++) {
        sum += sums[nth];
    }
    return sum;
}

class Queens : public Program {
  public:
    explicit Queens(Size size) : size(pick(size, 14, 8)) {}

    void run() override { result = place(size, Board{}, 0); }

    bool right() const override { return result == (size == 14 ? 365'596u : 92u); }

  private:
    int size;
    std::uint64_t result = 0;
};

} // namespace

std::unique_ptr<Program> make_queens(Size size) { return std::make_unique<Queens>(size); }
