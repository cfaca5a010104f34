#include "fork.hpp"
#include "suite.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

struct State {
    std::uint8_t bytes[20];
};

std::uint32_t rotate(std::uint32_t word, int by) { return word << by | word >> (32 - by); }

// SHA-1 of less than 56 bytes: one block. Out of line, so that its words are not in the frames of
// the recursion.
__attribute__((noinline)) State sha1(const std::uint8_t *message, std::size_t length) {
    std::uint8_t block[64] = {};
    std::memcpy(block, message, length);
    block[length] = 0x80;
    block[62] = static_cast<std::uint8_t>(length * 8 >> 8);
    block[63] = static_cast<std::uint8_t>(length * 8);
    std::uint32_t words[80];
    for (int at = 0; at < 16; at++) {
        const std::uint8_t *from = block + 4 * at;
        words[at] = std::uint32_t(from[0]) << 24 | std::uint32_t(from[1]) << 16 |
                    std::uint32_t(from[2]) << 8 | from[3];
    }
    for (int at = 16; at < 80; at++) {
        std::uint32_t mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
        words[at] = rotate(mixed, 1);
    }
    const std::uint32_t first[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::uint32_t a = first[0], b = first[1], c = first[2], d = first[3], e = first[4];
    auto round = [&](std::uint32_t chosen, std::uint32_t constant, std::uint32_t word) {
        std::uint32_t next = rotate(a, 5) + chosen + e + constant + word;
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    };
    for (int at = 0; at < 20; at++) {
        round((b & c) | (~b & d), 0x5a827999, words[at]);
    }
    for (int at = 20; at < 40; at++) {
        round(b ^ c ^ d, 0x6ed9eba1, words[at]);
    }
    for (int at = 40; at < 60; at++) {
        round((b & c) | (b & d) | (c & d), 0x8f1bbcdc, words[at]);
    }
    for (int at = 60; at < 80; at++) {
        round(b ^ c ^ d, 0xca62c1d6, words[at]);
    }
    const std::uint32_t sums[5] = {a + first[0], b + first[1], c + first[2], d + first[3],
                                   e + first[4]};
    State state;
    for (int at = 0; at < 20; at++) {
        state.bytes[at] = static_cast<std::uint8_t>(sums[at / 4] >> (24 - at % 4 * 8));
    }
    return state;
}

void put(std::uint8_t *bytes, std::uint32_t number) {
    for (int at = 0; at < 4; at++) {
        bytes[at] = static_cast<std::uint8_t>(number >> (24 - 8 * at));
    }
}

__attribute__((noinline)) State child(const State &parent, std::uint32_t number) {
    std::uint8_t message[24];
    std::memcpy(message, parent.bytes, 20);
    put(message + 20, number);
    return sha1(message, 24);
}

State root(std::uint32_t seed) {
    std::uint8_t message[20] = {};
    put(message + 16, seed);
    return sha1(message, 20);
}

// From 0 to below 1.
double chance(const State &state) {
    std::uint32_t number = 0;
    for (int at = 16; at < 20; at++) {
        number = number << 8 | state.bytes[at];
    }
    return (number & 0x7fffffff) / 2147483648.0;
}

struct Shape {
    bool binomial;
    // Of a binomial tree: children of the root, and how often others have how many.
    int root;
    double below;
    int many;
    // Of a geometric tree.
    int depth;
    double mean;

    int children(const State &state, int at) const {
        if (binomial) {
            return at == 0 ? root : chance(state) < below ? many : 0;
        }
        if (at >= depth) {
            return 0;
        }
        double stop = 1.0 / (1.0 + mean);
        return std::min(100, static_cast<int>(std::log(1 - chance(state)) / std::log(1 - stop)));
    }
};

// A node, in the frame of the call that visits it.
struct Node {
    const Shape &shape;
    State state;
    int depth;

    // The nodes at and below this one.
    std::uint64_t visit() const { return 1 + below(0, shape.children(state, depth)); }

    // The nodes at and below the children from a number to another.
    std::uint64_t below(int from, int to) const {
        if (to == from) {
            return 0;
        }
        if (to - from == 1) {
            Node node{shape, child(state, from), depth + 1};
            return node.visit();
        }
        int middle = from + (to - from) / 2;
        std::uint64_t low, high;
        join([&] { low = below(from, middle); }, [&] { high = below(middle, to); });
        return low + high;
    }
};

class Tree : public Program {
  public:
    Tree(Shape shape, std::uint32_t seed, std::uint64_t nodes)
        : shape(shape), seed(seed), nodes(nodes) {}

    void run() override {
        Node node{shape, root(seed), 0};
        result = node.visit();
    }

    bool right() const override { return result == nodes; }

  private:
    Shape shape;
    std::uint32_t seed;
    std::uint64_t nodes;
    std::uint64_t result = 0;
};

std::unique_ptr<Program> geometric(int depth, std::uint64_t nodes) {
    return std::make_unique<Tree>(Shape{false, 0, 0, 0, depth, 4.0}, 19, nodes);
}

std::unique_ptr<Program> binomial(int root, double chance, int many, std::uint32_t seed,
                                  std::uint64_t nodes) {
    return std::make_unique<Tree>(Shape{true, root, chance, many, 0, 0}, seed, nodes);
}

} // namespace

std::unique_ptr<Program> make_uts_t1(Size size) {
    return size == Size::full ? geometric(10, 4'130'071) : geometric(6, 16'000);
}

std::unique_ptr<Program> make_uts_t3(Size size) {
    return size == Size::full ? binomial(2000, 0.124875, 8, 42, 4'112'897)
                              : binomial(20, 0.124875, 8, 42, 6'213);
}

std::unique_ptr<Program> make_uts_t3l(Size size) {
    return size == Size::full ? binomial(2000, 0.200014, 5, 7, 111'345'631)
                              : binomial(100, 0.200014, 5, 7, 2'931);
}
